package demo

import (
	"context"
	"math"
	"testing"
	"time"

	"kafka_burndown_exporter/internal/lag"
	"kafka_burndown_exporter/internal/scenario"
	"kafka_burndown_exporter/internal/simulate"
)

// compare runs the simulator on what the demo has just played and reports the difference. The demo's lag has a floor that
// the simulator's has not: commits and fetches take their wall time however fast the scenario runs. On a busy machine the
// difference grows with that, so it is reported and not asserted.
func compare(t *testing.T, p *play, s *scenario.Scenario, service string) {
	t.Helper()
	points := p.demo.Timeline(service)
	length := points[len(points)-1].At
	candidates, err := simulate.Compile(s)
	if err != nil {
		t.Fatal(err)
	}
	var name = s.DefaultCandidate().Name
	for _, c := range candidates {
		if c.Name != name {
			continue
		}
		results, err := simulate.Run(context.Background(), s, c, simulate.Options{Window: &simulate.Window{Length: length}})
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range results {
			if r.Service == service {
				report(t, points, r)
			}
		}
	}
}

func report(t *testing.T, points []TimelinePoint, r simulate.Result) {
	t.Helper()
	peak, seconds, most := 0.0, 0.0, 0
	for i, p := range points {
		if lag.Known(p.Lag) {
			peak = math.Max(peak, p.Lag)
		}
		most = max(most, p.Wanted)
		if i > 0 {
			seconds += float64(points[i-1].Wanted) * (p.At - points[i-1].At).Seconds()
		}
	}
	simulated := r.ReplicaMinutes * 60
	t.Logf("%s over %s: peak lag %.0f in the demo, %.0f simulated (%+.0f %%); replica-seconds %.0f and %.0f (%+.0f %%); most replicas %d and %d",
		r.Service, points[len(points)-1].At.Round(time.Second), peak, r.PeakLag, 100*(peak/r.PeakLag-1), seconds, simulated,
		100*(seconds/simulated-1), most, r.MaxReplicas)
}
