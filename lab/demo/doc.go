// Package demo runs a scenario on a Kafka that it is handed: sarama producers, and sarama consumer groups whose members
// are goroutines that stand for pods. An autoscaler in the same process reads the exporter's own /metrics and changes the
// number of pods as KEDA and the HPA would. Starting a Kafka and the command belong to the module demo, computing lag to
// internal/kafka and internal/lag, pages to internal/web, scaling arithmetic to internal/scale.
package demo
