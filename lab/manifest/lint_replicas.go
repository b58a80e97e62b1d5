package manifest

import (
	"fmt"
	"slices"
	"time"

	"kafka_burndown_exporter/internal/scale"
)

func (l *linter) pollingAndCooldown() {
	if l.o.notes.pollingSet && !l.so.PollingMatters() && l.so.Modifiers == nil {
		l.report(pollingWithoutEffect, "spec.pollingInterval",
			"Between 1 and N replicas the HPA alone scales, every 15 s; "+
				"pollingInterval acts only at minReplicaCount 0, idleReplicaCount or useCachedMetrics.",
			"leave it out; for slower or faster reactions use advanced.horizontalPodAutoscalerConfig.behavior")
	}
	if l.o.notes.cooldownSet && l.so.Min() > 0 && l.so.IdleReplicas == nil {
		l.report(cooldownWithoutEffect, "spec.cooldownPeriod",
			"cooldownPeriod delays only the step to zero or idle, which minReplicaCount above 0 rules out.",
			"leave it out; to keep replicas longer set behavior.scaleDown.stabilizationWindowSeconds")
	}
}

func (l *linter) maxReplicas() {
	n, most := l.facts.Partitions, int(l.so.Max())
	if n < 1 {
		return
	}
	counts := scale.UsefulCounts(n)
	switch {
	case most > n:
		l.report(maxAbovePartitions, "spec.maxReplicaCount",
			fmt.Sprintf("%d replicas share %d partitions: %d of them stay idle.", most, n, most-n),
			fmt.Sprintf("maxReplicaCount: %d, or more partitions", n))
	case !slices.Contains(counts, most):
		less := counts[0]
		for _, c := range counts {
			if c < most {
				less = c
			}
		}
		l.report(maxInUselessBand, "spec.maxReplicaCount",
			fmt.Sprintf("The fullest of %d members owns as many of %d partitions as with %d: the rest adds nothing.", most, n, less),
			fmt.Sprintf("maxReplicaCount: %d or %d", less, scale.UsefulReplicas(n, float64(most))))
	}
}

func (l *linter) activation() {
	if l.so.Plain {
		return // KEDA alone has activation
	}
	toZero := l.so.Min() == 0 || l.so.IdleReplicas != nil
	l.each(func(i int, t *scale.Trigger, q *Query) {
		field, value, set := "metadata.activationThreshold", 0.0, false
		switch {
		case t.Kafka != nil:
			field, value = "metadata.activationLagThreshold", float64(t.Kafka.ActivationLagThreshold)
			set = slices.Contains(l.o.notes.triggers[i].set, "activationLagThreshold")
		case t.MetricsAPI != nil:
			field, value = "metadata.activationTargetValue", t.MetricsAPI.ActivationTarget
			set = slices.Contains(l.o.notes.triggers[i].set, "activationTargetValue")
		case t.Prometheus != nil:
			value = t.Prometheus.ActivationThreshold
			set = slices.Contains(l.o.notes.triggers[i].set, "activationThreshold")
		default:
			return
		}
		switch {
		case !toZero && set:
			l.trigger(i, activationWithoutEffect, field,
				"Activation decides only between zero or idle and the minimum, which minReplicaCount above 0 rules out.", "leave it out")
		case !toZero || l.so.Modifiers != nil:
		case value == 1 && (t.Kafka != nil || (q != nil && !ratio(q))):
			l.trigger(i, activationOffByOne, field,
				"A trigger is active strictly above its threshold: the first message does not wake the target, the second does.",
				`"0" for the first message`)
		case value == 0 && q != nil && (q.Uses(SignalLog2x7) || q.Uses(SignalDesired)):
			l.trigger(i, activationByDerived, field,
				"log2×7 is 0 at a lag of 1, and rates and capacities are 0 or unknown without a pod: the target may not wake up.",
				`activationThreshold: "1e9" here, and a trigger on the backlog with activationThreshold "0"`)
		}
	})
}

// zero finds HPAs that the API server refuses before Kubernetes 1.37.
func (l *linter) zero() {
	if l.so.Plain && l.so.MinReplicas != nil && *l.so.MinReplicas == 0 {
		l.report(hpaZero, "spec.minReplicas", "Before Kubernetes 1.37 the API server refuses minReplicas 0, unless the gate HPAScaleToZero is on.",
			"minReplicas: 1, or a ScaledObject")
	}
}

