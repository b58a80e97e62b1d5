package foreign

import (
	"maps"
	"slices"
	"sync"

	"kafka_burndown_exporter/collector"
)

// Each preset is what the exporter's own documentation lists, as far as Kafka's offsets and members tell it:
// redpanda-data/kminion docs/metrics.md, seglo/kafka-lag-exporter README, klag-exporter's metrics/definitions.rs,
// jirwin/burrow_exporter, Redpanda's public metrics reference, Confluent's Metrics API (export endpoint),
// prometheus/cloudwatch_exporter and yet-another-cloudwatch-exporter on AWS/Kafka, Micrometer's KafkaClientMetrics.

func group(name string) Label     { return Label{Name: name, From: collector.LabelGroup} }
func topic(name string) Label     { return Label{Name: name, From: collector.LabelTopic} }
func partition(name string) Label { return Label{Name: name, From: collector.LabelPartition} }
func constant(name, v string) Label {
	return Label{Name: name, Value: v}
}

// cluster is the one that a scenario has.
const cluster = "kafka"

func must(name, signal string, labels ...Label) Series {
	s, err := newSeries(name, signal, labels...)
	if err != nil {
		panic("foreign: " + name + ": " + err.Error())
	}
	return s
}

var presets = sync.OnceValue(func() map[string]*Target {
	return map[string]*Target{
		"kminion":            {Job: "kminion", Series: kminion()},
		"kafka-lag-exporter": {Job: "kafka-lag-exporter", Series: lagExporter()},
		"klag-exporter":      {Job: "klag-exporter", Series: lagExporter()},
		"burrow":             {Job: "burrow-exporter", Series: burrow()},
		"redpanda":           {Job: "redpanda", Series: redpanda()},
		"confluent":          {Job: "confluent-cloud", Series: confluent()},
		"msk":                {Job: "cloudwatch-exporter", Series: msk("cluster_name", "consumer_group", "topic")},
		"msk-yace":           {Job: "yace", Series: msk("dimension_Cluster_Name", "dimension_Consumer_Group", "dimension_Topic")},
		"micrometer":         {Pods: true, Series: micrometer()},
	}
})

// Presets are the names of the presets.
func Presets() []string { return slices.Sorted(maps.Keys(presets())) }

// PresetsWith are the presets that have a series.
func PresetsWith(name string) []string {
	var out []string
	for _, p := range Presets() {
		if slices.ContainsFunc(presets()[p].Series, func(s Series) bool { return s.Name == name }) {
			out = append(out, p)
		}
	}
	return out
}

func kminion() []Series {
	g, t, p := group("group_id"), topic("topic_name"), partition("partition_id")
	return []Series{
		must("kminion_kafka_consumer_group_topic_partition_lag", "lag", g, t, p),
		must("kminion_kafka_consumer_group_topic_lag", "lag", g, t),
		must("kminion_kafka_consumer_group_topic_offset_sum", "committed", g, t),
		must("kminion_kafka_consumer_group_members", "members", g),
		must("kminion_kafka_topic_partition_high_water_mark", "end", t, p),
		must("kminion_kafka_topic_high_water_mark_sum", "end", t),
		must("kminion_kafka_topic_partition_low_water_mark", "start", t, p),
		must("kminion_kafka_topic_low_water_mark_sum", "start", t),
	}
}

// lagExporter is kafka-lag-exporter, whose names klag-exporter took over.
func lagExporter() []Series {
	c, g, t, p := constant("cluster_name", cluster), group("group"), topic("topic"), partition("partition")
	return []Series{
		must("kafka_consumergroup_group_lag", "lag", c, g, t, p),
		must("kafka_consumergroup_group_offset", "committed", c, g, t, p),
		must("kafka_consumergroup_group_max_lag", "lag_max", c, g),
		must("kafka_consumergroup_group_max_lag_seconds", "lag_seconds", c, g),
		must("kafka_consumergroup_group_sum_lag", "lag", c, g),
		must("kafka_consumergroup_group_topic_sum_lag", "lag", c, g, t),
		must("kafka_partition_latest_offset", "end", c, t, p),
		must("kafka_partition_earliest_offset", "start", c, t, p),
	}
}

func burrow() []Series {
	c, g, t, p := constant("cluster", cluster), group("group"), topic("topic"), partition("partition")
	return []Series{
		must("kafka_burrow_partition_lag", "lag", c, g, t, p),
		must("kafka_burrow_partition_current_offset", "committed", c, g, t, p),
		must("kafka_burrow_total_lag", "lag", c, g),
		must("kafka_burrow_topic_partition_offset", "end", c, t, p),
	}
}

func redpanda() []Series {
	g, t, p := group("redpanda_group"), topic("redpanda_topic"), partition("redpanda_partition")
	return []Series{
		must("redpanda_kafka_consumer_group_lag_sum", "lag", g),
		must("redpanda_kafka_consumer_group_lag_max", "lag_max", g),
		must("redpanda_kafka_consumer_group_committed_offset", "committed", g, t, p),
		must("redpanda_kafka_consumer_group_consumers", "members", g),
		must("redpanda_kafka_max_offset", "end", constant("redpanda_namespace", "kafka"), t, p),
	}
}

func confluent() []Series {
	return []Series{
		must("confluent_kafka_server_consumer_lag_offsets", "lag", constant("kafka_id", "lkc-"+cluster), group("consumer_group_id"),
			topic("topic")),
	}
}

// msk are CloudWatch's, of which every minute has one value: its statistics are that value.
func msk(clusterLabel, groupLabel, topicLabel string) []Series {
	labels := []Label{constant(clusterLabel, cluster), group(groupLabel), topic(topicLabel)}
	var out []Series
	for _, statistic := range []string{"sum", "average", "maximum"} {
		out = append(out,
			must("aws_kafka_sum_offset_lag_"+statistic, "lag", labels...),
			must("aws_kafka_max_offset_lag_"+statistic, "lag_max", labels...),
			must("aws_kafka_estimated_max_time_lag_"+statistic, "lag_seconds", labels...))
	}
	return out
}

// micrometer is what the members see of the partitions that they are assigned.
func micrometer() []Series {
	return []Series{must("kafka_consumer_fetch_manager_records_lag", "lag", topic("topic"), partition("partition"))}
}
