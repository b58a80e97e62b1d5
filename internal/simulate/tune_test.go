package simulate

import (
	"context"
	"fmt"
	"math"
	"os"
	"testing"
	"time"

	"kafka_burndown_exporter/internal/scenario"
	"kafka_burndown_exporter/rules"
)

func shippedQuery(t testing.TB) QueryText {
	t.Helper()
	all, err := rules.TriggerQueries()
	if err != nil {
		t.Fatal(err)
	}
	return func(name, group, threshold string) (string, error) {
		for _, q := range all.Queries {
			if q.Name == name {
				return q.Expr(group, threshold), nil
			}
		}
		return "", fmt.Errorf("no query %q", name)
	}
}

// week is a week of one-minute history with a busy weekend.
func week(t testing.TB) *scenario.Scenario {
	t.Helper()
	s := &scenario.Series{MaxGap: 90 * time.Second}
	for m := range 7 * 24 * 60 {
		hour := float64(m) / 60
		rate := 600 + 450*math.Cos((hour-19)/24*2*math.Pi)
		if day, h := m/1440, math.Mod(hour, 24); day >= 4 && day < 6 && h >= 18 && h < 22 {
			rate *= 1.6
		}
		s.Times = append(s.Times, time.Duration(m)*time.Minute)
		s.Values = append(s.Values, rate*(1+0.05*math.Sin(float64(m)*1.7)))
	}
	sc, err := Replay("week", &History{From: time.Unix(1_767_225_600, 0), Produced: s}, Workload{
		Service: "consumer", Namespace: "default", Group: "consumer", Topic: "events", Partitions: 12, Capacity: 150,
		StartDelay: 30 * time.Second, RebalancePause: 5 * time.Second, Cost: 0.05,
		Objective: scenario.Objective{MaxAge: 30 * time.Second, Percentile: 99, MaxLag: 1000},
	})
	if err != nil {
		t.Fatal(err)
	}
	return sc
}

// BenchmarkTuneWeek is tune on a week of one-minute history of one group.
func BenchmarkTuneWeek(b *testing.B) {
	sc, query := week(b), shippedQuery(b)
	for b.Loop() {
		tn, err := Tune(context.Background(), sc, "consumer", Limits{}, query, nil)
		if err != nil {
			b.Fatal(err)
		}
		if os.Getenv("PRINT") != "" {
			tn.WriteText(os.Stdout)
		}
	}
}
