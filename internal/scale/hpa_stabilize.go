package scale

import (
	"math"
	"time"
)

// recommendation is a raw proposal of the metrics, before any limit.
type recommendation struct {
	replicas int32
	at       time.Time
}

// normalize turns the metrics' proposal into what may be asked for now.
func (h *HPA) normalize(now time.Time, d *Decision) {
	if h.spec.Behavior == nil {
		h.normalizeLegacy(now, d)
		return
	}
	d.Stabilized = h.stabilize(now, d.Current, d.Proposed)
	if d.Stabilized != d.Proposed {
		d.Limit = LimitDownWindow
		if d.Proposed >= d.Current {
			d.Limit = LimitUpWindow
		}
	}
	h.limitRate(now, d)
}

// stabilize moves the present number only as far as every proposal in the windows agrees, and records the new one.
// Proposals outside both windows are overwritten, the last such slot first.
func (h *HPA) stabilize(now time.Time, current, proposed int32) int32 {
	up, down := proposed, proposed
	upCutoff, downCutoff := now.Add(-h.up.window), now.Add(-h.down.window)
	old := -1
	for i := range h.recommendations {
		r := &h.recommendations[i]
		if r.at.After(upCutoff) {
			up = min(up, r.replicas)
		}
		if r.at.After(downCutoff) {
			down = max(down, r.replicas)
		}
		if r.at.Before(upCutoff) && r.at.Before(downCutoff) {
			old = i
		}
	}
	h.record(now, proposed, old)
	return min(max(current, up), down)
}

func (h *HPA) record(now time.Time, proposed int32, slot int) {
	if slot >= 0 {
		h.recommendations[slot] = recommendation{proposed, now}
		return
	}
	h.recommendations = append(h.recommendations, recommendation{proposed, now})
}

// normalizeLegacy is the path of an HPA without behavior: the highest proposal of the last 300 s, and steps of at
// most twice the replicas or 4.
func (h *HPA) normalizeLegacy(now time.Time, d *Decision) {
	highest := d.Proposed
	cutoff := now.Add(-h.ctl.DownscaleStabilization)
	old := -1
	for i := range h.recommendations {
		r := &h.recommendations[i]
		if r.at.Before(cutoff) {
			old = i
		} else {
			highest = max(highest, r.replicas)
		}
	}
	h.record(now, d.Proposed, old)
	d.Stabilized = highest
	if highest != d.Proposed {
		d.Limit = LimitDownWindow
	}
	ceiling, limit := h.spec.MaxReplicas, LimitMax
	if step := int32(min(math.Max(2*float64(d.Current), 4), math.MaxInt32)); ceiling > step {
		ceiling, limit = step, LimitUpPolicy
	}
	switch {
	case highest < h.spec.MinReplicas:
		d.Desired, d.Limit = h.spec.MinReplicas, LimitMin
	case highest > ceiling:
		d.Desired, d.Limit = ceiling, limit
	default:
		d.Desired = highest
	}
}
