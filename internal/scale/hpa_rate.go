package scale

import (
	"math"
	"time"
)

// scaleEvent is a change that was applied; outdated marks a slot that the next event of its direction overwrites.
type scaleEvent struct {
	change   int32
	at       time.Time
	outdated bool
}

// limitRate applies policies and bounds to the stabilised proposal.
func (h *HPA) limitRate(now time.Time, d *Decision) {
	want := d.Stabilized
	d.Desired = want
	switch {
	case want > d.Current:
		ceiling, limit := h.spec.MaxReplicas, LimitMax
		if allowed := max(h.upLimit(now, d.Current), d.Current); ceiling > allowed {
			ceiling, limit = allowed, LimitUpPolicy
		}
		if want > ceiling {
			d.Desired, d.Limit = ceiling, limit
		}
	case want < d.Current:
		floor, limit := h.spec.MinReplicas, LimitMin
		if allowed := min(h.downLimit(now, d.Current), d.Current); floor < allowed {
			floor, limit = allowed, LimitDownPolicy
		}
		if want < floor {
			d.Desired, d.Limit = floor, limit
		}
	}
}

// upLimit is the most replicas the scale-up policies allow now.
func (h *HPA) upLimit(now time.Time, current int32) int32 {
	if h.up.sel == SelectDisabled {
		return current
	}
	result := int32(math.MinInt32)
	if h.up.sel == SelectMin {
		result = math.MaxInt32
	}
	for _, p := range h.up.policies {
		start := h.periodStart(now, current, p.Period)
		proposed := start + p.Value
		if p.Type == Percent {
			// Rounded up, or a small fleet could never grow.
			proposed = ceilReplicas(float64(start) * (1 + float64(p.Value)/100))
		}
		if h.up.sel == SelectMin {
			result = min(result, proposed)
		} else {
			result = max(result, proposed)
		}
	}
	return result
}

// downLimit is the fewest replicas the scale-down policies allow now.
func (h *HPA) downLimit(now time.Time, current int32) int32 {
	if h.down.sel == SelectDisabled {
		return current
	}
	result := int32(math.MaxInt32)
	if h.down.sel == SelectMin {
		result = math.MinInt32
	}
	for _, p := range h.down.policies {
		start := h.periodStart(now, current, p.Period)
		proposed := start - p.Value
		if p.Type == Percent {
			proposed = int32(float64(start) * (1 - float64(p.Value)/100))
		}
		if h.down.sel == SelectMin {
			result = max(result, proposed)
		} else {
			result = min(result, proposed)
		}
	}
	return result
}

// periodStart is the number of replicas a period ago, as far as this HPA changed it. Events of both directions
// count; one exactly a period old does not.
func (h *HPA) periodStart(now time.Time, current int32, period time.Duration) int32 {
	cutoff := now.Add(-period)
	return current - changeSince(h.upEvents, cutoff) + changeSince(h.downEvents, cutoff)
}

func changeSince(events []scaleEvent, cutoff time.Time) int32 {
	var sum int32
	for i := range events {
		if events[i].at.After(cutoff) {
			sum += events[i].change
		}
	}
	return sum
}

// storeEvent remembers a change. Events older than the longest period of their own direction are overwritten, the
// last such slot first; until then they count in the other direction's longer periods, as in the original.
func (h *HPA) storeEvent(now time.Time, from, to int32) {
	if h.spec.Behavior == nil {
		return
	}
	events, period, change := &h.upEvents, h.up.longestPeriod(), to-from
	if to < from {
		events, period, change = &h.downEvents, h.down.longestPeriod(), from-to
	}
	cutoff := now.Add(-period)
	slot := -1
	for i := range *events {
		e := &(*events)[i]
		e.outdated = e.outdated || e.at.Before(cutoff)
		if e.outdated {
			slot = i
		}
	}
	event := scaleEvent{change: change, at: now}
	if slot >= 0 {
		(*events)[slot] = event
		return
	}
	*events = append(*events, event)
}
