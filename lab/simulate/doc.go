// Package simulate replays a workload through the real scaling arithmetic: a deterministic plant of topics, consumer
// groups and pods, the metric pipeline from the exporter's tracker to the recording rules, and KEDA and the HPA from
// internal/scale. It measures and reports what each autoscaling set-up does, and searches for better ones. It talks to
// no Kafka, no Kubernetes and no server. What was recorded of a workload is lab/recording's.
package simulate
