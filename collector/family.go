package collector

import (
	"time"

	"kafka_burndown_exporter/internal/lag"
)

// Type is the type of a metric family, as the text format writes it.
type Type string

// The types in use.
const (
	Gauge   Type = "gauge"
	Counter Type = "counter"
)

// Level says what one series of a family is about.
type Level string

// The levels, from coarse to fine.
const (
	LevelCluster        Level = "cluster"
	LevelClusterID      Level = "cluster ID"
	LevelBroker         Level = "broker"
	LevelGroup          Level = "group"
	LevelTopic          Level = "topic"
	LevelGroupTopic     Level = "group and topic"
	LevelTopicPartition Level = "partition"
	LevelGroupPartition Level = "group and partition"
)

// Family is one metric family of the table: what is published under a name, and where its values come from.
type Family struct {
	Name string
	Help string
	Type Type
	Unit string // as OpenMetrics writes it; a suffix of the name
	// Labels are the label names in the order in which they are written.
	Labels []string
	Level  Level
	// DropIn families have the names and labels of kafka_exporter and are exempt from naming rules.
	DropIn bool

	// connected families leave groups without members out under --no-offset.show-all, whatever their lag.
	connected bool
	// variants are the values of the last label, one series each; nil where a row has one series.
	variants []string
	// info gives the values of the labels after consumergroup, for the one family whose labels are values.
	info func(*lag.Group) [4]string

	// Exactly one of these is set, the one of the family's level. They return lag.Absent for a series that is left
	// out; the int is the index of the variant, or of the partition in the row.
	cluster        func(*lag.Snapshot) float64
	broker         func(*lag.Broker) float64
	topic          func(*lag.Topic) float64
	topicPartition func(*lag.TopicPartition) float64
	group          func(*lag.Group, int) float64
	groupTopic     func(*lag.GroupTopic, int) float64
	groupPartition func(*lag.GroupTopic, int) float64
}

// noPartition marks a series without a partition label.
const noPartition = -1

// yield receives one series: the row it belongs to (an index among the rows of the level, where partitions belong to the
// row of their topic), its partition, its variant, its value, and for counters when it began.
type yield func(row int, partition int32, variant int, value float64, created time.Time)

// each calls out for every series of the family that has a value in the snapshot.
func (f *Family) each(s *lag.Snapshot, connectedOnly bool, out yield) {
	switch f.Level {
	case LevelCluster, LevelClusterID:
		f.put(out, 0, noPartition, 0, f.cluster(s), time.Time{})
	case LevelBroker:
		for i := range s.Brokers {
			f.put(out, i, noPartition, 0, f.broker(&s.Brokers[i]), time.Time{})
		}
	case LevelTopic:
		for i := range s.Topics {
			f.put(out, i, noPartition, 0, f.topic(&s.Topics[i]), s.Topics[i].Created)
		}
	case LevelTopicPartition:
		for i := range s.Topics {
			for p := range s.Topics[i].Partitions {
				f.put(out, i, int32(p), 0, f.topicPartition(&s.Topics[i].Partitions[p]), time.Time{})
			}
		}
	default:
		f.eachGroup(s, connectedOnly, out)
	}
}

// finished reports that nothing is left to read for a group, and that nobody said it would come back. Its members are
// the caller's business: a number that is not known is none.
func finished(g *lag.Group) bool { return !g.Expected && g.Backlog == 0 }

func (f *Family) eachGroup(s *lag.Snapshot, connectedOnly bool, out yield) {
	row := 0
	for i := range s.Groups {
		g := &s.Groups[i]
		first := row
		row += len(g.Topics)
		if connectedOnly && g.Members == 0 && (f.connected || !f.DropIn && finished(g)) {
			continue
		}
		if f.Level == LevelGroup {
			for v := range max(1, len(f.variants)) {
				f.put(out, i, noPartition, v, f.group(g, v), g.Created)
			}
			continue
		}
		for j := range g.Topics {
			f.eachTopic(first+j, &g.Topics[j], out)
		}
	}
}

func (f *Family) eachTopic(row int, t *lag.GroupTopic, out yield) {
	if f.Level == LevelGroupPartition {
		for k, p := range t.Partition {
			f.put(out, row, p, 0, f.groupPartition(t, k), time.Time{})
		}
		return
	}
	for v := range max(1, len(f.variants)) {
		f.put(out, row, noPartition, v, f.groupTopic(t, v), t.TopicCreated)
	}
}

func (f *Family) put(out yield, row int, partition int32, variant int, v float64, created time.Time) {
	if !lag.Known(v) {
		return
	}
	out(row, partition, variant, v, created)
}
