package main

import (
	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/common"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
	"github.com/grafana/grafana-foundation-sdk/go/units"

	"kafka_burndown_exporter/dashboards/gen/names"
)

const groupUID = "kafka-consumer-group"

func groupVariable() dashboard.VariableModel {
	return choice("group", "Group", valuesOf(inCluster(names.ConsumergroupGroupMembersMax), "consumergroup"))
}

const chosenTopic = `topic=~"$topic"`

// group shows one consumer group from its signals to the replicas that it needs.
func group() board {
	return board{
		uid: groupUID, title: "Kafka / Consumer group",
		description: "One consumer group: how many messages wait, how long, how fast they are consumed, by which partitions and members.",
		variables: []dashboard.VariableModel{
			groupVariable(), several(all(choice("topic", "Topic", valuesOf(ofGroup(names.ConsumergroupTopicGroupLagSum), "topic")))),
		},
		rows: []row{
			{"Now", []line{{4, groupNow()}}},
			{"Signals", []line{{9, groupSignals()}}},
			{"Topics", []line{{9, groupTopics()}}},
			{"Partitions", []line{{9, groupPartitions()}}},
			{"Members", []line{{9, groupMembers()}}},
		},
	}
}

func groupNow() []cog.Builder[dashboard.Panel] {
	state := by("max", ofGroup(names.ConsumergroupGroupStateNewest)+" == 1", "state")
	return []cog.Builder[dashboard.Panel]{
		now("State", "The group's state, as its coordinator reports it.", units.Short, plain(), query{state, "{{state}}"}).
			TextMode(common.BigValueTextModeName),
		now("Lag", "How many messages the group has not consumed.", units.Short, plain(),
			query{"max(" + ofGroup(names.ConsumergroupGroupLagSum) + ")", "lag"}),
		now("Burndown", "How long a message that arrives now waits: lag divided by consumer rate.", units.Seconds, waits(),
			query{"max(" + ofGroup(names.ConsumergroupGroupBurndownSecondsMax) + ")", "burndown"}),
		now("Age", "How long ago the oldest message that is not consumed was written.", units.Seconds, waits(),
			query{"max(" + ofGroup(names.GroupLagSeconds) + ")", "age"}),
		now("Members", "How many members the group has.", units.Short, steps("red", from{1, "green"}),
			query{"max(" + ofGroup(names.ConsumergroupGroupMembersMax) + ")", "members"}),
		now("Complete", "Whether the exporter could read every partition of the group.", units.BoolYesNo,
			steps("red", from{1, "green"}), query{"max(" + ofGroup(names.ConsumergroupGroupCompleteMax) + ")", "complete"}),
	}
}

// waitQueries are the two answers to how long messages wait.
func waitQueries() []query {
	return []query{
		{ofGroup(names.ConsumergroupGroupBurndownSecondsMax), "burndown {{cluster}}"},
		{by("max", ofGroup(names.GroupLagSeconds), "consumergroup"), "age {{cluster}}"},
	}
}

func groupSignals() []cog.Builder[dashboard.Panel] {
	lag := course("Lag and log2×7",
		"Left: how many messages the group has not consumed. Right: 7·log2 of the lag, which grows by 7 when the lag doubles.",
		units.Short, plain(),
		query{ofGroup(names.ConsumergroupGroupLagSum), "lag {{cluster}}"},
		query{ofGroup(names.ConsumergroupGroupLagLog2x7), "log2×7 {{cluster}}"})
	return []cog.Builder[dashboard.Panel]{
		rightAxis(lag, "B", units.Short),
		course("Burndown and age",
			"Burndown: how long a message that arrives now waits. Age: how long the oldest message has waited already.",
			units.Seconds, steps("transparent", from{60, "red"}), waitQueries()...),
		course("Produced and consumed", "How many messages per second the producers write and the group consumes.",
			units.MessagesPerSecond, plain(),
			query{ofGroup(names.ConsumergroupGroupProducedMessagesRate2m), "produced {{cluster}}"},
			query{ofGroup(names.ConsumergroupGroupConsumedMessagesRate2m), "consumed {{cluster}}"}),
	}
}

