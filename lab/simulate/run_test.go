package simulate

import (
	"context"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"kafka_burndown_exporter/lab/scenario"
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

func TestRunsAreReproducible(t *testing.T) {
	sc := load(t, "food-delivery")
	cand := candidates(t, sc)[0]
	first, err := Run(context.Background(), sc, cand, Options{Trace: true})
	if err != nil {
		t.Fatal(err)
	}
	second, err := Run(context.Background(), sc, cand, Options{Trace: true})
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(first[1].Summary, second[1].Summary); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff(first[1].Events, second[1].Events); d != "" {
		t.Error(d)
	}
}

func TestRunStopsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	sc := load(t, "payments")
	if _, err := Simulate(ctx, sc, candidates(t, sc), Options{}, nil); err == nil {
		t.Error("no error")
	}
}

func TestTwoAutoscalersOnOneDeploymentAreRefused(t *testing.T) {
	sc := load(t, "payments")
	c := candidates(t, sc)[0]
	c.Controllers = append(c.Controllers, c.Controllers[0])
	_, err := Run(context.Background(), sc, c, Options{})
	if err == nil || !strings.Contains(err.Error(), "one autoscaler per Deployment") {
		t.Errorf("error is %v", err)
	}
}

func TestWindowIsAPartOfTheRun(t *testing.T) {
	sc := load(t, "ride-hailing")
	res, err := Run(context.Background(), sc, &Candidate{Name: "fixed"},
		Options{Window: &Window{From: time.Hour, Length: 10 * time.Minute}, Trace: true})
	if err != nil {
		t.Fatal(err)
	}
	if at := res[0].Trace.At; at[0] != 3600 || at[len(at)-1] >= 4200 {
		t.Errorf("trace runs from %v to %v", at[0], at[len(at)-1])
	}
	if math.Abs(res[0].ReplicaMinutes-20) > 1e-6 {
		t.Errorf("two replicas for ten minutes are %v replica-minutes", res[0].ReplicaMinutes)
	}
}

// Nothing is known of a service that begins idle, and it meets its objective all the same.
func TestServicesThatBeginIdleMeetTheirObjective(t *testing.T) {
	sc := load(t, "food-delivery")
	all := candidates(t, sc)
	at := slices.IndexFunc(all, func(c *Candidate) bool { return c.Name == "desired" })
	r, err := Simulate(t.Context(), sc, all[at:at+1], Options{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, service := range []string{"restaurant-consumer", "courier-consumer"} {
		if res := r.Result("desired", service); !res.Meets {
			t.Errorf("%s misses its objective: %+v", service, res.Summary)
		}
	}
}
