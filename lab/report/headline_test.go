package report

import (
	"testing"
	"time"

	"kafka_burndown_exporter/lab/scenario"
	"kafka_burndown_exporter/lab/simulate"
)

func TestHeadline(t *testing.T) {
	svc := &scenario.Service{Objective: scenario.Objective{MaxAge: time.Minute, Percentile: 99}}
	good := &simulate.Result{Candidate: "good", Summary: simulate.Summary{PercentileAge: 30, Meets: true, ReplicaMinutes: 90, Cost: 0.9}}
	bad := &simulate.Result{Candidate: "bad", Summary: simulate.Summary{PercentileAge: 300, ReplicaMinutes: 100, Cost: 1}}
	for _, c := range []struct {
		best, base  *simulate.Result
		apply, note string
	}{
		{good, bad, "Apply good", "now (bad): 100, −10 %"},
		{good, nil, "Apply good", ""},
		{good, good, "Keep good: nothing here meets the objective for less", ""},
		{bad, bad, "Keep bad: nothing here comes closer to the objective", ""},
		{bad, good, "Nothing meets the objective; bad comes closest", "now (good): 90, +11 %"},
	} {
		h := newHeadline(c.best.Candidate, c.best, c.base, svc, 24*time.Hour)
		if h.Apply != c.apply || h.Facts[1].Note != c.note || h.Met != c.best.Meets || len(h.Facts) != 4 {
			t.Errorf("%+v, want %q and %q", h, c.apply, c.note)
		}
	}
}
