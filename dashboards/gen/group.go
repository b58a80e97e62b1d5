package main

import "kafka_burndown_exporter/dashboards"

const groupUID = "kafka-consumer-group"

// choices of a single group
func groupVariable() dashboards.Variable {
	return choice("group", "Group", `label_values(consumergroup:kafka_group_members:max{`+identity+`}, consumergroup)`)
}

func hpaVariable() dashboards.Variable {
	return choice("hpa", "HPA",
		"label_values(kube_horizontalpodautoscaler_spec_max_replicas{"+oneCluster+"}, horizontalpodautoscaler)")
}

// group shows one consumer group from its signals to its replicas.
func group() dashboards.Dashboard {
	topic := all(choice("topic", "Topic",
		`label_values(consumergroup_topic:kafka_group_lag:sum{`+oneGroup+`}, topic)`))
	topic.Multi = true
	return dashboard(groupUID, "Kafka / Consumer group",
		"One consumer group: what waits, how long, how fast it is consumed, by which partitions and how many members.",
		[]dashboards.Variable{groupVariable(), topic, hpaVariable()},
		[]section{
			{"Now", []line{{4, groupStats()}}},
			{"Signals", []line{{9, groupSignals()}, {9, groupTopics()}}},
			{"Partitions", []line{{9, groupPartitions()}}},
			{"Replicas", []line{{9, groupReplicas()}}},
		})
}

func groupStats() []dashboards.Panel {
	return []dashboards.Panel{
		groupState(),
		stat("Lag", "Messages not yet consumed.", short, plain(),
			query{`max(consumergroup:kafka_group_lag:sum{` + oneGroup + `})`, "lag"}),
		stat("Burndown", "Expected wait of a message that arrives now.", seconds, steps("green", "orange", 60.0, "red", 300.0),
			query{`max(consumergroup:kafka_group_burndown_seconds:max{` + oneGroup + `})`, "burndown"}),
		stat("Age", "Age of the oldest message that is not consumed.", seconds, steps("green", "orange", 60.0, "red", 300.0),
			query{`max(kafka_group_lag_seconds{` + oneGroup + `})`, "age"}),
		stat("Members", "Members of the group.", short, steps("red", "green", 1.0),
			query{`max(consumergroup:kafka_group_members:max{` + oneGroup + `})`, "members"}),
		stat("Complete", "Whether every partition of the group was read.", boolean, steps("red", "green", 1.0),
			query{`max(consumergroup:kafka_group_complete:max{` + oneGroup + `})`, "complete"}),
	}
}

// groupState asks for now only: over time every state that was would be a number of its own.
func groupState() dashboards.Panel {
	p := stat("State", "The group's state, as its coordinator gives it.", short, plain(), query{
		`max by (` + byIdentity + `, state) (consumergroup:kafka_group_state:newest{` + oneGroup + `} == 1)`, "{{state}}",
	})
	p.Targets[0].Range, p.Targets[0].Instant = false, true
	p.Options["textMode"], p.Options["graphMode"] = "name", "none"
	return p
}

func groupSignals() []dashboards.Panel {
	lag := timeseries("Lag and log2×7", "Messages not yet consumed, and 7·log2 of them on the right: +7 per doubling.", short,
		plain(),
		query{`consumergroup:kafka_group_lag:sum{` + oneGroup + `}`, "lag {{cluster}}"},
		query{`consumergroup:kafka_group_lag:log2x7{` + oneGroup + `}`, "log2×7 {{cluster}}"})
	return []dashboards.Panel{
		rightAxis(lag, "B", short),
		timeseries("Burndown and age",
			"Burndown is the expected wait of a message that arrives now, age the wait of the oldest that is still there.", seconds,
			steps("transparent", "red", 60.0),
			query{`consumergroup:kafka_group_burndown_seconds:max{` + oneGroup + `}`, "burndown {{cluster}}"},
			query{`max by (` + byIdentity + `, consumergroup) (kafka_group_lag_seconds{` + oneGroup + `})`, "age {{cluster}}"}),
		timeseries("Produced and consumed", "Messages per second.", perSec, plain(),
			query{`consumergroup:kafka_group_produced_messages:rate2m{` + oneGroup + `}`, "produced {{cluster}}"},
			query{`consumergroup:kafka_group_consumed_messages:rate2m{` + oneGroup + `}`, "consumed {{cluster}}"}),
	}
}

