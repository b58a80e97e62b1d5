package scale

import (
	"errors"
	"math"
	"time"
)

var (
	errNoReading = errors.New("no reading for the metric")
	errNoPods    = errors.New("no pods returned by the selector")
)

// within says whether a ratio lies in the dead band; both ends belong to it.
func (h *HPA) within(ratio float64) bool {
	return 1.0-h.down.tolerance <= ratio && ratio <= 1.0+h.up.tolerance
}

func (h *HPA) proposeOne(now time.Time, obs *Observation, i int) Proposal {
	m := &h.spec.Metrics[i]
	p := Proposal{Metric: m.Name}
	if i < len(obs.Metrics) && obs.Metrics[i].Err != nil {
		p.Err = obs.Metrics[i].Err
		return p
	}
	if m.Resource != External {
		h.proposeResource(now, obs, m, &p)
		return p
	}
	switch {
	case i >= len(obs.Metrics):
		p.Err = errNoReading
	case m.Kind == Value:
		h.proposeValue(obs, m, obs.Metrics[i].Milli, &p)
	default:
		h.proposeAverage(obs, m, obs.Metrics[i].Milli, &p)
	}
	return p
}

// proposeValue multiplies the ready replicas by usage ÷ target, so it compounds from one reconcile to the next.
func (h *HPA) proposeValue(obs *Observation, m *MetricSpec, usage int64, p *Proposal) {
	p.Ratio = float64(usage) / float64(m.Target)
	if obs.SpecReplicas == 0 {
		p.Replicas = ceilReplicas(p.Ratio)
		return
	}
	if h.within(p.Ratio) {
		p.Replicas, p.Tolerated = obs.SpecReplicas, true
		return
	}
	if len(obs.Pods) == 0 && obs.StatusReplicas == 0 {
		p.Err = errNoPods
		return
	}
	p.Replicas = ceilReplicas(p.Ratio * float64(obs.ReadyReplicas))
}

// proposeAverage divides the usage by the target; the present replicas matter to the dead band only.
func (h *HPA) proposeAverage(obs *Observation, m *MetricSpec, usage int64, p *Proposal) {
	p.Ratio = float64(usage) / (float64(m.Target) * float64(obs.StatusReplicas))
	if h.within(p.Ratio) {
		p.Replicas, p.Tolerated = obs.StatusReplicas, true
		return
	}
	p.Replicas = ceilReplicas(float64(usage) / float64(m.Target))
}

// ceilReplicas rounds up and saturates; a formula may make a metric negative.
func ceilReplicas(x float64) int32 {
	return int32(math.Ceil(min(max(x, math.MinInt32), math.MaxInt32)))
}
