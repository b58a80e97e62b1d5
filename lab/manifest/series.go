package manifest

import "strings"

// level says which labels a series carries beside those of its target.
type level uint8

const (
	// levelRecorded: a recorded series of a group; the replicas of the exporter are collapsed.
	levelRecorded level = iota
	levelGroup
	levelTopic
	levelPartition
	// levelTopicOnly and levelTopicPartition belong to no group.
	levelTopicOnly
	levelTopicPartition
)

// seriesInfo is what is known of a series.
type seriesInfo struct {
	signal  Signal
	level   level
	counter bool
	// sum and max are the signals of the group's total under that aggregation of a finer series; 0 for none.
	sum, max Signal
}

// recorded maps the recorded names without their level.
var recorded = map[string]Signal{
	"kafka_group_lag:sum":                  SignalLag,
	"kafka_group_lag:max":                  SignalLagMax,
	"kafka_group_lag:log2x7":               SignalLog2x7,
	"kafka_group_backlog:sum":              SignalBacklog,
	"kafka_group_burndown_seconds:max":     SignalBurndown,
	"kafka_group_produced_messages:rate2m": SignalProducerRate,
	"kafka_group_consumed_messages:rate2m": SignalConsumerRate,
	"kafka_group_members:max":              SignalMembers,
	"kafka_group_useful_members:max":       SignalUsefulMembers,
	"kafka_group_partitions:sum":           SignalPartitions,
	"kafka_group_partitions_stalled:sum":   SignalPartitionsStalled,
	"kafka_group_complete:max":             SignalComplete,
	"kafka_group_member_capacity:rate2m":   SignalCapacity,
	"kafka_group_member_capacity:max1h":    SignalCapacity,
	"kafka_group_member_capacity:max7d":    SignalCapacity,
	"kafka_group_member_capacity:max":      SignalCapacity,
	"kafka_group_desired_replicas:raw":     SignalDesiredRaw,
	"kafka_group_desired_replicas:useful":  SignalDesired,
}

// exported maps the exporter's series without kafka_group_ and kafka_group_topic_.
var exported = map[string]seriesInfo{
	"lag":                     {signal: SignalLag, sum: SignalLag},
	"lag_max":                 {signal: SignalLagMax, max: SignalLagMax},
	"backlog":                 {signal: SignalBacklog, sum: SignalBacklog},
	"lag_log2x7":              {signal: SignalLog2x7},
	"lag_seconds":             {signal: SignalAge, max: SignalAge},
	"burndown_seconds":        {signal: SignalBurndown},
	"burndown_max_seconds":    {signal: SignalBurndownMax},
	"producer_rate":           {signal: SignalProducerRate, sum: SignalProducerRate},
	"consumer_rate":           {signal: SignalConsumerRate, sum: SignalConsumerRate},
	"produced_messages_total": {signal: SignalProducerRate, counter: true, sum: SignalProducerRate},
	"consumed_messages_total": {signal: SignalConsumerRate, counter: true, sum: SignalConsumerRate},
	"members":                 {signal: SignalMembers},
	"partitions":              {signal: SignalPartitions, sum: SignalPartitions},
	"useful_members":          {signal: SignalUsefulMembers},
	"partitions_with_lag":     {signal: SignalPartitionsWithLag, sum: SignalPartitionsWithLag},
	"partitions_stalled":      {signal: SignalPartitionsStalled, sum: SignalPartitionsStalled},
	"complete":                {signal: SignalComplete},
}

// dropIn maps the series shared with kafka_exporter, and those of topics.
var dropIn = map[string]seriesInfo{
	"kafka_consumergroup_lag":     {level: levelPartition, signal: SignalLag, sum: SignalLag, max: SignalLagMax},
	"kafka_consumergroup_lag_sum": {level: levelTopic, signal: SignalLag, sum: SignalLag},
	"kafka_consumergroup_members": {level: levelGroup, signal: SignalMembers},
	"kafka_consumergroup_current_offset": {
		level: levelPartition, signal: SignalConsumerRate, counter: true, sum: SignalConsumerRate,
	},
	"kafka_consumergroup_current_offset_sum": {
		level: levelTopic, signal: SignalConsumerRate, counter: true, sum: SignalConsumerRate,
	},
	"kafka_topic_partition_current_offset": {
		level: levelTopicPartition, signal: SignalProducerRate, counter: true, sum: SignalProducerRate,
	},
	"kafka_topic_produced_messages_total": {level: levelTopicOnly, signal: SignalProducerRate, counter: true},
	"kafka_topic_producer_rate":           {level: levelTopicOnly, signal: SignalProducerRate},
	"kafka_topic_partitions":              {level: levelTopicOnly, signal: SignalPartitions},
}

// lookupSeries finds what a series name stands for.
func lookupSeries(name string) (seriesInfo, bool) {
	if info, ok := dropIn[name]; ok {
		return info, true
	}
	if lvl, rest, ok := strings.Cut(name, ":"); ok {
		return lookupRecorded(lvl, rest)
	}
	if rest, ok := strings.CutPrefix(name, "kafka_group_topic_"); ok {
		info, ok := exported[rest]
		info.level = levelTopic
		return info, ok
	}
	if rest, ok := strings.CutPrefix(name, "kafka_group_"); ok {
		info, ok := exported[rest]
		info.level = levelGroup
		return info, ok
	}
	return seriesInfo{}, false
}

func lookupRecorded(lvl, rest string) (seriesInfo, bool) {
	switch lvl {
	case "consumergroup":
		s, ok := recorded[rest]
		return seriesInfo{signal: s, level: levelRecorded}, ok
	case "consumergroup_topic":
		s, ok := recorded[rest]
		return seriesInfo{signal: s, level: levelTopic, sum: s}, ok
	case "topic":
		if rest == "kafka_topic_produced_messages:rate2m" {
			return seriesInfo{signal: SignalProducerRate, level: levelTopicOnly}, true
		}
	}
	return seriesInfo{}, false
}
