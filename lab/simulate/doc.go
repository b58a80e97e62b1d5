// Package simulate replays a workload through the real scaling arithmetic: a deterministic plant of topics, consumer
// groups and pods, the metric pipeline from the exporter's tracker to the recording rules, and KEDA and the HPA from
// internal/scale. It measures what each autoscaling set-up does and says which is best. It talks to no Kafka, no
// Kubernetes and no server. What was recorded of a workload is lab/recording's, how results look lab/report's, the search
// for better set-ups lab/tune's.
package simulate
