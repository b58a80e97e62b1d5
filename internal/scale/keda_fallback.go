package scale

import "strconv"

// withFallback counts failures and, beyond the threshold, replaces the value by the fallback's.
func (k *KEDA) withFallback(trigger int, raw record, w Workload) record {
	s := &k.state[trigger]
	usable := k.fallbackUsable()
	if raw.err == nil {
		if usable {
			s.failures = 0
		}
		raw.fallback = false
		return raw
	}
	if !usable {
		return record{err: raw.err}
	}
	s.failures++
	f := k.so.Fallback
	if s.failures <= f.FailureThreshold {
		return record{err: raw.err}
	}
	if f.Behavior == FallbackScalingModifiers {
		// The formula sees nil in place of this trigger.
		return record{milli: -1000}
	}
	milli, ok := k.fallbackMilli(trigger, w)
	if !ok {
		return record{err: errFallback}
	}
	return record{milli: milli, fallback: true}
}

// fallbackUsable is KEDA's check: with a formula, the target has to be a positive integer.
func (k *KEDA) fallbackUsable() bool {
	f := k.so.Fallback
	if f == nil || f.FailureThreshold < 0 || f.Replicas < 0 {
		return false
	}
	if k.so.Modifiers == nil {
		return true
	}
	n, err := strconv.ParseInt(k.so.Modifiers.TargetText, 10, 64)
	return err == nil && n > 0
}

// fallbackReplicas is the count the fallback stands for.
func (f *Fallback) fallbackReplicas(current int32) int32 {
	switch f.Behavior {
	case FallbackCurrentReplicas:
		return current
	case FallbackCurrentReplicasIfHigher:
		return max(current, f.Replicas)
	case FallbackCurrentReplicasIfLower:
		return min(current, f.Replicas)
	default:
		return f.Replicas
	}
}

// fallbackMilli is the metric value that makes the HPA arrive at the fallback's replicas; without a ready pod a
// Value metric cannot express it.
func (k *KEDA) fallbackMilli(trigger int, w Workload) (int64, bool) {
	replicas := float64(k.so.Fallback.fallbackReplicas(w.SpecReplicas))
	t := &k.so.Triggers[trigger]
	kind, target := t.Kind, t.fallbackTarget()
	if k.so.Modifiers != nil {
		kind, target = k.so.Modifiers.Kind, k.so.Modifiers.Target
	}
	if kind == Value {
		if w.ReadyReplicas == 0 {
			return 0, false
		}
		replicas /= float64(w.ReadyReplicas)
	}
	return toInt64(target * 1000 * replicas), true
}

func (t *Trigger) fallbackTarget() float64 {
	switch t.Type {
	case KafkaTrigger, ApacheKafkaTrigger:
		return float64(t.Kafka.LagThreshold)
	case PrometheusTrigger:
		return approximate(Milli(t.Prometheus.Threshold))
	case MetricsAPITrigger:
		return approximate(Milli(t.MetricsAPI.Target))
	default:
		return 1
	}
}
