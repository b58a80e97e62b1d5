package scale

import (
	"errors"
	"time"
)

var (
	errNoPodMetrics = errors.New("did not receive metrics for targeted pods (pods might be unready)")
	errNoRequest    = errors.New("missing resource request in a pod")
)

// podGroups sorts the pods as the controller does before it averages a resource.
type podGroups struct {
	ready, unready, missing int
	// measuredMilli and measuredRequest add up the pods whose usage counts, the others the requests of their group.
	measuredMilli, measuredRequest int64
	missingRequest, unreadyRequest int64
	// missingFallbackMilli is the usage assumed of missing pods on a scale-down.
	missingFallbackMilli int64
	requestUnset         bool
}

func (h *HPA) groupPods(now time.Time, pods []Pod, m *MetricSpec) podGroups {
	var g podGroups
	fallback := max(100, m.Target)
	for i := range pods {
		p := &pods[i]
		u := p.usage(m.Resource)
		g.requestUnset = g.requestUnset || u.RequestMilli == 0
		switch {
		case p.Deleting || p.Phase == PodFailed:
		case p.Phase == PodPending:
			g.unready++
			g.unreadyRequest += u.RequestMilli
		case !u.Measured:
			g.missing++
			g.missingRequest += u.RequestMilli
			g.missingFallbackMilli += u.RequestMilli * fallback / 100
		case m.Resource == CPU && h.cpuUnready(now, p):
			g.unready++
			g.unreadyRequest += u.RequestMilli
		default:
			g.ready++
			g.measuredMilli += u.UsageMilli
			g.measuredRequest += u.RequestMilli
		}
	}
	return g
}

// cpuUnready says whether a pod's cpu sample is disregarded: cpu during start-up says nothing of the load.
func (h *HPA) cpuUnready(now time.Time, p *Pod) bool {
	if p.Started.IsZero() {
		return true
	}
	if p.Started.Add(h.ctl.CPUInitialization).After(now) {
		return !p.Ready || p.CPU.At.Before(p.ReadyChanged.Add(p.CPU.Window))
	}
	return !p.Ready && p.Started.Add(h.ctl.InitialReadinessDelay).After(p.ReadyChanged)
}

// proposeResource averages the pods' own usage. Pods without a sample count as idle on a scale-up and as fully
// used on a scale-down, pods that are not ready as idle on a scale-up; a ratio that this turns round holds.
func (h *HPA) proposeResource(now time.Time, obs *Observation, m *MetricSpec, p *Proposal) {
	if len(obs.Pods) == 0 {
		p.Err = errNoPods
		return
	}
	g := h.groupPods(now, obs.Pods, m)
	if g.ready == 0 {
		p.Err = errNoPodMetrics
		return
	}
	if m.Kind == Utilization && g.requestUnset {
		p.Err = errNoRequest
		return
	}
	ratio := m.resourceRatio(g.measuredMilli, g.measuredRequest, g.ready)
	p.Ratio = ratio
	withUnready := g.unready > 0 && ratio > 1
	if !withUnready && g.missing == 0 {
		if h.within(ratio) {
			p.Replicas, p.Tolerated = obs.SpecReplicas, true
			return
		}
		p.Replicas = ceilReplicas(ratio * float64(g.ready))
		return
	}
	usage, request, count := g.measuredMilli, g.measuredRequest, g.ready
	switch {
	case g.missing > 0 && ratio < 1:
		request += g.missingRequest
		count += g.missing
		if m.Kind == Utilization {
			usage += g.missingFallbackMilli
		} else {
			usage += int64(g.missing) * m.Target
		}
	case g.missing > 0 && ratio > 1:
		request += g.missingRequest
		count += g.missing
	}
	if withUnready {
		request += g.unreadyRequest
		count += g.unready
	}
	h.settleResource(obs, m.resourceRatio(usage, request, count), count, p)
}

// settleResource takes the ratio recomputed with assumed usages, unless it points the other way.
func (h *HPA) settleResource(obs *Observation, ratio float64, count int, p *Proposal) {
	first := p.Ratio
	p.Ratio = ratio
	if h.within(ratio) || (first < 1 && ratio > 1) || (first > 1 && ratio < 1) {
		p.Replicas, p.Tolerated = obs.SpecReplicas, true
		return
	}
	n := ceilReplicas(ratio * float64(count))
	if (ratio < 1 && n > obs.SpecReplicas) || (ratio > 1 && n < obs.SpecReplicas) {
		p.Replicas, p.Tolerated = obs.SpecReplicas, true
		return
	}
	p.Replicas = n
}

// resourceRatio is usage ÷ target in the controller's integer steps: whole percents, or the truncated mean.
func (m *MetricSpec) resourceRatio(usage, request int64, count int) float64 {
	if m.Kind == Utilization {
		return float64(int32(usage*100/request)) / float64(m.Target)
	}
	return float64(usage/int64(count)) / float64(m.Target)
}
