package demo

import (
	"math"
	"sync"
	"time"

	"kafka_burndown_exporter/lab/manifest"
)

// historyLength is how much scenario time is kept for functions over time and for the charts.
const historyLength = time.Hour

// reading is a group's signals at one moment of the scenario.
type reading struct {
	at      time.Duration
	signals map[manifest.Signal]float64
}

// history keeps the readings of each group, in the scenario's time and units.
type history struct {
	mu     sync.Mutex
	groups map[string][]reading
}

func newHistory() *history { return &history{groups: map[string][]reading{}} }

// add appends one scrape. Rates and times of the exporter are those of the wall; speed makes them the scenario's.
func (h *history) add(at time.Duration, s *scrape, speed float64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for group, signals := range s.groups {
		h.groups[group] = append(h.groups[group], reading{at: at, signals: inScenarioTime(signals, speed)})
	}
	for group, all := range h.groups {
		first := 0
		for first < len(all) && all[first].at < at-historyLength {
			first++
		}
		if first == len(all) {
			delete(h.groups, group)
		} else if first > 0 {
			h.groups[group] = append(all[:0:0], all[first:]...)
		}
	}
}

// set adds a derived signal to a group's newest reading.
func (h *history) set(group string, signal manifest.Signal, v float64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if all := h.groups[group]; len(all) > 0 && !math.IsNaN(v) {
		all[len(all)-1].signals[signal] = v
	}
}

// setSeries adds a value of a series that belongs to no group. It is kept under its own name.
func (h *history) setSeries(name string, at time.Duration, v float64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.groups[seriesKey+name] = append(h.groups[seriesKey+name],
		reading{at: at, signals: map[manifest.Signal]float64{manifest.SignalOther: v}})
}

// seriesKey tells a series' name from a group's: no group begins with a zero byte.
const seriesKey = "\x00"

func inScenarioTime(signals map[manifest.Signal]float64, speed float64) map[manifest.Signal]float64 {
	out := make(map[manifest.Signal]float64, len(signals)+4)
	for signal, v := range signals {
		switch signal {
		case manifest.SignalProducerRate, manifest.SignalConsumerRate:
			v /= speed
		case manifest.SignalAge, manifest.SignalBurndown, manifest.SignalBurndownMax:
			v *= speed
		}
		out[signal] = v
	}
	return out
}

// over returns a signal's values within a window that ends at an offset before now, oldest first.
func (h *history) over(group string, signal manifest.Signal, now, window time.Duration) (at []time.Duration, values []float64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, r := range h.groups[group] {
		if r.at <= now-window || r.at > now {
			continue
		}
		if v, ok := r.signals[signal]; ok {
			at = append(at, r.at)
			values = append(values, v)
		}
	}
	return at, values
}

// latest returns a signal's newest value that is at most a minute of the scenario old: one lost scrape is bridged, as
// the recording rules do.
func (h *history) latest(group string, signal manifest.Signal, now time.Duration) (float64, bool) {
	_, values := h.over(group, signal, now, time.Minute)
	if len(values) == 0 {
		return 0, false
	}
	return values[len(values)-1], true
}

// lookup answers a query's look-ups at a time of the scenario.
func (h *history) lookup(now time.Duration) manifest.Signals {
	return manifest.SignalsFunc(func(ref manifest.Ref) (float64, bool) {
		at := now - ref.Offset
		if ref.Signal == manifest.SignalOther {
			ref.Group = seriesKey + ref.Series
		}
		if ref.Over == manifest.OverNone || ref.Over == manifest.OverRate {
			return h.latest(ref.Group, ref.Signal, at)
		}
		times, values := h.over(ref.Group, ref.Signal, at, ref.Window)
		return overTime(ref.Over, times, values)
	})
}

func overTime(over manifest.Over, at []time.Duration, values []float64) (float64, bool) {
	if len(values) == 0 {
		return 0, false
	}
	switch over {
	case manifest.OverMax, manifest.OverMin:
		best := values[0]
		for _, v := range values {
			if (over == manifest.OverMax) == (v > best) {
				best = v
			}
		}
		return best, true
	case manifest.OverAvg:
		sum := 0.0
		for _, v := range values {
			sum += v
		}
		return sum / float64(len(values)), true
	case manifest.OverDeriv:
		return slope(at, values)
	default:
		return values[len(values)-1], true
	}
}

// slope is the least-squares slope per second, as PromQL's deriv().
func slope(at []time.Duration, values []float64) (float64, bool) {
	n := float64(len(values))
	if n < 2 {
		return 0, false
	}
	var sx, sy, sxx, sxy float64
	for i, v := range values {
		x := (at[i] - at[0]).Seconds()
		sx, sy, sxx, sxy = sx+x, sy+v, sxx+x*x, sxy+x*v
	}
	d := n*sxx - sx*sx
	if d == 0 {
		return 0, false
	}
	return (n*sxy - sx*sy) / d, true
}
