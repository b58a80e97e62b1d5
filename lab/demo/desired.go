package demo

import (
	"math"
	"time"

	"kafka_burndown_exporter/internal/scale"
	"kafka_burndown_exporter/lab/manifest"
)

// The windows of the recording rules behind the desired replicas. A change of membership is seen late, so a capacity is
// that of the rate a while ago, once the members have stood until now.
const (
	slopeWindow  = time.Minute
	stableWindow = 5 * time.Minute
	confirmed    = 2 * time.Minute
)

// learner keeps what one member of a group was seen to consume at most; the scenario's capacity per pod, reduced, stands
// in as the recorded prior does.
type learner struct {
	prior float64
	best  float64
}

// learn looks at a group's last minutes and returns the capacity of one member, 0 while none is known.
func (l *learner) learn(h *history, group string, now time.Duration) float64 {
	at, members := h.over(group, manifest.SignalMembers, now, stableWindow)
	steady := len(at) > 1 && at[len(at)-1]-at[0] > stableWindow*3/4
	for _, m := range members {
		steady = steady && m == members[0] && m >= 1
	}
	if steady {
		rate, ok1 := h.latest(group, manifest.SignalConsumerRate, now-confirmed)
		useful, ok2 := h.latest(group, manifest.SignalUsefulMembers, now-confirmed)
		if ok1 && ok2 && useful > 0 {
			l.best = math.Max(l.best, rate/math.Min(members[0], useful))
		}
	}
	return math.Max(l.best, l.prior)
}

// derive adds the recorded signals that the exporter does not publish to a group's newest reading.
func (l *learner) derive(h *history, group string, now time.Duration) {
	capacity := l.learn(h, group, now)
	lag, ok1 := h.latest(group, manifest.SignalLag, now)
	rate, ok2 := h.latest(group, manifest.SignalProducerRate, now)
	if !ok1 || !ok2 {
		return
	}
	h.set(group, manifest.SignalCapacity, capacity)
	trend, _ := slope(h.over(group, manifest.SignalProducerRate, now, slopeWindow))
	raw, ok := scale.DefaultDemand().Raw(lag, rate, trend, capacity)
	if !ok {
		return
	}
	h.set(group, manifest.SignalDesiredRaw, raw)
	if useful, ok := h.latest(group, manifest.SignalUsefulMembers, now); ok {
		h.set(group, manifest.SignalDesired, float64(scale.UsefulReplicas(int(useful), raw)))
	}
}
