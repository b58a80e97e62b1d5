// Package exporter puts the exporter together for the programs that run it: the flags that several commands share, and
// the sampler, the tracker, the encoder and the pages as one HTTP server. Sampling belongs to internal/kafka, arithmetic
// to internal/lag, metrics to collector, pages to internal/web; what only one command needs stays with that command.
package exporter

import "kafka_burndown_exporter/internal/cli"

// Name is the program's name; the series about the exporter itself begin with it.
const Name = "kafka_burndown_exporter"

// LabName is the name of the program that simulates, tunes, lints and demonstrates, in the module lab.
const LabName = "kafka_burndown_lab"

// FlagGroups are the headings of --help of the programs that take these flags.
var FlagGroups = []cli.Group{
	{Title: "Kafka: which cluster, and how often", Names: []string{"kafka", "sample", "refresh", "shard", "check"}},
	{Title: "Kafka: encryption and login", Names: []string{"tls", "sasl"}},
	{Title: "Which topics and groups", Names: []string{"topic.filter", "topic.exclude", "group.filter", "group.exclude", "group.expect", "group.include-abandoned", "offset", "offsets"}},
	{Title: "What is measured", Names: []string{"rate", "stall", "lag", "burndown", "log2x7"}},
	{Title: "Desired replicas", Names: []string{"desired", "state"}},
	{Title: "What is published", Names: []string{"metrics", "kafka.labels"}},
	{Title: "Web", Names: []string{"web", "server"}},
	{Title: "Logs", Names: []string{"log", "verbosity"}},
	{Title: "Accepted for kafka_exporter's sake", Names: []string{"use", "zookeeper", "concurrent", "topic.workers", "kafka.allow-auto-topic-creation"}},
}

// Flags are the flags of the commands that sample a cluster.
type Flags struct {
	Kafka   *KafkaFlags
	Lag     *LagFlags
	Desired *DesiredFlags
	Metrics *MetricsFlags
	Web     *WebFlags
	Log     *LogFlags
	Ignored *IgnoredFlags
}

// AddFlags declares them all.
func AddFlags(cmd cli.Flags) *Flags {
	return &Flags{
		Kafka: AddKafkaFlags(cmd), Lag: AddLagFlags(cmd), Desired: AddDesiredFlags(cmd), Metrics: AddMetricsFlags(cmd), Web: AddWebFlags(cmd, ":9308"),
		Log: AddLogFlags(cmd), Ignored: AddIgnoredFlags(cmd),
	}
}
