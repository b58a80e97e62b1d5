package simulate

import (
	"context"
	"strings"
	"testing"
	"time"

	"kafka_burndown_exporter/lab/scenario"
)

func TestHeadline(t *testing.T) {
	svc := &scenario.Service{Objective: scenario.Objective{MaxAge: time.Minute, Percentile: 99}}
	good := &Result{Candidate: "good", Summary: Summary{PercentileAge: 30, Meets: true, ReplicaMinutes: 90, Cost: 0.9}}
	bad := &Result{Candidate: "bad", Summary: Summary{PercentileAge: 300, ReplicaMinutes: 100, Cost: 1}}
	for _, c := range []struct {
		best, base  *Result
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

func TestTunePage(t *testing.T) {
	sc := load(t, "payments")
	sc.Duration = time.Hour
	tn, err := Tune(context.Background(), sc, "payment-service", Limits{Preset: "quick", Trace: true, Present: &Candidate{Name: "fixed"}}, shippedQuery(t), nil)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	if err := tn.WriteHTML(&b); err != nil {
		t.Fatal(err)
	}
	page := b.String()
	for _, want := range []string{"now (fixed): ", "kind: ScaledObject", "grey: all variants", "what there is", "<dt>threshold</dt>", "class=\"best\""} {
		if !strings.Contains(page, want) {
			t.Errorf("%q is missing", want)
		}
	}
	if n := strings.Count(page, "class=\"best\""); n != 1 || strings.Contains(page, "NaN") {
		t.Errorf("%d recommended rows, or NaN", n)
	}
	if tn.present == nil || len(tn.drawn) < 2 || len(tn.drawn) > drawnVariants+1 {
		t.Errorf("%d drawn", len(tn.drawn))
	}
}
