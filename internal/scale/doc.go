// Package scale holds the arithmetic of autoscaling: the log2×7 gauge and its inverse, the Kubernetes horizontal pod
// autoscaler and KEDA's part around it. It is pure: standard library only, clock and randomness come as arguments, and
// integers stand wherever the originals use milli-units. Manifests, workloads and I/O do not belong here.
package scale
