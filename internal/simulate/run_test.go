package simulate

import (
	"context"
	"testing"

	"kafka_burndown_exporter/internal/scenario"
)

func load(t testing.TB, name string) *scenario.Scenario {
	t.Helper()
	sc, err := scenario.Load("../../scenarios/" + name + ".yaml")
	if err != nil {
		t.Fatal(err)
	}
	return sc
}

func candidates(t testing.TB, sc *scenario.Scenario) []*Candidate {
	t.Helper()
	c, err := Compile(sc)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// BenchmarkDay is one candidate through a day of the fashion scenario: 80 partitions, 86 400 steps.
func BenchmarkDay(b *testing.B) {
	for _, name := range []string{"tuning-profiles", "fashion"} {
		b.Run(name, func(b *testing.B) {
			sc := load(b, name)
			cand := candidates(b, sc)[1]
			for b.Loop() {
				if _, err := Run(context.Background(), sc, cand, Options{}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func TestPrint(t *testing.T) {
	for _, name := range []string{"ride-hailing", "fashion", "food-delivery", "payments", "tuning-profiles"} {
		sc := load(t, name)
		for _, c := range candidates(t, sc) {
			res, err := Run(context.Background(), sc, c, Options{Trace: true})
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range res {
				t.Logf("%-16s %-24s %-24s lag %8s age %8s p95 %8s p99 %8s bd %8s drain %8s rm %6s chg %d/%d max %d", name, r.Service, r.Candidate,
					count(r.PeakLag), seconds(r.MaxAge), seconds(r.P95Age), seconds(r.P99Age), seconds(r.MaxBurndown), seconds(r.Drain), count(r.ReplicaMinutes), r.Changes, r.Reversals, r.MaxReplicas)
			}
		}
	}
}
