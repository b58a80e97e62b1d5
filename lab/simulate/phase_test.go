package simulate

import (
	"context"
	"testing"
	"time"
)

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
