package simulate

import (
	"context"
	"math"
	"testing"
	"time"

	"kafka_burndown_exporter/lab/manifest"
)

// The rules on top read what the base rules recorded last, and no more.
func TestRecordingRulesWaitForTheBaseRules(t *testing.T) {
	p := drive(t, 80, 2, 600, nil)
	before := value(t, p, recDesired)
	for range 60 {
		p.rules[0].recording(600)
	}
	if got := value(t, p, recDesired); got != before {
		t.Errorf("desired is %v without a new evaluation of the base, want %v", got, before)
	}
	p.rules[0].series[recLag].push(600, 1e6)
	p.rules[0].recording(601)
	if got := value(t, p, recDesired); got != 4 {
		t.Errorf("desired is %v at a lag of a million, want all 4", got)
	}
}

func TestQueriesAreAnsweredAsOfTheirTime(t *testing.T) {
	p := drive(t, 150, 2, 600, nil)
	p.rules[0].series[recLag].push(700, 1)
	ref := manifest.Ref{Series: "consumergroup:kafka_group_lag:sum", Group: "g"}
	if got, ok := (instant{p, 699}).Lookup(ref); !ok || got < 1000 {
		t.Errorf("lag as of 699 is %v, %v; want the one before", got, ok)
	}
	if got, ok := (instant{p, 700}).Lookup(ref); !ok || got != 1 {
		t.Errorf("lag as of 700 is %v, %v; want 1", got, ok)
	}
}

// The exporter's own rates are believed; the consumer rate waits until the series covers the window.
func TestRatesAreTheExporters(t *testing.T) {
	p := drive(t, 80, 2, 100, nil)
	if got := value(t, p, recProduced); math.IsNaN(got) {
		t.Error("no producer rate after 100 s")
	}
	if got := value(t, p, recConsumed); !math.IsNaN(got) {
		t.Errorf("the consumer rate is %v after 100 s, want none", got)
	}
	late := drive(t, 80, 2, 300, nil)
	if got := value(t, late, recConsumed); math.Abs(got-80) > 4 {
		t.Errorf("the consumer rate is %v, want 80", got)
	}
}

// Phases move the outcome, the same phases repeat it, and the lag is sampled when the exporter's phase says.
func TestPhases(t *testing.T) {
	sc := load(t, "payments")
	cand := candidates(t, sc)[1]
	run := func(phase *Phase) *Result {
		t.Helper()
		got, err := Run(context.Background(), sc, cand, Options{Trace: true, Phase: phase, LateEvents: true, TraceEvery: time.Second,
			Window: &Window{Length: 10 * time.Minute}})
		if err != nil {
			t.Fatal(err)
		}
		return &got[0]
	}
	a, b := run(nil), run(&Phase{Sample: 3 * time.Second, Scrape: 1 * time.Second, Rules: 11 * time.Second, Create: 13 * time.Second})
	if again := run(nil); again.PeakLag != a.PeakLag || again.ReplicaMinutes != a.ReplicaMinutes {
		t.Errorf("the same phase gave %v and %v", a.Summary, again.Summary)
	}
	if first := firstChange(a.Trace.Sampled); first%10 != 0 {
		t.Errorf("sampled at second %d, want a multiple of 10", first)
	}
	if first := firstChange(b.Trace.Sampled); first%10 != 3 {
		t.Errorf("sampled at second %d, want 3 behind a multiple of 10", first)
	}
}

func firstChange(v []float64) int {
	for i := 1; i < len(v); i++ {
		if v[i] != v[i-1] {
			return i
		}
	}
	return -1
}
