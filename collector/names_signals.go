package collector

import "kafka_burndown_exporter/internal/lag"

// whenAbsent is the sentence that every total shares.
const whenAbsent = " Absent while a partition it covers is unknown."

// fromCommits is that of everything that is derived from lag.
const fromCommits = " Absent where nothing is committed, or while a partition it covers is unknown."

func gauge(name, unit, help string, get func(*lag.Signals) float64) []Family {
	return signal{
		name: name, unit: unit, help: help, typ: Gauge,
		get: func(s *lag.Signals, _ int) float64 { return get(s) },
	}.families()
}

// unread is a gauge of what has yet to be read: of a whole group that is known once its topics are.
func unread(name, unit, help string, get func(*lag.Signals) float64) []Family {
	return signal{
		name: name, unit: unit, help: help + whenAbsent, typ: Gauge,
		groupHelp: " Absent, too, while the group has members and it is not known to what topics they subscribe.",
		get:       func(s *lag.Signals, _ int) float64 { return get(s) },
	}.families()
}

func counter(name, help string, get func(*lag.Signals) float64) []Family {
	return signal{
		name: name, unit: "messages", help: help, typ: Counter,
		get: func(s *lag.Signals, _ int) float64 { return get(s) },
	}.families()
}

func lagFamilies() []Family {
	var table []Family
	add := func(f ...Family) { table = append(table, f...) }
	add(gauge("lag", "",
		"Messages committed to the log but not yet consumed, over all partitions with a commit: log end minus committed "+
			"offset (or log start, where that is later)."+fromCommits,
		func(s *lag.Signals) float64 { return s.Lag })...)
	add(gauge("lag_max", "", "Lag of the worst partition."+fromCommits,
		func(s *lag.Signals) float64 { return s.LagMax })...)
	add(groupGauge("lag_log2x7", "",
		"Lag as 7 * log2(lag), clamped to 0 at lag 1 or less and to the maximum of --log2x7.max: a doubling of the lag adds "+
			"7."+fromCommits,
		func(g *lag.Group) float64 { return g.LagLog2x7 }))
	add(unread("backlog", "",
		"Messages that a consumer with auto.offset.reset=earliest has yet to read: the lag, plus all messages in partitions "+
			"without a valid commit. Scale to zero activates on this. What transactions left behind the last message that a "+
			"group of --offsets.read-committed can read does not count.",
		func(s *lag.Signals) float64 { return s.Backlog })...)
	add(unread("uncommitted_messages", "messages", "Messages in the partitions that have no valid commit.",
		func(s *lag.Signals) float64 { return s.UncommittedMessages })...)
	add(gauge("lag_seconds", "seconds",
		"Age of the oldest message not yet consumed, of the worst partition; 0 without lag. Interpolated from the history of "+
			"log end offsets and, before it began, from offsets by timestamp, where the timestamps agree with what was seen. "+
			"Absent until known within 5 % (or the distance of two samples)."+fromCommits,
		func(s *lag.Signals) float64 { return s.LagSeconds })...)
	add(gauge("burndown_seconds", "seconds",
		"Expected wait of a message produced now: lag divided by the consumer rate; 0 without lag. Where nothing was consumed "+
			"in the rate window: lag divided by the last rate (none known: absent), but at most the window while it has been "+
			"behind for less than that; and the cap (--burndown.cap) once it is stalled. Where commits are rare, what was "+
			"likely read since the last one does not count. Absent while it is not known how often the group commits."+
			fromCommits,
		func(s *lag.Signals) float64 { return s.BurndownSeconds })...)
	add(groupGauge("burndown_max_seconds", "seconds", "Burndown of the worst partition."+fromCommits,
		func(g *lag.Group) float64 { return g.BurndownMaxSeconds }))
	return table
}

