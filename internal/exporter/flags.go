// Package exporter puts the exporter together for the programs that run it: the flags that several commands share, and
// the sampler, the tracker, the encoder and the pages as one HTTP server. Sampling belongs to internal/kafka, arithmetic
// to internal/lag, metrics to collector, pages to internal/web; what only one command needs stays with that command.
package exporter

import "kafka_burndown_exporter/internal/cli"

// Name is the program's name; the series about the exporter itself begin with it.
const Name = "kafka_burndown_exporter"

// LabName is the name of the program that simulates, tunes, lints and demonstrates, in the module lab.
const LabName = "kafka_burndown_lab"

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
