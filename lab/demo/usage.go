package demo

import (
	"time"

	"kafka_burndown_exporter/internal/scale"
)

// requestMilli stands for a pod's cpu and memory request; only the percentage of it matters.
const requestMilli = 1000

// usageWindow is the scenario time over which a pod's work is averaged, as the metrics server does.
const usageWindow = 15 * time.Second

// observed is the pod as cpu and memory metrics see it: usage follows from the work it did, by the scenario's
// percentages.
func (p *pod) observed(clock Clock, now time.Time, ready bool) scale.Pod {
	out := scale.Pod{Phase: scale.PodPending, Ready: ready, Started: clock.At(p.started)}
	if ready {
		out.Phase = scale.PodRunning
		out.ReadyChanged = clock.At(time.Unix(0, p.readyAt.Load()))
	}
	if !ready {
		return out
	}
	at := clock.At(now)
	r := p.service.Resources
	load := p.load(now, clock.Wall(usageWindow))
	percent := r.CPUIdle + (r.CPUBusy-r.CPUIdle)*load
	out.CPU = scale.PodUsage{RequestMilli: requestMilli, Measured: true, UsageMilli: int64(percent / 100 * requestMilli),
		At: at, Window: usageWindow}
	out.Memory = scale.PodUsage{RequestMilli: requestMilli, Measured: true, UsageMilli: int64(r.Memory / 100 * requestMilli),
		At: at, Window: usageWindow}
	return out
}

// load is the share of the last window that the pod worked, 0…1. It is called by one goroutine.
func (p *pod) load(now time.Time, window time.Duration) float64 {
	busy := time.Duration(p.busy.Load())
	if span := now.Sub(p.loadAt); span >= window || p.loadAt.IsZero() {
		since := span
		if p.loadAt.IsZero() {
			since = max(now.Sub(time.Unix(0, p.readyAt.Load())), time.Millisecond)
		}
		p.lastLoad = min(max(float64(busy-p.loadBusy)/float64(since), 0), 1)
		p.loadAt, p.loadBusy = now, busy
	}
	return p.lastLoad
}
