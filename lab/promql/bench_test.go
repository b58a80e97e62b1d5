package promql

import (
	"strconv"
	"testing"
)

// day is a simulated day: a scrape, the rules and a query each 15 s. It returns the sum of the answers.
func day(b *testing.B, opt Options, expr string) float64 {
	s, q := newShipped(b, opt, expr)
	target := s.Target(LabelsOf("job", "kafka", "instance", "e:9308"))
	var group []Handle
	for _, name := range []string{
		"kafka_group_lag", "kafka_group_lag_max", "kafka_group_backlog", "kafka_group_burndown_seconds", "kafka_group_members",
		"kafka_group_useful_members", "kafka_group_partitions", "kafka_group_complete", "kafka_group_producer_rate",
		"kafka_group_consumer_rate", "kafka_group_produced_messages_total", "kafka_group_consumed_messages_total",
	} {
		group = append(group, target.Series(name, "consumergroup", "g"))
	}
	var parts []Handle
	for _, name := range []string{"kafka_consumergroup_lag", "kafka_consumergroup_current_offset", "kafka_topic_partition_current_offset"} {
		for p := range partitions {
			parts = append(parts, target.Series(name, "consumergroup", "g", "topic", "t", "partition", strconv.Itoa(p)))
		}
	}
	sum := 0.0
	for at := int64(0); at < 24*3600*1000; at += 15_000 {
		target.Begin(at)
		for i, h := range group {
			target.Set(h, float64(at/1000%977)+float64(i))
		}
		for i, h := range parts {
			target.Set(h, float64(at/1000*int64(i)%1977))
		}
		target.End()
		s.Advance(at + 7_000)
		if v, ok := q.At(at + 14_000).One(); ok {
			sum += v
		}
	}
	return sum
}

// BenchmarkDay is the cost of a simulated day of one trigger, compiled and with the engine alone.
func BenchmarkDay(b *testing.B) {
	for _, x := range []struct{ name, expr string }{
		{"recorded lag", `max(consumergroup:kafka_group_lag:sum{consumergroup="g"})`},
		{"recorded log2x7", `max(consumergroup:kafka_group_lag:log2x7{consumergroup="g"})`},
		{"recorded rate", `max(consumergroup:kafka_group_produced_messages:rate2m{consumergroup="g"}) or 0 * max(consumergroup:kafka_group_backlog:sum{consumergroup="g"}) + 1`},
		{"raw lag", `sum(kafka_consumergroup_lag{consumergroup="g"})`},
		{"raw rate", `sum(rate(kafka_topic_partition_current_offset{topic="t"}[5m])) - sum(rate(kafka_consumergroup_current_offset{consumergroup="g"}[5m]))`},
		{"subquery", `max_over_time(sum(kafka_consumergroup_lag{consumergroup="g"})[5m:30s])`},
	} {
		for _, path := range []struct {
			name string
			opt  Options
		}{{"compiled", Options{}}, {"engine", Options{EngineOnly: true}}} {
			b.Run(x.name+"/"+path.name, func(b *testing.B) {
				b.ReportAllocs()
				for range b.N {
					if day(b, path.opt, x.expr) == 0 {
						b.Fatal("the query never answered")
					}
				}
			})
		}
	}
}