func groupTopics() []dashboards.Panel {
	oneTopic := oneGroup + `, topic=~"$topic"`
	return []dashboards.Panel{
		timeseries("Lag by topic", "Messages not yet consumed.", short, plain(),
			query{`consumergroup_topic:kafka_group_lag:sum{` + oneTopic + `}`, "{{topic}} {{cluster}}"}),
		timeseries("Consumed by topic", "Messages per second.", perSec, plain(),
			query{`consumergroup_topic:kafka_group_consumed_messages:rate2m{` + oneTopic + `}`, "{{topic}} {{cluster}}"}),
		timeseries("Lost messages and offset resets",
			"Messages that retention deleted before they were consumed; commits that went back or jumped to the end.", short,
			plain(),
			query{`consumergroup_topic:kafka_group_lost_messages:increase10m{` + oneTopic + `}`, "lost {{topic}} {{cluster}}"},
			query{
				`max by (` + byIdentity + `, direction) (increase(kafka_group_offset_resets_total{` + oneGroup +
					`}[$__rate_interval]))`, "reset {{direction}} {{cluster}}",
			}),
	}
}

func groupPartitions() []dashboards.Panel {
	collapsed := func(name, legend string) query {
		return query{`max by (` + byIdentity + `, consumergroup) (` + name + `{` + oneGroup + `})`, legend + " {{cluster}}"}
	}
	return []dashboards.Panel{
		timeseries("Partitions", "Counted: commit and end are known. Unknown ones withhold the totals.", short, plain(),
			query{`consumergroup:kafka_group_partitions:sum{` + oneGroup + `}`, "counted {{cluster}}"},
			collapsed("kafka_group_partitions_with_lag", "with lag"),
			collapsed("kafka_group_partitions_stalled", "stalled"),
			collapsed("kafka_group_partitions_uncommitted", "uncommitted"),
			query{
				`max by (` + byIdentity + `, reason) (kafka_group_partitions_unknown{` + oneGroup + `})`,
				"unknown: {{reason}} {{cluster}}",
			}),
		timeseries("Skew", "Lag of the worst partition against the mean. Far apart: a hot key, or one slow member.", short, plain(),
			query{`consumergroup:kafka_group_lag:max{` + oneGroup + `}`, "worst partition {{cluster}}"},
			query{
				`consumergroup:kafka_group_lag:sum{` + oneGroup + `} / on (` + byIdentity +
					`, consumergroup) (consumergroup:kafka_group_partitions:sum{` + oneGroup + `} > 0)`, "mean {{cluster}}",
			}),
		timeseries("Lag by partition, worst ten", "At partition granularity only.", short, plain(), query{
			`topk(10, max by (` + byIdentity + `, topic, partition) (kafka_consumergroup_lag{` + oneGroup +
				`, topic=~"$topic"}))`, "{{topic}} {{partition}} {{cluster}}",
		}),
	}
}

func groupReplicas() []dashboards.Panel {
	members := timeseries("Members, wanted, useful",
		"Wanted: the desired-replicas answer. Useful: the most members that can have work.", short, plain(),
		query{`consumergroup:kafka_group_members:max{` + oneGroup + `}`, "members {{cluster}}"},
		query{`consumergroup:kafka_group_desired_replicas:useful{` + oneGroup + `}`, "wanted {{cluster}}"},
		query{`consumergroup:kafka_group_useful_members:max{` + oneGroup + `}`, "useful {{cluster}}"})
	return []dashboards.Panel{
		dashed(members, "C"),
		timeseries("Capacity per member", "What one member consumes now, and the capacity that the desired replicas count on.",
			perSec, plain(),
			query{`consumergroup:kafka_group_member_capacity:rate2m{` + oneGroup + `}`, "now {{cluster}}"},
			query{`consumergroup:kafka_group_member_capacity:max{` + oneGroup + `}`, "counted on {{cluster}}"}),
		hpaReplicas(),
	}
}

func hpaReplicas() dashboards.Panel {
	one := func(name, legend string) query {
		return query{
			`max by (cluster, namespace) (kube_horizontalpodautoscaler_` + name + `{` + oneHPA + `})`, legend + " {{namespace}} {{cluster}}",
		}
	}
	return dashed(timeseries("HPA", "Replicas of the chosen HPA. Needs kube-state-metrics.", short, plain(),
		one("status_current_replicas", "current"), one("status_desired_replicas", "desired"), one("spec_max_replicas", "max")), "C")
}
