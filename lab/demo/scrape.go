package demo

import (
	"context"
	"fmt"
	"net/http"
	"time"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"kafka_burndown_exporter/lab/manifest"
)

// groupSeries maps the exporter's series of a group to the signals that triggers read.
var groupSeries = map[string]manifest.Signal{
	"kafka_group_lag":                  manifest.SignalLag,
	"kafka_group_lag_max":              manifest.SignalLagMax,
	"kafka_group_backlog":              manifest.SignalBacklog,
	"kafka_group_lag_log2x7":           manifest.SignalLog2x7,
	"kafka_group_lag_seconds":          manifest.SignalAge,
	"kafka_group_burndown_seconds":     manifest.SignalBurndown,
	"kafka_group_burndown_max_seconds": manifest.SignalBurndownMax,
	"kafka_group_producer_rate":        manifest.SignalProducerRate,
	"kafka_group_consumer_rate":        manifest.SignalConsumerRate,
	"kafka_group_members":              manifest.SignalMembers,
	"kafka_group_partitions":           manifest.SignalPartitions,
	"kafka_group_useful_members":       manifest.SignalUsefulMembers,
	"kafka_group_partitions_with_lag":  manifest.SignalPartitionsWithLag,
	"kafka_group_partitions_stalled":   manifest.SignalPartitionsStalled,
	"kafka_group_complete":             manifest.SignalComplete,
}

// partitionSeries are what a kafka trigger works with.
const (
	committedSeries = "kafka_consumergroup_current_offset"
	endSeries       = "kafka_topic_partition_current_offset"
	startSeries     = "kafka_topic_partition_oldest_offset"
	countSeries     = "kafka_topic_partitions"
	// uncommittedSeries tells partitions without a commit from those that could not be read.
	uncommittedSeries = "kafka_group_topic_partitions_uncommitted"
)

// topicPartition names a partition.
type topicPartition struct {
	topic     string
	partition string
}

// scrape is one reading of the exporter's /metrics.
type scrape struct {
	groups    map[string]map[manifest.Signal]float64
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
	s := &scrape{counts: map[string]int{}, without: map[string]map[string]int{}, groups: map[string]map[manifest.Signal]float64{}, committed: map[string]map[topicPartition]int64{},
		ends: map[topicPartition]int64{}, starts: map[topicPartition]int64{}}
	for name, signal := range groupSeries {
		for _, m := range families[name].GetMetric() {
			group, ok := names.bare(label(m, "consumergroup"))
			if !ok {
				continue
			}
			if s.groups[group] == nil {
				s.groups[group] = map[manifest.Signal]float64{}
			}
			s.groups[group][signal] = value(m)
		}
	}
	for _, m := range families[committedSeries].GetMetric() {
		group, _ := names.bare(label(m, "consumergroup"))
		if s.committed[group] == nil {
			s.committed[group] = map[topicPartition]int64{}
		}
		s.committed[group][partitionOf(m, names)] = int64(value(m))
	}
	for _, m := range families[countSeries].GetMetric() {
		topic, _ := names.bare(label(m, "topic"))
		s.counts[topic] = int(value(m))
	}
	for _, m := range families[uncommittedSeries].GetMetric() {
		group, _ := names.bare(label(m, "consumergroup"))
		topic, _ := names.bare(label(m, "topic"))
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

func partitionOf(m *dto.Metric, names prefix) topicPartition {
	topic, _ := names.bare(label(m, "topic"))
	return topicPartition{topic: topic, partition: label(m, "partition")}
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
