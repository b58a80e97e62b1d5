package demo

import (
	"context"
	"fmt"
	"net/http"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"kafka_burndown_exporter/collector"
)

// partitionSeries are what a kafka trigger works with.
var (
	committedSeries = collector.Named(collector.LevelGroupPartition, "current_offset")
	endSeries       = collector.Named(collector.LevelTopicPartition, "current_offset")
	startSeries     = collector.Named(collector.LevelTopicPartition, "oldest_offset")
	countSeries     = collector.Named(collector.LevelTopic, "partitions")
	// uncommittedSeries tells partitions without a commit from those that could not be read.
	uncommittedSeries = collector.Named(collector.LevelGroupTopic, "partitions_uncommitted")
)

// topicPartition names a partition.
type topicPartition struct {
	topic     string
	partition string
}

// sample is one series of the exporter, its group and topic under the scenario's names.
type sample struct {
	family *collector.Family
	labels []string // names and values by turns
	value  float64
}

// scrape is one reading of the exporter's /metrics.
type scrape struct {
	samples   []sample
	committed map[string]map[topicPartition]int64 // by group
	ends      map[topicPartition]int64
	starts    map[topicPartition]int64
	counts    map[string]int            // partitions by topic
	without   map[string]map[string]int // partitions without a commit, by group and topic
}

// scrapeMetrics reads a /metrics page as Prometheus would.
func scrapeMetrics(ctx context.Context, client *http.Client, url string, names prefix) (*scrape, error) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	resp, err := client.Do(req)
	if err != nil {
		return nil, fmt.Errorf("scrape: %w", err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("scrape: %s", resp.Status)
	}
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(resp.Body)
	if err != nil {
		return nil, fmt.Errorf("scrape: %w", err)
	}
	return readFamilies(families, names), nil
}

func readFamilies(families map[string]*dto.MetricFamily, names prefix) *scrape {
	s := &scrape{counts: map[string]int{}, without: map[string]map[string]int{}, committed: map[string]map[topicPartition]int64{},
		ends: map[topicPartition]int64{}, starts: map[topicPartition]int64{}}
	table := collector.Families()
	for i := range table {
		for _, m := range families[table[i].Name].GetMetric() {
			if labels, ok := names.labels(m); ok {
				s.samples = append(s.samples, sample{&table[i], labels, value(m)})
			}
		}
	}
	for _, m := range families[committedSeries].GetMetric() {
		group, _ := names.bare(label(m, collector.LabelGroup))
		if s.committed[group] == nil {
			s.committed[group] = map[topicPartition]int64{}
		}
		s.committed[group][partitionOf(m, names)] = int64(value(m))
	}
	for _, m := range families[countSeries].GetMetric() {
		topic, _ := names.bare(label(m, collector.LabelTopic))
		s.counts[topic] = int(value(m))
	}
	for _, m := range families[uncommittedSeries].GetMetric() {
		group, _ := names.bare(label(m, collector.LabelGroup))
		topic, _ := names.bare(label(m, collector.LabelTopic))
		if s.without[group] == nil {
			s.without[group] = map[string]int{}
		}
		s.without[group][topic] = int(value(m))
	}
	for _, m := range families[endSeries].GetMetric() {
		s.ends[partitionOf(m, names)] = int64(value(m))
	}
	for _, m := range families[startSeries].GetMetric() {
		s.starts[partitionOf(m, names)] = int64(value(m))
	}
	return s
}

// labels are a series's, of a group and a topic of the scenario; ok is false for others.
func (p prefix) labels(m *dto.Metric) (labels []string, ok bool) {
	for _, l := range m.GetLabel() {
		v := l.GetValue()
		if l.GetName() == collector.LabelGroup || l.GetName() == collector.LabelTopic {
			if v, ok = p.bare(v); !ok {
				return nil, false
			}
		}
		labels = append(labels, l.GetName(), v)
	}
	return labels, true
}

func partitionOf(m *dto.Metric, names prefix) topicPartition {
	topic, _ := names.bare(label(m, collector.LabelTopic))
	return topicPartition{topic: topic, partition: label(m, collector.LabelPartition)}
}

func label(m *dto.Metric, name string) string {
	for _, l := range m.GetLabel() {
		if l.GetName() == name {
			return l.GetValue()
		}
	}
	return ""
}

func value(m *dto.Metric) float64 {
	switch {
	case m.Gauge != nil:
		return m.Gauge.GetValue()
	case m.Counter != nil:
		return m.Counter.GetValue()
	}
	return m.Untyped.GetValue()
}
