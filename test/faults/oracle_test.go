package faults

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"kafka_burndown_exporter/test/truth"
)

// TestOracleFindsWrongSamples spoils scrapes that are true, one sample at a time: an oracle that does not notice proves
// nothing.
func TestOracleFindsWrongSamples(t *testing.T) {
	const (
		second = instant(time.Second)
		t0     = 1_800_000_000 * second
	)
	at := func(s float64) instant { return t0 + instant(s*1e9) }
	known := newKnown()
	topic := known.addTopic("t")
	life := &life{born: t0, alive: t0, dying: never, dead: never, grown: t0}
	topic.lives = append(topic.lives, life)
	g := newGroup("g", time.Second, "t")
	g.born = t0
	known.addGroup(g)
	for p := range 2 {
		life.parts = append(life.parts, &partition{})
		h := g.on("t", 2)[p]
		for i := range 100 { // 10/s, read 5 s later
			when := at(float64(i))
			life.parts[p].end.Add(truth.Step{Value: int64(10 * (i + 1)), Sent: when, Acked: when + second/100})
			h.Add(truth.Step{Value: int64(10 * max(0, i-5)), Sent: when, Acked: when + second/100})
		}
	}
	settings := scale
	settings.brokers = 1
	body := func(i int) string {
		end, commit := 10*(i+1), 10*(i-5)
		lag := end - commit
		var b strings.Builder
		line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
		for p := range 2 {
			line(`kafka_topic_partition_current_offset{topic="t",partition="%d"} %d`, p, end)
			line(`kafka_topic_partition_oldest_offset{topic="t",partition="%d"} 0`, p)
			line(`kafka_topic_partition_replicas{topic="t",partition="%d"} 1`, p)
			line(`kafka_consumergroup_current_offset{consumergroup="g",topic="t",partition="%d"} %d`, p, commit)
			line(`kafka_consumergroup_lag{consumergroup="g",topic="t",partition="%d"} %d`, p, lag)
		}
		line(`kafka_topic_partitions{topic="t"} 2`)
		line(`kafka_topic_produced_messages_total{topic="t"} %d`, 20*(i-20))
		line(`kafka_consumergroup_lag_sum{consumergroup="g",topic="t"} %d`, 2*lag)
		for name, value := range map[string]float64{
			"lag": float64(2 * lag), "lag_max": float64(lag), "lag_log2x7": 7 * math.Log2(float64(2*lag)), "backlog": float64(2 * lag),
			"uncommitted_messages": 0, "lag_seconds": 6, "burndown_seconds": float64(2*lag) / 20, "producer_rate": 20,
			"consumer_rate": 20, "produced_messages_total": float64(20 * (i - 20)), "consumed_messages_total": float64(20 * (i - 20)),
			"lost_messages_total": 0, "partitions": 2, "partitions_uncommitted": 0, "partitions_with_lag": 2, "partitions_stalled": 0,
			"partitions_held": 0, "complete": 1, "sample_timestamp_seconds": at(float64(i) + 0.5).Seconds(), "members": 0,
			`offset_resets_total{consumergroup="g",direction="end"}`: 0, `state{consumergroup="g",state="Empty"}`: 1,
			`state{consumergroup="g",state="Stable"}`: 0,
		} {
			if !strings.Contains(name, "{") {
				name += `{consumergroup="g"}`
			}
			line("kafka_group_%s %v", name, value)
		}
		line("kafka_burndown_exporter_last_success_timestamp_seconds %f", at(float64(i)+0.6).Seconds())
		return b.String()
	}
	judge := func(spoil func(i int, line string) string) []wrong {
		o, p := newOracle(known, settings), newParser()
		o.started = at(0)
		for i := 20; i < 60; i++ {
			var lines []string
			for line := range strings.Lines(body(i)) {
				lines = append(lines, spoil(i, strings.TrimSuffix(line, "\n")))
			}
			samples, err := p.parse([]byte(strings.Join(lines, "\n")))
			if err != nil {
				t.Fatal(err)
			}
			o.judge(&scrape{sent: at(float64(i) + 0.61), got: at(float64(i) + 0.62), samples: samples})
		}
		return o.take().wrongs
	}
	if wrongs := judge(func(_ int, line string) string { return line }); len(wrongs) > 0 {
		t.Fatalf("the truth is wrong: %v", wrongs)
	}
	lines := strings.Split(strings.TrimSpace(body(50)), "\n")
	for _, target := range lines {
		name := target[:strings.LastIndexByte(target, ' ')]
		if strings.HasPrefix(name, "kafka_burndown_exporter_") {
			continue
		}
		for _, by := range []float64{-1000, 1000} {
			wrongs := judge(func(i int, line string) string {
				if i == 50 && strings.HasPrefix(line, name+" ") {
					var v float64
					_, _ = fmt.Sscan(line[len(name):], &v)
					return fmt.Sprintf("%s %f", name, v+by)
				}
				return line
			})
			if len(wrongs) == 0 {
				t.Errorf("%s is off by %v, and nothing was found", name, by)
			}
		}
	}
	// A total of a part.
	wrongs := judge(func(i int, line string) string {
		switch {
		case i != 50:
		case strings.Contains(line, `consumergroup`) && strings.Contains(line, `partition="1"`):
			return ""
		case strings.HasPrefix(line, `kafka_group_lag{`):
			return `kafka_group_lag{consumergroup="g"} 60`
		}
		return line
	})
	if len(wrongs) == 0 {
		t.Error("a total of a part was not found")
	}
}