func groupTopics() []cog.Builder[dashboard.Panel] {
	lost := course("Lost messages and offset resets",
		"Left: how many messages retention deleted within ten minutes before the group consumed them. "+
			"Right: how many commits went back, or jumped to the end.",
		units.Short, plain(),
		query{ofGroup(names.ConsumergroupTopicGroupLostMessagesIncrease10m, chosenTopic), "lost {{topic}} {{cluster}}"},
		query{by("max", increase(ofGroup(names.GroupOffsetResetsTotal)), "direction"), "reset {{direction}} {{cluster}}"})
	return []cog.Builder[dashboard.Panel]{
		course("Lag by topic", "How many messages of each topic the group has not consumed.", units.Short, plain(),
			query{ofGroup(names.ConsumergroupTopicGroupLagSum, chosenTopic), "{{topic}} {{cluster}}"}),
		course("Consumed by topic", "How many messages per second of each topic the group consumes.", units.MessagesPerSecond,
			plain(), query{ofGroup(names.ConsumergroupTopicGroupConsumedMessagesRate2m, chosenTopic), "{{topic}} {{cluster}}"}),
		rightAxis(lost, "B", units.Short),
	}
}

func groupPartitions() []cog.Builder[dashboard.Panel] {
	one := func(name, legend string) query {
		return query{by("max", ofGroup(name), "consumergroup"), legend + " {{cluster}}"}
	}
	mean := ofGroup(names.ConsumergroupGroupLagSum) + " / on (" + identityLabels() + ", consumergroup) (" +
		ofGroup(names.ConsumergroupGroupPartitionsSum) + " > 0)"
	return []cog.Builder[dashboard.Panel]{
		course("Partitions by condition",
			"Counted: commit and end are known. While a partition is unknown, the group has no totals.", units.Short, plain(),
			query{ofGroup(names.ConsumergroupGroupPartitionsSum), "counted {{cluster}}"},
			one(names.GroupPartitionsWithLag, "with lag"),
			one(names.GroupPartitionsStalled, "stalled"),
			one(names.GroupPartitionsUncommitted, "uncommitted"),
			query{by("max", ofGroup(names.GroupPartitionsUnknown), "reason"), "unknown: {{reason}} {{cluster}}"}),
		course("Skew", "The lag of the worst partition, and the mean. If they lie far apart, a key is hot or a member is slow.",
			units.Short, plain(),
			query{ofGroup(names.ConsumergroupGroupLagMax), "worst partition {{cluster}}"}, query{mean, "mean {{cluster}}"}),
		course("Lag by partition, ten worst",
			"How many messages of each partition the group has not consumed. Empty unless --metrics.granularity is partition.",
			units.Short, plain(), query{
				worst(by("max", ofGroup(names.ConsumergroupLag, chosenTopic), "topic", "partition")),
				"{{topic}} {{partition}} {{cluster}}",
			}),
	}
}

func groupMembers() []cog.Builder[dashboard.Panel] {
	perMember := ofGroup(names.ConsumergroupGroupConsumedMessagesRate2m) + " / on (" + identityLabels() + ", consumergroup) (" +
		ofGroup(names.ConsumergroupGroupMembersMax) + " > 0)"
	members := course("Members, wanted and useful",
		"Members: how many the group has. Saturated: how many of them have a backlog and work at their capacity. Wanted: how many "+
			"replicas the exporter asks for. Useful: how many members can have work.",
		units.Short, plain(),
		query{ofGroup(names.ConsumergroupGroupMembersMax), "members {{cluster}}"},
		query{pilot(names.GroupMembersSaturated), "saturated {{cluster}}"},
		query{pilot(names.GroupDesiredReplicas), "wanted {{cluster}}"},
		query{ofGroup(names.ConsumergroupGroupUsefulMembersMax), "useful {{cluster}}"})
	return []cog.Builder[dashboard.Panel]{
		dashed(members, "D"),
		course("Capacity of a member",
			"Capacity: how many messages per second one member can consume, measured while it has a backlog. Now: how many it consumes.",
			units.MessagesPerSecond, plain(),
			query{pilot(names.GroupMemberCapacity), "capacity {{cluster}}"}, query{perMember, "now {{cluster}}"}),
		course("Why so many are wanted",
			"The reason that decided how many replicas the exporter asks for, or why it does not know: 1 while it holds.",
			units.Short, plain(), query{reason(), "{{reason}} {{cluster}}"}),
	}
}

// pilot is what the exporter decides about the chosen group.
func pilot(name string) string { return by("max", ofGroup(name), "consumergroup") }

// reason is why it decides so: two replicas of the exporter may each have a reason of their own.
func reason() string { return by("max", ofGroup(names.GroupDesiredReason), "consumergroup", "reason") }
