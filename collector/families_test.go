package collector

import (
	"slices"
	"strconv"
	"strings"
	"time"

	dto "github.com/prometheus/client_model/go"
	"google.golang.org/protobuf/types/known/timestamppb"

	"kafka_burndown_exporter/internal/lag"
)

// metricFamilies builds the series of a snapshot for client_golang, which is what ours are compared with.
func (e *Encoder) metricFamilies(s *lag.Snapshot, constant ...Label) []*dto.MetricFamily {
	if s == nil {
		return nil
	}
	b := &familyBuilder{constant: pairs(constant)}
	b.label(s)
	l := newLayout(s)
	var out []*dto.MetricFamily
	for i := range e.families {
		if mf := b.family(&e.families[i], l, e.connectedOnly); len(mf.Metric) > 0 {
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
		return b.row(base, pair(f.variant, f.variants[v]))
	case f.info != nil:
		out := b.row(base)
		for i, value := range f.info(&s.Groups[row]) {
			out = append(out, pair(f.infoLabels()[i], value))
		}
		return out
	default:
		return base
	}
}

func (b *familyBuilder) family(f *encodedFamily, l *layout, connectedOnly bool) *dto.MetricFamily {
	mf := &dto.MetricFamily{Name: &f.Name, Help: &f.Help, Type: dto.MetricType_GAUGE.Enum()}
	if f.Type == Counter {
		mf.Type = dto.MetricType_COUNTER.Enum()
	}
	if f.Unit != "" {
		mf.Unit = &f.Unit
	}
	f.each(l, span{0, l.rows(f.Level)}, connectedOnly, func(row int, partition int32, variant int, v float64, created int64) {
		m := &dto.Metric{Label: b.row(b.labelsOf(f, l.snapshot, row, partition, variant))}
		slices.SortFunc(m.Label, func(a, b *dto.LabelPair) int { return strings.Compare(a.GetName(), b.GetName()) }) // as client_golang does
		if f.Type == Counter {
			m.Counter = &dto.Counter{Value: &v}
			if created != 0 {
				m.Counter.CreatedTimestamp = timestamppb.New(time.UnixMilli(created))
			}
		} else {
			m.Gauge = &dto.Gauge{Value: &v}
		}
		mf.Metric = append(mf.Metric, m)
	})
	return mf
}
