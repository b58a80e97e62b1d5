package collector

import (
	"slices"
	"strconv"

	"kafka_burndown_exporter/internal/lag"
)

// signal describes one value that exists per group and, unless groupOnly, per group and topic.
type signal struct {
	name, unit string
	help       string
	groupHelp  string // what else is to be said of the group's
	typ        Type
	label      string   // of the variants
	variants   []string // values of label
	groupOnly  bool
	sparse     bool // the series of a topic are left out at 0
	get        func(*lag.Signals, int) float64
}

// families returns the signal's family of groups and its family of groups and topics.
func (s signal) families() []Family {
	group := Family{
		Name: "kafka_group_" + s.name, Help: s.help + s.groupHelp, Type: s.typ, Unit: s.unit, Level: LevelGroup,
		Labels: []string{labelGroup}, variants: s.variants,
		group: func(g *lag.Group, v int) float64 {
			if g.Untold {
				return lag.Absent
			}
			return s.get(&g.Signals, v)
		},
	}
	topic := Family{
		Name: "kafka_group_topic_" + s.name, Help: s.help + " Of one topic of the group.", Type: s.typ, Unit: s.unit,
		Level: LevelGroupTopic, Labels: []string{labelGroup, labelTopic}, variants: s.variants,
		groupTopic: func(t *lag.GroupTopic, v int) float64 { return s.get(&t.Signals, v) },
	}
	if s.sparse {
		topic.Help += " Left out at 0."
		topic.groupTopic = func(t *lag.GroupTopic, v int) float64 {
			if n := s.get(&t.Signals, v); n != 0 {
				return n
			}
			return lag.Absent
		}
	}
	if s.label != "" {
		group.Labels, group.variant = append(group.Labels, s.label), s.label
		topic.Labels, topic.variant = append(topic.Labels, s.label), s.label
		slices.Sort(group.Labels)
		slices.Sort(topic.Labels)
	}
	if s.groupOnly {
		return []Family{group}
	}
	return []Family{group, topic}
}

func groupGauge(name, unit, help string, get func(*lag.Group) float64) Family {
	return Family{
		Name: "kafka_group_" + name, Unit: unit, Help: help, Type: Gauge, Level: LevelGroup,
		Labels: []string{labelGroup}, group: func(g *lag.Group, _ int) float64 { return get(g) },
	}
}

// The states of a group by its type, as Kafka names them.
var (
	statesClassic  = []string{"PreparingRebalance", "CompletingRebalance", "Stable", "Empty", "Dead"}
	statesConsumer = []string{"Assigning", "Reconciling", "Stable", "Empty", "Dead"}
	statesStreams  = []string{"NotReady", "Assigning", "Reconciling", "Stable", "Empty", "Dead"}
	statesShare    = []string{"Stable", "Empty", "Dead"}
	statesAll      = []string{
		"PreparingRebalance", "CompletingRebalance", "NotReady", "Assigning", "Reconciling", "Stable", "Empty", "Dead",
		stateUnknown,
	}
)

// stateUnknown stands for a state this table does not know; its series appears only while a group is in one.
const stateUnknown = "Unknown"

func statesOf(t lag.GroupType) []string {
	switch t {
	case lag.GroupConsumer:
		return statesConsumer
	case lag.GroupStreams:
		return statesStreams
	case lag.GroupShare:
		return statesShare
	default:
		return statesClassic
	}
}

func groupFamilies() []Family {
	return []Family{
		groupGauge("members", "", "Members of the group. Absent where the group could not be described.",
			func(g *lag.Group) float64 { return known(g.Members) }),
		groupGauge("processes", "",
			"Instances of a streams group (KIP-1071) that its members run in: a member is a thread, a process is what a pod "+
				"is. Absent for other groups, and where the group could not be described.",
			func(g *lag.Group) float64 { return known(g.Processes) }),
		groupGauge("useful_members", "",
			"The most members that can have work. With the range assignor, and where the assignor is not known: the partitions "+
				"of the largest topic. With Kafka Streams: the tasks, of each sub-topology as many as its largest topic has "+
				"partitions, or the partitions of the largest topic where the members do not tell. With others: the partitions of "+
				"all topics. Abandoned topics do not count. Absent where nothing is known, and for share groups, which have no "+
				"such limit; never 0.",
			func(g *lag.Group) float64 {
				if g.UsefulMembers <= 0 {
					return lag.Absent
				}
				return float64(g.UsefulMembers)
			}),
		{
			Name: "kafka_group_state", Type: Gauge, Level: LevelGroup, Labels: []string{labelGroup, "state"}, variant: "state",
			Help: "1 for the state the group is in, 0 for the other states of its type.", variants: statesAll,
			group: groupState,
		},
		{
			Name: "kafka_group_info", Type: Gauge, Level: LevelGroup,
			Help: "Always 1; its labels tell the group's type, protocol type, last known assignor and coordinator (broker id). " +
				"Absent while the group's listing is older than the maximum age.",
			Labels: slices.Sorted(slices.Values(append([]string{labelGroup}, groupInfoLabels[:]...))),
			group: func(g *lag.Group, _ int) float64 {
				if !g.InfoKnown {
					return lag.Absent
				}
				return 1
			},
			info: func(g *lag.Group) [4]string {
				coordinator := ""
				if g.Coordinator >= 0 {
					coordinator = strconv.Itoa(int(g.Coordinator))
				}
				return groupInfo(g, coordinator)
			},
		},
		groupGauge("complete", "",
			"1 when no partition of the group is unknown or held from an earlier sample.",
			func(g *lag.Group) float64 { return boolean(g.Complete) }),
		groupGauge("sample_timestamp_seconds", "seconds",
			"When the oldest offsets behind the group's totals were read, in seconds since the epoch. Where there are none: "+
				"when its offsets were last asked for, of a share group before Kafka 4.2 when it was last listed.",
			func(g *lag.Group) float64 {
				if g.SampleAt.IsZero() {
					return lag.Absent
				}
				return float64(g.SampleAt.UnixMilli()) / 1000
			}),
	}
}

func groupState(g *lag.Group, v int) float64 {
	if !g.InfoKnown || g.State == "" {
		return lag.Absent
	}
	states := statesOf(g.Type)
	if statesAll[v] == stateUnknown {
		if slices.Contains(states, g.State) {
			return lag.Absent
		}
		return 1
	}
	if !slices.Contains(states, statesAll[v]) {
		return lag.Absent
	}
	return boolean(g.State == statesAll[v])
}
