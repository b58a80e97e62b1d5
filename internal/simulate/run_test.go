package simulate

import (
	"context"
	"os"
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

// BenchmarkDay is one candidate through one day in steps of a second: 10 and 160 partitions.
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
		r, err := Simulate(context.Background(), sc, candidates(t, sc), Options{Trace: true}, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.WriteText(os.Stdout, false)
	}
}
