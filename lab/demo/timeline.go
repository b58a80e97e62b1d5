package demo

import (
	"math"
	"sync"
	"time"

	"kafka_burndown_exporter/lab/manifest"
)

// TimelinePoint is one service at one moment of the scenario, for the charts. Values that are not known are NaN.
type TimelinePoint struct {
	At            time.Duration
	Lag, Age      float64
	Burndown      float64 // seconds
	Produced      float64 // messages/s
	Consumed      float64 // messages/s
	Ready, Wanted int
}

// timelineLimit is how many points are kept for each service; beyond it every second one goes.
const timelineLimit = 720

// timeline keeps the last hour of every service for the charts.
type timeline struct {
	mu       sync.Mutex
	services map[string][]TimelinePoint
	rates    time.Duration // from then on rates are known
}

func newTimeline() *timeline {
	return &timeline{services: map[string][]TimelinePoint{}, rates: math.MaxInt64}
}

// ratesFrom says when a whole window of the rates lies behind the beginning. Before that, the mean of what was produced is
// one over the silence before it as well, and cannot be set beside what was consumed.
func (t *timeline) ratesFrom(at time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.rates = at
}

func (t *timeline) add(at time.Duration, services []Status, chart func(group string, signal manifest.Signal) float64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, s := range services {
		p := TimelinePoint{At: at, Ready: s.Ready, Wanted: s.Desired,
			Lag: chart(s.Group, manifest.SignalBacklog), Age: chart(s.Group, manifest.SignalAge),
			Burndown: chart(s.Group, manifest.SignalBurndown),
			Produced: chart(s.Group, manifest.SignalProducerRate), Consumed: chart(s.Group, manifest.SignalConsumerRate)}
		if at < t.rates {
			p.Produced, p.Consumed = nan, nan
		}
		points := append(t.services[s.Service], p)
		first := 0
		for first < len(points) && points[first].At < at-chartLength {
			first++
		}
		points = points[first:]
		if len(points) > timelineLimit {
			points = everySecond(points)
		}
		t.services[s.Service] = points
	}
}

func everySecond(points []TimelinePoint) []TimelinePoint {
	out := make([]TimelinePoint, 0, len(points)/2+1)
	for i := 0; i < len(points); i += 2 {
		out = append(out, points[i])
	}
	return out
}

// Timeline returns a copy of a service's points, oldest first.
func (d *Demo) Timeline(service string) []TimelinePoint {
	d.samples.mu.Lock()
	defer d.samples.mu.Unlock()
	return append([]TimelinePoint(nil), d.samples.services[service]...)
}
