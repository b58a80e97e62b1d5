package scale

import (
	"slices"
	"time"
)

// HPA is one horizontal pod autoscaler and the controller's memory of it: recommendations and scale events. It
// follows the controllers of Kubernetes 1.36 and 1.37, as Controller says. Not safe for concurrent use.
type HPA struct {
	spec            HPASpec
	ctl             Controller
	up, down        rules
	recommendations []recommendation
	upEvents        []scaleEvent
	downEvents      []scaleEvent
	eventDelay      time.Duration
	scalingActive   bool
	scaledToZero    bool // the condition of that name
	external        bool // there is an external metric
	proposals       []Proposal
}

// NewHPA prepares an HPA that has not reconciled yet.
func NewHPA(spec HPASpec) *HPA {
	h := &HPA{}
	h.Update(spec)
	return h
}

// Update replaces the spec and keeps the memory, as an edit of the object does.
func (h *HPA) Update(spec HPASpec) {
	h.ctl = DefaultController()
	if spec.Controller != nil {
		h.ctl = *spec.Controller
	}
	if spec.MinReplicas == 0 && !(spec.ToZero && h.ctl.ScaleToZero) {
		spec.MinReplicas = 1
	}
	h.external = slices.ContainsFunc(spec.Metrics, func(m MetricSpec) bool { return m.Resource == External })
	h.spec = spec
	h.up, h.down = fillBehavior(spec.Behavior, h.ctl)
	h.proposals = make([]Proposal, len(spec.Metrics))
}

// Spec returns the spec in force, its minimum filled in.
func (h *HPA) Spec() HPASpec { return h.spec }

// DelayEvents is how long after the reconcile its scaling events are noted from now on, 0 until it is called. On a cluster
// the change lies between, some milliseconds.
func (h *HPA) DelayEvents(d time.Duration) { h.eventDelay = d }

// SyncPeriod is the time from one reconcile to the next.
func (h *HPA) SyncPeriod() time.Duration { return h.ctl.SyncPeriod }

// ScalingActive is the condition of that name: false until metrics have given a replica count, after a reconcile
// that they could not decide, and at 0 replicas.
func (h *HPA) ScalingActive() bool { return h.scalingActive }

// WantsMetrics says whether a reconcile at this number of replicas asks for metrics at all.
func (h *HPA) WantsMetrics(specReplicas int32) bool {
	if specReplicas == 0 {
		return h.leavesZero()
	}
	return specReplicas <= h.spec.MaxReplicas && specReplicas >= h.spec.MinReplicas
}

// leavesZero says whether the HPA looks after a target at 0 replicas: only where it was the one who put it there.
func (h *HPA) leavesZero() bool {
	return h.ctl.ScaleToZero && h.scaledToZero && (h.external || h.spec.MinReplicas != 0)
}

// Reconcile decides on the number of replicas. The caller applies Decision.Desired.
func (h *HPA) Reconcile(now time.Time, obs Observation) Decision {
	d := Decision{Current: obs.SpecReplicas, Desired: obs.SpecReplicas, Winner: -1, Proposed: -1, Stabilized: -1}
	if h.recommendations == nil {
		h.recommendations = append(h.recommendations, recommendation{obs.SpecReplicas, now})
	}
	switch {
	case obs.SpecReplicas == 0 && !h.leavesZero():
		h.scalingActive = false
		d.Limit = LimitZero
		return d
	case obs.SpecReplicas > h.spec.MaxReplicas:
		d.Desired, d.Limit = h.spec.MaxReplicas, LimitMax
	case obs.SpecReplicas < h.spec.MinReplicas && obs.SpecReplicas > 0:
		d.Desired, d.Limit = h.spec.MinReplicas, LimitMin
	default:
		if !h.propose(now, &obs, &d) {
			return d
		}
		h.normalize(now, &d)
		if d.Current == 0 && d.Desired < h.spec.MinReplicas {
			d.Desired, d.Limit = h.spec.MinReplicas, LimitMin
		}
	}
	if !d.Scaled() {
		return d
	}
	if obs.UpdateFails {
		d.Desired, d.Limit = d.Current, LimitUpdate
		return d
	}
	h.scaledToZero = h.ctl.ScaleToZero && d.Desired == 0 && h.spec.MinReplicas == 0 && h.external
	h.storeEvent(now.Add(h.eventDelay), d.Current, d.Desired)
	return d
}

// propose asks every metric and takes the largest answer. It reports whether there is one to act on: a failed
// metric leaves room to scale up, never down.
func (h *HPA) propose(now time.Time, obs *Observation, d *Decision) bool {
	d.Proposals = h.proposals
	failed := 0
	replicas := int32(0)
	for i := range h.spec.Metrics {
		p := h.proposeOne(now, obs, i)
		h.proposals[i] = p
		if p.Err != nil {
			if failed == 0 {
				d.Err = p.Err
			}
			failed++
			continue
		}
		if replicas == 0 || p.Replicas > replicas {
			replicas, d.Winner = p.Replicas, i
		}
	}
	if failed >= len(h.spec.Metrics) || (failed > 0 && replicas < obs.SpecReplicas) {
		h.scalingActive = false
		d.Winner, d.Limit = -1, LimitMetricError
		return false
	}
	h.scalingActive = true
	d.Proposed = max(replicas, 0)
	return true
}