// restsBelow finds useful counts at which HPA's dead band keeps the replicas on a useless count below.
func (l *linter) restsBelow() {
	tolerance := l.upTolerance()
	n := l.facts.Partitions
	l.each(func(i int, t *scale.Trigger, q *Query) {
		if t.Kind != scale.AverageValue {
			return
		}
		if t.Cron != nil {
			l.cronRests(i, t, n, tolerance)
			return
		}
		if n < 1 {
			return
		}
		for _, want := range slices.Backward(scale.UsefulCounts(n)) {
			ask, ok := l.ask(t, q, want, n)
			if !ok {
				continue
			}
			rest := scale.RestsBelow(ask, tolerance)
			if rest < want && want <= int(l.so.Max()) {
				l.trigger(i, restsInDeadBand, "metadata", fmt.Sprintf(
					"At an ask of %.4g HPA rests at %d, inside its tolerance of %g; the useful count for %d partitions is %d.",
					ask, rest, tolerance, n, want), restFix(t, want, n))
				return
			}
		}
	})
}

func restFix(t *scale.Trigger, want, n int) string {
	tolerance := "behavior.scaleUp.tolerance: 0 (Kubernetes 1.35 and later)"
	switch {
	case want < n:
		return tolerance
	case t.Kafka != nil:
		return tolerance + `, or allowIdleConsumers: "true" with maxReplicaCount at the partitions`
	default:
		return tolerance + ", or ask for a quarter more at the ceiling as rules/trigger-queries.yaml does"
	}
}

// ask is what the trigger asks for, in replicas, where it aims at a useful count; ok is false where it does not.
func (l *linter) ask(t *scale.Trigger, q *Query, want, n int) (float64, bool) {
	switch {
	case t.Kafka != nil:
		capped := !t.Kafka.AllowIdleConsumers || t.Kafka.EnsureEvenDistribution
		return float64(want), capped && (want == n || t.Kafka.EnsureEvenDistribution && n%want == 0)
	case q == nil || !q.Uses(SignalDesired):
		return 0, false
	}
	v, ok := q.Eval(SignalsFunc(func(r Ref) (float64, bool) {
		switch r.Signal {
		case SignalDesired:
			return float64(want), true
		case SignalUsefulMembers, SignalPartitions:
			return float64(n), true
		}
		return 0, false
	}))
	return v / t.Prometheus.Threshold, ok
}

func (l *linter) cronRests(i int, t *scale.Trigger, n int, tolerance float64) {
	want := int(min(t.Cron.DesiredReplicas, int64(l.so.Max())))
	rest := scale.RestsBelow(float64(t.Cron.DesiredReplicas), tolerance)
	if n > 0 {
		// A count below does no harm while the fullest member owns no more than at the count asked for.
		if rest < want && (n+rest-1)/rest == (n+want-1)/want {
			return
		}
	}
	if rest >= want {
		return
	}
	l.trigger(i, restsInDeadBand, "metadata.desiredReplicas",
		fmt.Sprintf("At an ask of %d HPA rests anywhere from %d on, inside its tolerance of %g.",
			t.Cron.DesiredReplicas, rest, tolerance),
		"behavior.scaleUp.tolerance: 0 (Kubernetes 1.35 and later), or a higher desiredReplicas under the same maxReplicaCount")
	if n < 1 {
		l.weaken(Info)
	}
}

// valueAlone finds Value triggers where their compounding does harm.
func (l *linter) valueAlone() {
	average := slices.ContainsFunc(l.so.Triggers, func(t scale.Trigger) bool { return t.Kind != scale.Value })
	window := 300 * time.Second
	if b := l.so.Behavior; b != nil && b.Down != nil && b.Down.Window != nil {
		window = *b.Down.Window
	}
	l.each(func(i int, t *scale.Trigger, _ *Query) {
		if t.Kind != scale.Value {
			return
		}
		if l.so.Min() == 0 {
			l.trigger(i, valueFromZero, "metricType",
				"Value multiplies the ready pods: while none is ready it asks for 0, which is the minimum.",
				"minReplicaCount: 1, or an AverageValue trigger")
		}
		if !average {
			l.trigger(i, valueAlone, "metricType",
				"Value multiplies the ready pods: pods that are not ready (a rollout, a crash loop) scale the target down under load.",
				"an AverageValue trigger beside it")
		}
		if window < l.facts.StartDelay {
			l.trigger(i, windowBelowStart, "metricType", fmt.Sprintf(
				"The scale-down window of %s is shorter than the %s a pod needs to start: "+
					"pods that are not ready yet pull the answer down.",
				window, l.facts.StartDelay), "behavior.scaleDown.stabilizationWindowSeconds of at least the start delay")
		}
	})
}
