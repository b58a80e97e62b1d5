package main

import "kafka_burndown_exporter/dashboards"

const self = "kafka_burndown_exporter_"

// exporter shows the exporter's own health: is what it says fresh and whole, and what does it cost.
func exporter() dashboards.Dashboard {
	return dashboard("kafka-exporter", "Kafka / Exporter",
		"Sampling health of the exporter: freshness, duration, requests and errors, size and cost.", nil,
		[]section{
			{"Now", []line{{4, exporterStats()}}},
			{"Sampling", []line{{9, sampling()}, {9, requests()}}},
			{"Size and cost", []line{{9, sizes()}, {9, costs()}}},
		})
}

func selfBy(name, labels string) string {
	return `max by (` + byIdentity + labels + `) (` + self + name + `{` + identity + `})`
}

// Shards have groups of their own, replicas the same: by group the replicas merge, and the shards add up.
const (
	groupsNow  = `count by (` + byIdentity + `) (consumergroup:kafka_group_complete:max{` + identity + `})`
	heldNow    = `sum by (` + byIdentity + `) (max by (` + byIdentity + `, consumergroup) (kafka_group_partitions_held{` + identity + `}))`
	unknownNow = `sum by (` + byIdentity + `) (max by (` + byIdentity + `, consumergroup, reason) (kafka_group_partitions_unknown{` +
		identity + `}))`
)

func exporterStats() []dashboards.Panel {
	return []dashboards.Panel{
		stat("Kafka reachable", "Whether a broker answered the last sample.", boolean, steps("red", "green", 1.0),
			query{`min(` + self + `cluster_up{` + identity + `})`, "reachable"}),
		stat("Brokers up", "Brokers that answered the last sample.", short, steps("red", "green", 1.0),
			query{`sum(` + selfBy("broker_up", ", broker") + `)`, "brokers"}),
		stat("Last success", "Seconds since a sample last succeeded, of the worst replica.", seconds,
			steps("green", "orange", 30.0, "red", 90.0),
			query{`max(time() - ` + self + `last_success_timestamp_seconds{` + identity + `})`, "age"}),
		stat("Groups", "Consumer groups in the last sample.", short, plain(), query{`sum(` + groupsNow + `)`, "groups"}),
		stat("Held partitions", "Partitions served from an earlier sample.", short, steps("green", "orange", 1.0),
			query{`sum(` + heldNow + `)`, "held"}),
		stat("Unknown partitions", "Partitions that could not be read and are not served.", short, steps("green", "red", 1.0),
			query{`sum(` + unknownNow + `)`, "unknown"}),
	}
}

func sampling() []dashboards.Panel {
	quantile := func(q string) string {
		return `histogram_quantile(` + q + `, sum by (` + byIdentity + `, le) (rate(` + self + `sample_duration_seconds_bucket{` +
			identity + `}[$__rate_interval])))`
	}
	return []dashboards.Panel{
		timeseries("Sample duration", "How long a sample of the cluster takes. It has to fit into 0.8 of --sample.interval.", seconds,
			plain(), query{quantile("0.5"), "median {{cluster}}"}, query{quantile("0.95"), "p95 {{cluster}}"}),
		timeseries("Age of the newest sample", "By replica.", seconds, steps("transparent", "red", 90.0), query{
			`time() - ` + self + `last_success_timestamp_seconds{` + identity + `}`, "{{instance}}",
		}),
		timeseries("Age of the oldest group", "Seconds since the oldest offsets behind a group's totals were read.", seconds,
			steps("transparent", "red", 90.0), query{
				`time() - min by (` + byIdentity + `) (kafka_group_sample_timestamp_seconds{` + identity + `})`, "{{job}} {{cluster}}",
			}),
	}
}

func requests() []dashboards.Panel {
	rate := func(name, labels string) string {
		return `sum by (` + byIdentity + labels + `) (rate(` + self + name + `{` + identity + `}[$__rate_interval]))`
	}
	return []dashboards.Panel{
		timeseries("Requests to Kafka", "Per second, by API. They depend on brokers, not on groups.", "reqps", plain(),
			query{rate("requests_total", ", api"), "{{api}} {{cluster}}"}),
		timeseries("Errors from Kafka", "Per second, by API and reason. No series without an error.", "reqps",
			steps("transparent", "red", 0.001), query{rate("errors_total", ", api, reason"), "{{api}} {{reason}} {{cluster}}"}),
		timeseries("Brokers", "1 while the broker answers.", short, plain(),
			query{selfBy("broker_up", ", broker"), "broker {{broker}} {{cluster}}"}),
	}
}

func sizes() []dashboards.Panel {
	return []dashboards.Panel{
		timeseries("Groups, topics, partitions", "In the last sample.", short, plain(),
			query{groupsNow, "groups {{cluster}}"}, query{selfBy("topics", ""), "topics {{cluster}}"},
			query{selfBy("partitions", ""), "partitions {{cluster}}"}),
		timeseries("Series", "Series about the cluster in one answer to a scrape.", short, plain(),
			query{`sum by (` + byIdentity + `, instance) (` + self + `series{` + identity + `})`, "{{instance}}"}),
		timeseries("Held, unknown, clamped", "Partitions held or unknown; negative lags that were clamped to 0.", short, plain(),
			query{heldNow, "held {{cluster}}"}, query{unknownNow, "unknown {{cluster}}"},
			query{
				`max by (` + byIdentity + `) (increase(` + self + `clamped_negatives_total{` + identity + `}[$__rate_interval]))`,
				"clamped {{cluster}}",
			}),
	}
}

// costs are limited to the exporter's own processes by a join: process_ series have no name of their own. Nor have they,
// or what Prometheus adds to a scrape, the labels of --kafka.labels: they are known by the target's alone.
func costs() []dashboards.Panel {
	const target = `{job=~"$job", namespace=~"$namespace"`
	ours := ` and on (job, namespace, instance) ` + self + `cluster_up{` + identity + `}`
	return []dashboards.Panel{
		timeseries("Scrape duration", "As Prometheus measures it.", seconds, plain(),
			query{`scrape_duration_seconds` + target + `}` + ours, "{{instance}}"}),
		timeseries("CPU", "Cores in use.", short, plain(),
			query{`rate(process_cpu_seconds_total` + target + `}[$__rate_interval])` + ours, "{{instance}}"}),
		timeseries("Memory", "Resident memory.", bytesIEC, plain(),
			query{`process_resident_memory_bytes` + target + `}` + ours, "{{instance}}"}),
		timeseries("Rule evaluation", "What the recording rules cost this Prometheus per evaluation.", seconds, plain(), query{
			`max by (group) (label_replace(` +
				`prometheus_rule_group_last_duration_seconds{rule_group=~".*;kafka-.*"}, "group", "$1", "rule_group", ".*;(.*)"))`, "{{group}}",
		}),
	}
}
