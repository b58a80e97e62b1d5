// Package promql is a simulated Prometheus: it takes scrapes, evaluates rule files and answers queries with Prometheus's
// own parser and engine, at times that the caller chooses.
//
// It holds what Prometheus does with samples: labels of a target, staleness, rule groups with intervals and phases,
// queries, and what KEDA makes of their answers. It knows no exporter, no Kafka and no names of series.
//
// All times are milliseconds since the Unix epoch, as in Prometheus. Nothing here is safe for concurrent use.
//
// The order of use is: NewServer, LoadRules, Register for each query, Start; then, as time passes, scrapes (Target) and
// Advance, and Query.At. A server keeps only what its queries and the rules behind them read.
package promql
