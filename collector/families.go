package collector

import (
	"strconv"
	"time"

	dto "github.com/prometheus/client_model/go"
	"google.golang.org/protobuf/types/known/timestamppb"

	"kafka_burndown_exporter/internal/lag"
)

// MetricFamilies builds the same series as Encode for client_golang: for protobuf, for name[] and for tests. Only
// families that admit returns true for are built; nil admits all.
func (e *Encoder) MetricFamilies(s *lag.Snapshot, admit func(name string) bool) []*dto.MetricFamily {
	if s == nil {
		return nil
	}
	b := &familyBuilder{constant: pairs(e.labels)}
	b.label(s)
	var out []*dto.MetricFamily
	for i := range e.families {
		f := &e.families[i]
		if admit != nil && !admit(f.Name) {
			continue
		}
		if mf := b.family(f, s, e.connectedOnly); len(mf.Metric) > 0 {
			out = append(out, mf)
		}
	}
	return out
}

// familyBuilder shares the label pairs of a row between all families.
type familyBuilder struct {
	constant                               []*dto.LabelPair
	brokers, topics, groups, topicsOfGroup [][]*dto.LabelPair
}

func pairs(labels []Label) []*dto.LabelPair {
	out := make([]*dto.LabelPair, len(labels))
	for i, l := range labels {
		out[i] = pair(l.Name, l.Value)
	}
	return out
}

func pair(name, value string) *dto.LabelPair { return &dto.LabelPair{Name: &name, Value: &value} }

func (b *familyBuilder) row(base []*dto.LabelPair, more ...*dto.LabelPair) []*dto.LabelPair {
	return append(append(make([]*dto.LabelPair, 0, len(base)+len(more)), base...), more...)
}

func (b *familyBuilder) label(s *lag.Snapshot) {
	for i := range s.Brokers {
		b.brokers = append(b.brokers, b.row(b.constant,
			pair("id", strconv.Itoa(int(s.Brokers[i].ID))), pair("address", s.Brokers[i].Address)))
	}
	for i := range s.Topics {
		b.topics = append(b.topics, b.row(b.constant, pair(labelTopic, s.Topics[i].Name)))
	}
	for i := range s.Groups {
		group := b.row(b.constant, pair(labelGroup, s.Groups[i].ID))
		b.groups = append(b.groups, group)
		for j := range s.Groups[i].Topics {
			b.topicsOfGroup = append(b.topicsOfGroup, b.row(group, pair(labelTopic, s.Groups[i].Topics[j].Topic)))
		}
	}
}

func (b *familyBuilder) labelsOf(f *encodedFamily, s *lag.Snapshot, row int, partition int32, v int) []*dto.LabelPair {
	base := b.constant
	switch f.Level {
	case LevelClusterID:
		base = b.row(base, pair(labelClusterID, s.ClusterID))
	case LevelBroker:
		base = b.brokers[row]
	case LevelTopic, LevelTopicPartition:
		base = b.topics[row]
	case LevelGroup:
		base = b.groups[row]
	case LevelGroupTopic, LevelGroupPartition:
		base = b.topicsOfGroup[row]
	}
	switch {
	case partition != noPartition:
		return b.row(base, pair(labelPartition, strconv.Itoa(int(partition))))
	case f.variants != nil:
		return b.row(base, pair(f.Labels[len(f.Labels)-1], f.variants[v]))
	case f.info != nil:
		out := b.row(base)
		for i, value := range f.info(&s.Groups[row]) {
			out = append(out, pair(f.Labels[i+1], value))
		}
		return out
	default:
		return base
	}
}

func (b *familyBuilder) family(f *encodedFamily, s *lag.Snapshot, connectedOnly bool) *dto.MetricFamily {
	mf := &dto.MetricFamily{Name: &f.Name, Help: &f.Help, Type: dto.MetricType_GAUGE.Enum()}
	if f.Type == Counter {
		mf.Type = dto.MetricType_COUNTER.Enum()
	}
	if f.Unit != "" {
		mf.Unit = &f.Unit
	}
	f.each(s, connectedOnly, func(row int, partition int32, variant int, v float64, created time.Time) {
		m := &dto.Metric{Label: b.labelsOf(f, s, row, partition, variant)}
		if f.Type == Counter {
			m.Counter = &dto.Counter{Value: &v}
			if !created.IsZero() {
				m.Counter.CreatedTimestamp = timestamppb.New(created.Truncate(time.Millisecond))
			}
		} else {
			m.Gauge = &dto.Gauge{Value: &v}
		}
		mf.Metric = append(mf.Metric, m)
	})
	return mf
}
