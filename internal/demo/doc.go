// Package demo runs a scenario on a real Kafka protocol: an embedded cluster (or one that is named), sarama producers,
// and sarama consumer groups whose members are goroutines that stand for pods. An autoscaler in the same process reads
// the exporter's own /metrics and changes the number of pods as KEDA and the HPA would. The package holds the only
// import of the embedded cluster outside tests. Computing lag belongs to internal/kafka and internal/lag, pages to
// internal/web, scaling arithmetic to internal/scale.
package demo
