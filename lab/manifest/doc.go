// Package manifest reads KEDA ScaledObject manifests as users have them into the types of package scale,
// recognises prometheus queries over the exporter's series and the recorded ones, and lints. Simulating, talking to
// Kubernetes or Prometheus, and the arithmetic of scaling do not belong here.
package manifest
