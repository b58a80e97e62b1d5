package rules_test

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"kafka_burndown_exporter/rules"
	"kafka_burndown_exporter/test/prometheus"
)

// The sizes at which the cost of the rules is stated in docs/rules.md: 500 groups with 200 partitions each, and for the
// base on partition series a tenth of that too.
const (
	costGroups     = 500
	costPartitions = 200
)

// BenchmarkRuleCost reports the shortest of the last evaluations of each rule group in a real Prometheus, and what an
// evaluation of everything costs in processor time:
// go test -run '^$' -bench RuleCost -benchtime 1x -timeout 30m ./test/rules
func BenchmarkRuleCost(b *testing.B) {
	for _, c := range []struct {
		name, base string
		partitions int
	}{
		{"burndown-exporter/100000", rules.BaseBurndownExporter, costPartitions},
		{"kafka-exporter/10000", rules.BaseKafkaExporter, costPartitions / 10},
		{"kafka-exporter/100000", rules.BaseKafkaExporter, costPartitions},
	} {
		b.Run(c.name, func(b *testing.B) { benchmarkRules(b, c.base, c.partitions) })
	}
}

func benchmarkRules(b *testing.B, base string, partitions int) {
	start := time.Now()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		out := bufio.NewWriter(w)
		second := int(time.Since(start).Seconds())
		if base == rules.BaseKafkaExporter {
			theirs(out, second, partitions)
		} else {
			ours(out, second)
		}
		out.Flush()
	}))
	defer srv.Close()
	path := func(name string) string { return filepath.Join("..", "..", "rules", name) }
	s := prometheus.Start(b, prometheus.Options{
		RuleFiles: []string{path(base), path(rules.Recording), path(rules.Alerts)},
		Targets:   []prometheus.Target{{Job: "kafka", Addr: strings.TrimPrefix(srv.URL, "http://")}, {Job: "prometheus"}},
		Interval:  15 * time.Second,
	})
	for b.Loop() { // one round: the windows have to be full
		time.Sleep(4 * time.Minute)
	}
	report(b, s, "min_over_time(prometheus_rule_group_last_duration_seconds[1m])", "-s/evaluation")
	// A busy machine stretches durations, not processor time; this is all that Prometheus does, scrapes included.
	report(b, s, `sum(increase(process_cpu_seconds_total{job="prometheus"}[2m]))
		/ sum(increase(prometheus_rule_group_iterations_total{rule_group=~".*;kafka-group-base"}[2m])
		- increase(prometheus_rule_group_iterations_missed_total{rule_group=~".*;kafka-group-base"}[2m]))`, "cpu-s/evaluation")
	b.ReportMetric(0, "ns/op")
}

func report(b *testing.B, s *prometheus.Server, expr, unit string) {
	b.Helper()
	costs, err := s.Query(context.Background(), expr, time.Now())
	if err != nil {
		b.Fatal(err)
	}
	for _, c := range costs {
		_, group, _ := strings.Cut(c.Labels["rule_group"], ";")
		b.ReportMetric(c.Last(), group+unit)
	}
}

// ours is this exporter's group and topic series at topic granularity, as far as the rules read them.
func ours(w *bufio.Writer, second int) {
	for g := range costGroups {
		group := fmt.Sprintf(`{consumergroup="group-%03d"}`, g)
		topic := fmt.Sprintf(`{consumergroup="group-%03d",topic="topic-%03d"}`, g, g)
		for _, n := range []string{
			"lag", "lag_max", "backlog", "burndown_seconds", "producer_rate", "topic_producer_rate", "sample_timestamp_seconds",
		} {
			fmt.Fprintf(w, "kafka_group_%s%s %d\n", n, group, 1000+second)
		}
		fmt.Fprintf(w, "kafka_group_desired_replicas%s 5\nkafka_group_desired_reason{consumergroup=\"group-%03d\",reason=\"ceiling\"} 1\n", group, g)
		fmt.Fprintf(w, "kafka_group_members%s 5\nkafka_group_useful_members%s %d\n", group, group, costPartitions)
		fmt.Fprintf(w, "kafka_group_complete%s 1\nkafka_group_partitions%s %d\n", group, group, costPartitions)
		for _, state := range []string{"PreparingRebalance", "CompletingRebalance", "Stable", "Empty", "Dead"} {
			fmt.Fprintf(w, "kafka_group_state{consumergroup=\"group-%03d\",state=%q} 1\n", g, state)
		}
		fmt.Fprintf(w, "kafka_group_info{consumergroup=\"group-%03d\",type=\"classic\",assignor=\"range\"} 1\n", g)
		for _, n := range []string{"produced_messages_total", "consumed_messages_total", "lost_messages_total"} {
			fmt.Fprintf(w, "kafka_group_%s%s %d\nkafka_group_topic_%s%s %d\n", n, group, 100*second, n, topic, 100*second)
		}
		fmt.Fprintf(w, "kafka_group_topic_lag%s %d\nkafka_group_topic_partitions_stalled%s 0\n", topic, second, topic)
		fmt.Fprintf(w, "kafka_topic_produced_messages_total{topic=\"topic-%03d\"} %d\n", g, 100*second)
	}
}

// theirs is what kafka_exporter publishes of the same.
func theirs(w *bufio.Writer, second, partitions int) {
	for g := range costGroups {
		fmt.Fprintf(w, "kafka_consumergroup_members{consumergroup=\"group-%03d\"} 5\n", g)
		fmt.Fprintf(w, "kafka_topic_partitions{topic=\"topic-%03d\"} %d\n", g, partitions)
		for p := range partitions {
			topic := fmt.Sprintf(`{topic="topic-%03d",partition="%d"}`, g, p)
			group := fmt.Sprintf(`{consumergroup="group-%03d",topic="topic-%03d",partition="%d"}`, g, g, p)
			fmt.Fprintf(w, "kafka_topic_partition_current_offset%s %d\n", topic, 1000+10*second)
			fmt.Fprintf(w, "kafka_topic_partition_oldest_offset%s 0\n", topic)
			fmt.Fprintf(w, "kafka_consumergroup_current_offset%s %d\n", group, 1000+9*second)
			fmt.Fprintf(w, "kafka_consumergroup_lag%s %d\n", group, second)
		}
	}
}
