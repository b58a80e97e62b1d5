// The race detector makes everything slower than the workload allows for: make e2e runs this comparison without it.

//go:build !race

package demo

import (
	"context"
	"fmt"
	"math"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"kafka_burndown_exporter/internal/lag"
	"kafka_burndown_exporter/lab/scenario"
	"kafka_burndown_exporter/lab/simulate"
)

// How the demo and the simulator are compared: at a speed at which the demo's shortest intervals (250 ms for a sample and
// for a scrape) are three seconds of the scenario, which the simulator then takes too.
const (
	compareSpeed    = 12
	compareInterval = 3 * time.Second
	compareStep     = 250 * time.Millisecond // of the simulator, so that pauses of any length fit
	compareService  = "trip-analytics-consumer"
	compareLength   = 14 * time.Minute
)

// What the means may differ by: docs/demo.md has what was measured, and why the peak of the demo is the higher one.
const (
	peakWithin    = 0.30
	secondsWithin = 0.15
)

// compared are the figures that both have: the highest lag as the exporter samples it, and the replicas added up. pause is
// how long a rebalance stopped consumption.
type compared struct {
	peak, seconds float64
	pause         time.Duration
}

// rideHailingPeak is the published peak of the trips alone. It begins with a silent minute, in which the demo's pods join
// (the simulator's have been there before); shift moves it against the syncs of the HPA.
func rideHailingPeak(t *testing.T, shift time.Duration) *scenario.Scenario {
	t.Helper()
	s := shipped(t, "ride-hailing", 20)
	at := func(minute float64) float64 { return minute + shift.Minutes() }
	points(&s.Producers[0].Profile, 0, 0, at(1), 0, at(1.01), 400, at(2), 400, at(3), 1400, at(7), 1400, at(8), 0)
	s.Producers, s.Topics, s.Services, s.Faults = s.Producers[:1], s.Topics[:1], s.Services[:1], nil
	published, desired := *s.DefaultCandidate(), *s.Candidate("desired")
	published.Manifests, desired.Manifests, desired.Base = published.Manifests[:1], desired.Manifests[:1], ""
	s.Candidates, s.Demo = []scenario.Candidate{published, desired}, scenario.Demo{}
	s.Pipeline.SampleInterval, s.Pipeline.ScrapeInterval = compareInterval, compareInterval
	return s
}

// TestDemoAgreesWithSimulator plays the same workload in both, at three phases of the HPA's syncs, because a sync that
// comes a few seconds earlier or later changes the peak on its own.
func TestDemoAgreesWithSimulator(t *testing.T) {
	shifts := []time.Duration{0, 5 * time.Second, 10 * time.Second}
	played := make([]compared, len(shifts))
	var wg sync.WaitGroup
	for i, shift := range shifts {
		p := start(t, rideHailingPeak(t, shift), "", compareSpeed)
		wg.Go(func() { played[i] = p.compared(compareLength) })
	}
	wg.Wait()
	var demo, simulator compared
	for i, shift := range shifts {
		s := rideHailingPeak(t, shift)
		s.Services[0].Rebalance.Pause = played[i].pause
		simulated := simulated(t, s)
		t.Logf("shift %s: demo %s, simulator %s", shift, played[i], simulated)
		demo.add(played[i], len(shifts))
		simulator.add(simulated, len(shifts))
	}
	peak, seconds := demo.peak/simulator.peak-1, demo.seconds/simulator.seconds-1
	t.Logf("mean: demo %s, simulator %s: peak lag %+.0f %%, replica-seconds %+.0f %%", demo, simulator, 100*peak, 100*seconds)
	if math.Abs(peak) > peakWithin || math.Abs(seconds) > secondsWithin {
		t.Errorf("the demo and the simulator differ by more than %.0f %% and %.0f %%", 100*peakWithin, 100*secondsWithin)
	}
}

// TestDemoScalesOnThePilot: the exporter measures what a pod can do, in the scenario's time, and asks for what carries the
// peak, no more than can have a partition.
func TestDemoScalesOnThePilot(t *testing.T) {
	s := rideHailingPeak(t, 0)
	svc := s.Service(compareService)
	p := start(t, s, "desired", compareSpeed)
	const needed = 7 // 1400 messages/s at 210 a pod, however much fewer all of them are made
	p.await("as many pods as the peak needs", func() bool { return p.status(compareService).Ready >= needed })
	p.await("what a pod can do measured", func() bool {
		scraped, err := scrapeMetrics(t.Context(), http.DefaultClient, p.url, "")
		return err == nil && slices.ContainsFunc(scraped.samples, func(x sample) bool {
			return x.family.Name == memberCapacity &&
				math.Abs(p.demo.monitoring.inScenarioTime(x.family, x.value)-svc.Capacity.PerPod) <= 0.2*svc.Capacity.PerPod
		})
	})
	p.checkCeiling(compareService)
}

func (c compared) String() string {
	return fmt.Sprintf("peak lag %.0f, %.0f replica-seconds, pauses of %.1f s", c.peak, c.seconds, c.pause.Seconds())
}

func (c *compared) add(other compared, of int) {
	c.peak += other.peak / float64(of)
	c.seconds += other.seconds / float64(of)
	c.pause += other.pause / time.Duration(of)
}

// compared waits for the end of the comparison and reads the demo's figures.
func (p *play) compared(length time.Duration) (c compared) {
	time.Sleep(p.demo.clock.Wall(length - p.demo.clock.Elapsed(time.Now())))
	for _, point := range p.demo.Timeline(compareService) {
		if lag.Known(point.Lag) {
			c.peak = math.Max(c.peak, point.Lag)
		}
	}
	c.seconds = p.status(compareService).ReplicaTime.Seconds()
	c.pause = p.pause(compareService)
	p.t.Logf("replicas in the demo: %v", p.course(compareService))
	p.stop()
	return c
}

func simulated(t *testing.T, s *scenario.Scenario) (c compared) {
	t.Helper()
	candidates, err := simulate.Compile(s)
	if err != nil {
		t.Fatal(err)
	}
	results, err := simulate.Run(context.Background(), s, candidates[0], simulate.Options{Step: compareStep, Trace: true,
		TraceEvery: compareInterval, Window: &simulate.Window{Length: compareLength}, Phase: &simulate.Phase{}})
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range results[0].Trace.Sampled {
		if lag.Known(v) {
			c.peak = math.Max(c.peak, v)
		}
	}
	c.seconds, c.pause = results[0].ReplicaMinutes*60, s.Services[0].Rebalance.Pause
	return c
}
