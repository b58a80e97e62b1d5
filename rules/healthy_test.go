package rules

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"kafka_burndown_exporter/internal/lag"
)

// published are the series of one group that alerts read, over the evaluations of a test.
type published map[string][]string

func (p published) add(g *lag.Group) {
	for name, v := range map[string]float64{
		"lag": g.Lag, "lag_max": g.LagMax, "backlog": g.Backlog, "burndown_seconds": g.BurndownSeconds,
		"producer_rate": g.ProducerRate, "consumer_rate": g.ConsumerRate, "produced_messages_total": g.Produced,
		"consumed_messages_total": g.Consumed, "partitions": float64(g.Partitions),
		"partitions_stalled": g.PartitionsStalled, "members": float64(g.Members), "complete": 1,
	} {
		text := "_"
		if lag.Known(v) {
			text = fmt.Sprint(v)
		}
		p[name] = append(p[name], text)
	}
}

// TestAlertsOnRareCommitters: groups that keep up set off no alert, whatever their commit period and the exporter's
// --rate.window, from the exporter's first sample on; the same groups do once they have died.
func TestAlertsOnRareCommitters(t *testing.T) {
	all := []time.Duration{time.Second, 155 * time.Second, 30 * time.Minute}
	for _, c := range []struct {
		window  time.Duration
		periods []time.Duration
		lasts   time.Duration
	}{
		{lag.Defaults().RateWindow, all, 3 * time.Hour},
		{30 * time.Second, all[:2], 100 * time.Minute},
		{10 * time.Minute, all[:2], 100 * time.Minute},
	} {
		t.Run(c.window.String(), func(t *testing.T) {
			t.Parallel()
			testRareCommitters(t, c.window, c.periods, c.lasts)
		})
	}
}

func testRareCommitters(t *testing.T, rateWindow time.Duration, periods []time.Duration, lasts time.Duration) {
	const evaluation, perSecond = 15 * time.Second, 200
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	type committer struct {
		id      string
		members bool
		period  time.Duration
		dies    time.Duration // 0: never
	}
	var all []committer
	for _, period := range periods {
		for _, members := range []bool{true, false} {
			id := fmt.Sprint("members=", members, " every ", period)
			all = append(all, committer{id, members, period, 0}, committer{id + " dies", members, period, 65 * time.Minute})
		}
	}
	series := map[string]published{}
	tracker := lag.NewTracker(lag.Options{
		Interval: 10 * time.Second, MaxAge: 30 * time.Second, RateWindow: rateWindow, StallWindow: 5 * time.Minute,
		LagResidual: 1, BurndownCap: 86400, Log2x7Max: 140,
	})
	var newest *lag.Snapshot
	sample := func(at time.Duration) {
		now := start.Add(at)
		w := &lag.Wave{Began: now, Ended: now}
		offset := func(d time.Duration) int64 { return 10_000_000 + int64(d.Seconds())*perSecond }
		w.Topics = []lag.TopicSample{{Name: "t", Partitions: []lag.PartitionSample{{End: offset(at), EndAt: now, StableEnd: -1}}}}
		for _, c := range all {
			reads := at
			if c.dies > 0 {
				reads = min(at, c.dies)
			}
			s := lag.GroupSample{ID: c.id, State: "Empty", ListedAt: now, CommitsAt: now,
				Commits: []lag.TopicCommits{{Topic: "t", Partitions: []int32{0},
					Offsets: []int64{offset((reads+c.period/3)/c.period*c.period - c.period/3)}}}}
			if c.members {
				s.State, s.ProtocolType = "Stable", "consumer"
				s.Members = &lag.Members{At: now, State: "Stable", Count: 1, Assignor: "range", Topics: []string{"t"}}
			}
			w.Groups = append(w.Groups, s)
		}
		newest = tracker.Observe(w)
	}
	next := time.Duration(0)
	for at := time.Duration(0); at <= lasts; at += evaluation {
		for ; next <= at; next += 10 * time.Second {
			sample(next)
		}
		for i := range newest.Groups {
			g := &newest.Groups[i]
			if series[g.ID] == nil {
				series[g.ID] = published{}
			}
			series[g.ID].add(g)
		}
	}
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "rule_files: [%[1]s/%[2]s, %[1]s/%[3]s, %[1]s/%[4]s]\nevaluation_interval: 15s\n"+
		"group_eval_order: [kafka-group-base, kafka-group-signals, kafka-group-lag]\n"+
		"tests:\n  - interval: 15s\n    input_series:\n", here, BaseBurndownExporter, Recording, Alerts)
	for id, of := range series {
		for name, values := range of {
			fmt.Fprintf(&b, "      - {series: 'kafka_group_%s{job=\"k\", consumergroup=\"%s\"}', values: '%s'}\n", name, id,
				strings.Join(values, " "))
		}
	}
	fmt.Fprintf(&b, "    promql_expr_test:\n")
	firing := `count by (alertname, consumergroup) (ALERTS{alertstate="firing", consumergroup!=""})`
	for at := 10 * time.Minute; at <= lasts; at += 10 * time.Minute {
		fmt.Fprintf(&b, "      - {expr: '%s unless on (consumergroup) kafka_group_lag{consumergroup=~\".* dies\"}', eval_time: %s, exp_samples: []}\n",
			firing, at)
	}
	fmt.Fprintf(&b, "      - expr: count by (consumergroup) (ALERTS{alertstate=\"firing\", alertname=\"KafkaGroupStuck\"})\n"+
		"        eval_time: %s\n        exp_samples:\n", lasts)
	for _, c := range all {
		if c.dies > 0 {
			fmt.Fprintf(&b, "          - {labels: '{consumergroup=\"%s\"}', value: 1}\n", c.id)
		}
	}
	fmt.Fprintf(&b, "      - expr: count by (consumergroup) (ALERTS{alertstate=\"firing\", alertname=\"KafkaGroupNoMembers\"})\n"+
		"        eval_time: %s\n        exp_samples:\n", lasts)
	for _, c := range all {
		if c.dies > 0 && !c.members {
			fmt.Fprintf(&b, "          - {labels: '{consumergroup=\"%s\"}', value: 1}\n", c.id)
		}
	}
	file := filepath.Join(t.TempDir(), "healthy.yaml")
	if err := os.WriteFile(file, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	promtool(t, "test", "rules", file)
}
