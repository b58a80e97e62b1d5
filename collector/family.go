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
	// Labels are the label names in the order in which they are written, which is that of client_golang: sorted.
	Labels []string
	Level  Level
	// DropIn families have the names and labels of kafka_exporter and are exempt from naming rules.
	DropIn bool

	// connected families leave groups without members out under --no-offset.show-all.
	connected bool
	// variants are the values of the label variant, one series each; nil where a row has one series.
	variants []string
	variant  string
	// info gives the values of infoLabels, for the one family whose labels are values.
	info func(*lag.Group) [4]string

	// Exactly one of these is set, the one of the family's level. They return lag.Absent for a series that is left
	// out; the int is the index of the variant, or of the partition in the row.
	cluster        func(*lag.Snapshot) float64
	broker         func(*lag.Broker) float64
	topic          func(*lag.Topic) float64
	topicPartition func(*lag.TopicPartition) float64
	group          func(*lag.Group, int) float64
	groupTopic     func(*lag.GroupTopic, int) float64
	// groupPartition returns the values of the row's partitions, in parallel to them; a negative one is left out.
	groupPartition func(*lag.GroupTopic) []int64
}

// noPartition marks a series without a partition label.
const noPartition = -1

// yield receives one series: the row it belongs to (an index among the rows of the level, where partitions belong to the
// row of their topic), its partition, its variant, its value, and for counters when it began, in milliseconds since the
// epoch (0: not known).
type yield func(row int, partition int32, variant int, value float64, created int64)

// each calls out for every series of the family that has a value, of the rows in the span.
func (f *Family) each(l *layout, rows span, connectedOnly bool, out yield) {
	s := l.snapshot
	for row := rows.from; row < rows.to; row++ {
		switch f.Level {
		case LevelCluster, LevelClusterID:
			f.put(out, row, noPartition, 0, f.cluster(s), time.Time{})
		case LevelBroker:
			f.put(out, row, noPartition, 0, f.broker(&s.Brokers[row]), time.Time{})
		case LevelTopic:
			f.put(out, row, noPartition, 0, f.topic(&s.Topics[row]), s.Topics[row].Created)
		case LevelTopicPartition:
			for p := range s.Topics[row].Partitions {
				if v := f.topicPartition(&s.Topics[row].Partitions[p]); lag.Known(v) {
					out(row, int32(p), 0, v, 0)
				}
			}
		case LevelGroup:
			if g := &s.Groups[row]; !f.hidden(g, connectedOnly) {
				for v := range max(1, len(f.variants)) {
					f.put(out, row, noPartition, v, f.group(g, v), g.Created)
				}
			}
		default:
			if g, t := l.groupTopic(row); !f.hidden(g, connectedOnly) {
				f.eachOfTopic(row, t, out)
			}
		}
	}
}

// hidden groups have no members; where the number is not known they are shown. Their own series go only where nothing is
// left to read, and nobody said that they would come back.
func (f *Family) hidden(g *lag.Group, connectedOnly bool) bool {
	finished := !g.Expected && g.Backlog == 0
	return connectedOnly && g.Members == 0 && (f.connected || !f.DropIn && finished)
}

func (f *Family) eachOfTopic(row int, t *lag.GroupTopic, out yield) {
	if f.Level == LevelGroupPartition {
		values := f.groupPartition(t)
		for k, p := range t.Partition {
			if values[k] >= 0 {
				out(row, p, 0, float64(values[k]), 0)
			}
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
	at := int64(0)
	if f.Type == Counter && !created.IsZero() {
		at = created.UnixMilli()
	}
	out(row, partition, variant, v, at)
}