func counterFamilies() []Family {
	const offsets = " Messages are offsets: transaction markers and gaps left by compaction count."
	var table []Family
	add := func(f ...Family) { table = append(table, f...) }
	add(gauge("producer_rate", "",
		"Messages per second produced to the partitions of the group over the rate window. Groups that share a topic each "+
			"count it: do not sum over groups, use kafka_topic_producer_rate."+offsets+whenAbsent,
		func(s *lag.Signals) float64 { return s.ProducerRate })...)
	add(gauge("consumer_rate", "",
		"Messages per second consumed (committed past) by the group over the rate window; where commits are rarer than "+
			"that, since the commit before the last one. Absent after a gap until the window is covered again."+offsets+
			fromCommits,
		func(s *lag.Signals) float64 { return s.ConsumerRate })...)
	add(counter("produced_messages_total",
		"Messages produced to the partitions of the group since it was first sampled. Groups that share a topic each count "+
			"it: do not sum over groups, use kafka_topic_produced_messages_total."+offsets+whenAbsent,
		func(s *lag.Signals) float64 { return s.Produced })...)
	add(counter("consumed_messages_total",
		"Messages consumed (committed past) by the group since it was first sampled; offset resets do not count."+
			offsets+whenAbsent,
		func(s *lag.Signals) float64 { return s.Consumed })...)
	add(counter("lost_messages_total",
		"Messages deleted by retention before the group committed past them."+offsets+whenAbsent,
		func(s *lag.Signals) float64 { return s.Lost })...)
	add(Family{
		Name: "kafka_group_offset_resets_total", Type: Counter, Level: LevelGroup, Labels: []string{labelGroup, "direction"}, variant: "direction",
		Help: "Commits that went back (backward) or jumped to the log end (end). A heuristic: a jump skips more than could " +
			"be read since the last commit at ten times the best known rate, or comes while nobody is there.",
		variants: []string{"backward", "end"},
		group: func(g *lag.Group, v int) float64 {
			if g.Untold {
				return lag.Absent
			}
			return [2]float64{g.ResetsBackward, g.ResetsEnd}[v]
		},
	})
	return table
}

func partitionCountFamilies() []Family {
	var table []Family
	add := func(f ...Family) { table = append(table, f...) }
	add(gauge("partitions", "", "Partitions counted in the totals: commit and log end are known.",
		func(s *lag.Signals) float64 { return float64(s.Partitions) })...)
	add(gauge("partitions_uncommitted", "",
		"Partitions without a valid commit. They have no lag, but count in the backlog.",
		func(s *lag.Signals) float64 { return float64(s.PartitionsUncommitted) })...)
	add(gauge("partitions_with_lag", "", "Counted partitions with lag. Not a total: see partitions_unknown.",
		func(s *lag.Signals) float64 { return s.PartitionsWithLag })...)
	add(gauge("partitions_stalled", "",
		"Counted partitions with lag on which nothing was consumed for the stall window, or for three of their commit "+
			"periods where that is longer (for six stall windows while the period is not known and the group may have "+
			"members); residues of transactions excepted. Not a total: see partitions_unknown.",
		func(s *lag.Signals) float64 { return s.PartitionsStalled })...)
	add(signal{
		name: "partitions_held", typ: Gauge, groupOnly: true,
		help: "Partitions served from an earlier sample because this one could not read them, or did not: many share groups " +
			"are read in turn.",
		get: func(s *lag.Signals, _ int) float64 { return float64(s.PartitionsHeld) },
	}.families()...)
	add(signal{
		name: "partitions_unknown", typ: Gauge, label: "reason", variants: lag.Reasons[1:], sparse: true,
		help: "Partitions whose commit or log end could not be read and that nothing young enough is held for, by what " +
			"failed. While there is one, the totals that cover it are absent.",
		get: func(s *lag.Signals, v int) float64 { return float64(s.PartitionsUnknown[v+1]) },
	}.families()...)
	return append(table, Family{
		Name: "kafka_group_topic_abandoned", Type: Gauge, Level: LevelGroupTopic, Labels: []string{labelGroup, labelTopic},
		Help: "1 where the group has commits on the topic but no member subscribes to it any more: then it is left out of the " +
			"group's totals, unless --group.include-abandoned is given.",
		groupTopic: func(t *lag.GroupTopic, _ int) float64 { return boolean(t.Abandoned) },
	})
}
