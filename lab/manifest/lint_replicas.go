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
	case most > n && l.facts.Tasks > 0:
		l.report(maxAbovePartitions, "spec.maxReplicaCount",
			fmt.Sprintf("%d replicas have threads for all %d tasks: %d of %d stay idle.", n, l.facts.Tasks, most-n, most),
			fmt.Sprintf("maxReplicaCount: %d, or more partitions", n))
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
	l.each(func(i int, t *scale.Trigger, _ *Query) {
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
			if !asks(t, want, n) {
				continue
			}
			rest := scale.RestsBelow(float64(want), tolerance)
			if rest < want && want <= int(l.so.Max()) {
				l.trigger(i, restsInDeadBand, "metadata", fmt.Sprintf(
					"At an ask of %d HPA rests at %d, inside its tolerance of %g; the useful count for %d partitions is %d.",
					want, rest, tolerance, n, want), restFix(want, n))
				return
			}
		}
	})
}

func restFix(want, n int) string {
	const tolerance = "behavior.scaleUp.tolerance: 0 (Kubernetes 1.35 and later)"
	if want < n {
		return tolerance
	}
	return tolerance + `, or allowIdleConsumers: "true" with maxReplicaCount at the partitions`
}

// asks reports whether the trigger aims at a useful count, and no higher. kafka_group_desired_replicas aims at one too, and
// asks for more where the HPA's tolerance would swallow the step.
func asks(t *scale.Trigger, want, n int) bool {
	return t.Kafka != nil && (!t.Kafka.AllowIdleConsumers || t.Kafka.EnsureEvenDistribution) &&
		(want == n || t.Kafka.EnsureEvenDistribution && n%want == 0)
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
