package collector

import "kafka_burndown_exporter/internal/lag"

func topicFamilies() []Family {
	topic := func(name, help string, t Type, unit string, get func(*lag.Topic) float64) Family {
		return Family{
			Name: name, Help: help, Type: t, Unit: unit, Level: LevelTopic,
			Labels: []string{labelTopic}, topic: get,
		}
	}
	partitions := topic("kafka_topic_partitions", "Partitions of the topic.", Gauge, "",
		func(t *lag.Topic) float64 {
			if len(t.Partitions) == 0 { // metadata could not say
				return lag.Absent
			}
			return float64(len(t.Partitions))
		})
	partitions.DropIn = true
	table := []Family{
		partitions,
		topic("kafka_topic_produced_messages_total",
			"Messages produced to the topic since the exporter first sampled it. Messages are offsets: transaction markers "+
				"count. Absent while a partition is unknown.",
			Counter, "messages", func(t *lag.Topic) float64 { return t.Produced }),
		topic("kafka_topic_producer_rate",
			"Messages per second produced to the topic over the rate window. Messages are offsets: transaction markers count. "+
				"Absent while a partition is unknown.",
			Gauge, "", func(t *lag.Topic) float64 { return t.ProducerRate }),
	}
	return append(table, topicPartitionFamilies()...)
}

func topicPartitionFamilies() []Family {
	partition := func(name, help string, get func(*lag.TopicPartition) float64) Family {
		return Family{
			Name: "kafka_topic_partition_" + name, Help: help, Type: Gauge, Level: LevelTopicPartition, DropIn: true,
			Labels: []string{labelPartition, labelTopic}, topicPartition: get,
		}
	}
	return []Family{
		partition("current_offset", "Log end offset (high watermark) of the partition. Absent where it is not known, never -1.",
			func(p *lag.TopicPartition) float64 { return known(p.End) }),
		partition("oldest_offset", "Log start offset of the partition. Absent where it is not known, never -1.",
			func(p *lag.TopicPartition) float64 { return known(p.Start) }),
		partition("leader", "Broker id of the partition's leader. Absent while it has none.",
			func(p *lag.TopicPartition) float64 { return known(p.Leader) }),
		partition("leader_is_preferred", "1 if the partition's leader is its preferred replica.",
			func(p *lag.TopicPartition) float64 {
				if p.Preferred < 0 {
					return lag.Absent
				}
				return boolean(p.Leader == p.Preferred)
			}),
		partition("replicas", "Replicas of the partition.",
			func(p *lag.TopicPartition) float64 { return known(p.Replicas) }),
		partition("in_sync_replica", "Replicas of the partition that are in sync.",
			func(p *lag.TopicPartition) float64 { return known(p.InSync) }),
		partition("under_replicated_partition", "1 if fewer replicas of the partition are in sync than it has.",
			func(p *lag.TopicPartition) float64 {
				if p.Replicas < 0 || p.InSync < 0 {
					return lag.Absent
				}
				return boolean(p.InSync < p.Replicas)
			}),
	}
}

func dropInGroupFamilies() []Family {
	name := func(x, help string, f Family) Family {
		f.Name, f.Help, f.Type, f.DropIn = "kafka_consumergroup_"+x, help, Gauge, true
		return f
	}
	perPartition := func(get func(*lag.GroupTopic) []int64) Family {
		return Family{
			Level: LevelGroupPartition, Labels: []string{labelGroup, labelPartition, labelTopic},
			connected: true, groupPartition: get,
		}
	}
	perTopic := func(get func(*lag.GroupTopic, int) float64) Family {
		return Family{
			Level: LevelGroupTopic, Labels: []string{labelGroup, labelTopic}, connected: true, groupTopic: get,
		}
	}
	return []Family{
		name("current_offset", "Committed offset of the group on the partition. Absent where nothing is committed, never -1.",
			perPartition(func(t *lag.GroupTopic) []int64 { return t.Committed })),
		name("lag",
			"Messages between the group's committed offset (or the log start, where that is later) and the log end. Never "+
				"negative; absent where the commit or the end is not known, and where nothing is committed.",
			perPartition(func(t *lag.GroupTopic) []int64 { return t.Lag })),
		name("current_offset_sum",
			"Sum of the group's committed offsets on the topic. Absent while one of its partitions is unknown.",
			perTopic(func(t *lag.GroupTopic, _ int) float64 { return t.CurrentOffsetSum })),
		name("lag_sum", "Sum of the group's lag on the topic. Absent while one of its partitions is unknown.",
			perTopic(func(t *lag.GroupTopic, _ int) float64 { return t.LagSum })),
		name("members", "Members of the group. Absent where the group could not be described.",
			Family{
				Level: LevelGroup, Labels: []string{labelGroup},
				group: func(g *lag.Group, _ int) float64 { return known(g.Members) },
			}),
	}
}
