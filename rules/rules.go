// Package rules holds the recording rules, the alerts and the queries for autoscalers as they are shipped, and the tests
// that hold them true. It computes nothing; the names behind the series are the collector's.
package rules

import "embed"

// Files are the shipped rule files and trigger-queries.yaml.
//
//go:embed *.yaml
var Files embed.FS

// The shipped files. A Prometheus loads exactly one of the two bases, and the other two files on top.
const (
	BaseBurndownExporter = "base-burndown-exporter.yaml"
	BaseKafkaExporter    = "base-kafka-exporter.yaml"
	Recording            = "recording.yaml"
	Alerts               = "alerts.yaml"
	TriggerQueriesFile   = "trigger-queries.yaml"
)
