package main

import (
	"strings"

	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
	"github.com/grafana/grafana-foundation-sdk/go/units"

	"kafka_burndown_exporter/dashboards/gen/names"
)

// exporter shows the exporter's own health: is what it says fresh and whole, and what does it cost.
func exporter() board {
	return board{
		uid: "kafka-exporter", title: "Kafka / Exporter",
		description: "The exporter itself: whether its samples are fresh and whole, what it asks of Kafka, and what it costs.",
		rows: []row{
			{"Now", []line{{4, exporterNow()}}},
			{"Sampling", []line{{9, sampling()}, {9, requests()}}},
			{"Size and cost", []line{{9, sizes()}, {9, costs()}}},
		},
	}
}

// Shards have groups of their own, replicas the same: by group the replicas merge, and the shards add up.
func held() string {
	return by("sum", by("max", inCluster(names.GroupPartitionsHeld), "consumergroup"))
}

func unknown() string {
	return by("sum", by("max", inCluster(names.GroupPartitionsUnknown), "consumergroup", "reason"))
}

func sinceSuccess() string {
	return "time() - " + inCluster(names.BurndownExporterLastSuccessTimestampSeconds)
}

func exporterNow() []cog.Builder[dashboard.Panel] {
	brokers := by("max", inCluster(names.BurndownExporterBrokerUp), "broker")
	return []cog.Builder[dashboard.Panel]{
		now("Kafka answers", "Whether a broker answered every replica of the exporter in its last sample.", units.BoolYesNo,
			steps("red", from{1, "green"}), query{"min(" + inCluster(names.BurndownExporterClusterUp) + ")", "answers"}),
		now("Silent brokers", "How many brokers did not answer in the last sample.", units.Short,
			steps("green", from{1, "red"}), query{"count(" + brokers + ") - sum(" + brokers + ")", "silent"}),
		now("Since the last sample", "How long ago the replica that is furthest behind sampled Kafka.", units.Seconds,
			steps("green", from{30, "orange"}, from{90, "red"}), query{"max(" + sinceSuccess() + ")", "age"}),
		now("Held partitions", "How many partitions the exporter serves from an earlier sample.", units.Short,
			steps("green", from{1, "orange"}), query{"sum(" + held() + ")", "held"}),
		now("Unknown partitions", "How many partitions the exporter could not read and does not serve.", units.Short,
			steps("green", from{1, "red"}), query{"sum(" + unknown() + ")", "unknown"}),
	}
}

func sampling() []cog.Builder[dashboard.Panel] {
	quantile := func(q string) string {
		return "histogram_quantile(" + q + ", " +
			by("sum", rate(inCluster(names.BurndownExporterSampleDurationSeconds+"_bucket")), "le") + ")"
	}
	return []cog.Builder[dashboard.Panel]{
		course("Sample duration", "How long a sample takes. The exporter gives up after 0.8 of --sample.interval.",
			units.Seconds, plain(), query{quantile("0.5"), "median {{cluster}}"}, query{quantile("0.95"), "p95 {{cluster}}"}),
		course("Age of the newest sample", "How long ago each replica of the exporter last sampled Kafka.", units.Seconds,
			steps("transparent", from{90, "red"}), query{sinceSuccess(), "{{instance}}"}),
		course("Age of the oldest group", "How long ago the oldest offsets were read that a group's totals are made of.",
			units.Seconds, steps("transparent", from{90, "red"}),
			query{"time() - " + by("min", inCluster(names.GroupSampleTimestampSeconds)), "{{job}} {{cluster}}"}),
	}
}

func requests() []cog.Builder[dashboard.Panel] {
	return []cog.Builder[dashboard.Panel]{
		course("Requests to Kafka", "How many requests per second the exporter sends. They depend on brokers, not on groups.",
			units.RequestsPerSecond, plain(),
			query{by("sum", rate(inCluster(names.BurndownExporterRequestsTotal)), "api"), "{{api}} {{cluster}}"}),
		course("Errors from Kafka", "How many requests per second fail, by API and reason. Empty as long as none has failed.",
			units.RequestsPerSecond, steps("transparent", from{0.001, "red"}),
			query{by("sum", rate(inCluster(names.BurndownExporterErrorsTotal)), "api", "reason"), "{{api}} {{reason}} {{cluster}}"}),
		course("Brokers that answer", "Whether each broker answered in the last sample.", units.BoolYesNo, plain(),
			query{by("max", inCluster(names.BurndownExporterBrokerUp), "broker"), "broker {{broker}} {{cluster}}"}).Max(1),
	}
}

func sizes() []cog.Builder[dashboard.Panel] {
	return []cog.Builder[dashboard.Panel]{
		course("Groups, topics and partitions", "How many of each the last sample covered.", units.Short, plain(),
			query{by("count", inCluster(names.ConsumergroupGroupCompleteMax)), "groups {{cluster}}"},
			query{by("max", inCluster(names.BurndownExporterTopics)), "topics {{cluster}}"},
			query{by("max", inCluster(names.BurndownExporterPartitions)), "partitions {{cluster}}"}),
		course("Series of a scrape", "How many series about the cluster the exporter answers to one scrape.", units.Short, plain(),
			query{by("sum", inCluster(names.BurndownExporterSeries), "instance"), "{{instance}}"}),
		rightAxis(course("Held and unknown partitions, clamped lags",
			"Left: how many partitions are served from an earlier sample, or not at all. Right: how many negative lags became 0.",
			units.Short, plain(),
			query{held(), "held {{cluster}}"}, query{unknown(), "unknown {{cluster}}"},
			query{by("max", increase(inCluster(names.BurndownExporterClampedNegativesTotal))), "clamped {{cluster}}"}),
			"C", units.Short),
	}
}

// costs are limited to the exporter's own processes by a join: process_ series have no name of their own. Nor have they,
// or what Prometheus adds to a scrape, the labels of --kafka.labels: they are known by the target's alone.
func costs() []cog.Builder[dashboard.Panel] {
	ofTarget := func(name string) string { return name + `{job=~"$job", namespace=~"$namespace"}` }
	ours := " and on (job, namespace, instance) " + inCluster(names.BurndownExporterClusterUp)
	rules := `prometheus_rule_group_last_duration_seconds{rule_group=~".*;(` + strings.Join(names.RuleGroups(), "|") + `)"}`
	return []cog.Builder[dashboard.Panel]{
		course("Scrape duration", "How long a scrape takes, as Prometheus measures it.", units.Seconds, plain(),
			query{ofTarget("scrape_duration_seconds") + ours, "{{instance}}"}),
		course("CPU", "How many CPU cores the exporter uses.", units.Short, plain(),
			query{rate(ofTarget("process_cpu_seconds_total")) + ours, "{{instance}}"}),
		course("Memory", "How much memory the exporter has resident.", units.BytesIEC, plain(),
			query{ofTarget("process_resident_memory_bytes") + ours, "{{instance}}"}),
		course("Rule evaluation", "How long this Prometheus takes to evaluate each group of the recording rules.", units.Seconds,
			plain(), query{`max by (group) (label_replace(` + rules + `, "group", "$1", "rule_group", ".*;(.*)"))`, "{{group}}"}),
	}
}
