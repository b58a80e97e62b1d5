package manifest

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"kafka_burndown_exporter/internal/scale"
)

// ratio says whether a query's answer does not grow with the number of replicas it takes, so that dividing it among
// them means nothing.
func ratio(q *Query) bool {
	for _, s := range []Signal{SignalLog2x7, SignalAge, SignalBurndown, SignalBurndownMax} {
		if q.Uses(s) {
			return true
		}
	}
	for _, f := range []string{"log2(", "log10(", "ln("} {
		if strings.Contains(q.Text, f) {
			return true
		}
	}
	return q.Uses(SignalProducerRate) && q.Uses(SignalConsumerRate) && !q.Difference() && strings.Contains(q.Text, "/")
}

func (l *linter) ratioAsAverage() {
	l.each(func(i int, t *scale.Trigger, q *Query) {
		if q == nil || t.Kind == scale.Value || !ratio(q) {
			return
		}
		reason := "A ratio or logarithm is divided among the replicas under AverageValue."
		if !math.IsInf(q.Upper, 1) {
			most := int(math.Ceil(q.Upper / t.Prometheus.Threshold))
			reason = fmt.Sprintf("%s It is never above %g, so it never asks for more than %d replica(s).", reason, q.Upper, most)
		}
		fix := "metricType: Value"
		if l.so.Plain {
			fix = "target: {type: Value}"
		}
		l.trigger(i, ratioWithoutValue, "metricType", reason, fix)
	})
}

func (l *linter) nullValues() {
	l.each(func(i int, t *scale.Trigger, _ *Query) {
		if t.Prometheus != nil && t.Prometheus.IgnoreNullValues {
			l.trigger(i, nullIsZero, "metadata.ignoreNullValues",
				"An empty answer, NaN or Inf counts as 0: a lost metric scales to the minimum during an outage.",
				`ignoreNullValues: "false"`)
		}
	})
}

func (l *linter) invented() {
	l.each(func(i int, _ *scale.Trigger, q *Query) {
		if q != nil && q.Invents {
			l.trigger(i, inventedValue, "metadata.query",
				"`or vector(…)` answers with a number where the truth is unknown: a lost metric scales down.",
				"drop it, and let the fallback and a second trigger cover a lost metric")
		}
	})
}

func (l *linter) safetyNet() {
	external := slices.ContainsFunc(l.so.Triggers, func(t scale.Trigger) bool { return !t.IsResource() && t.Type != scale.CronTrigger })
	if !external {
		return
	}
	if l.so.Fallback == nil && !l.so.Plain {
		l.report(noFallback, "spec.fallback",
			"While the metric is lost, the replicas stay where they are, however much the load grows.",
			"fallback: {failureThreshold: 8, replicas: …, behavior: currentReplicasIfHigher}")
	}
	if len(l.so.Triggers) == 1 {
		l.report(singleTrigger, "spec.triggers",
			"With one trigger, nothing scales up while its metric is lost: HPA takes the largest of the metrics that answer.",
			"add a second trigger, such as cpu or kafka")
	}
	if l.so.Fallback != nil && l.so.Modifiers != nil {
		l.fallbackOfFormula()
	}
}

func (l *linter) fallbackOfFormula() {
	if strings.TrimLeft(l.so.Modifiers.TargetText, "0123456789") == "" {
		return
	}
	l.report(fallbackDisabled, "spec.advanced.scalingModifiers.target",
		"With a formula, KEDA applies the fallback only if target is a whole number; here it never does.",
		"scale the formula so that target is whole")
}

// unreachableTarget finds targets that the metric's own bound keeps inside the dead band.
func (l *linter) unreachableTarget() {
	tolerance := l.upTolerance()
	l.each(func(i int, t *scale.Trigger, q *Query) {
		if t.IsResource() {
			l.resourceTarget(i, t, tolerance)
			return
		}
		if q == nil || t.Kind != scale.Value || math.IsInf(q.Upper, 1) {
			return
		}
		threshold := t.Prometheus.Threshold
		if q.Upper/threshold > 1+tolerance {
			return
		}
		found := targetInTolerance
		if q.Uses(SignalLog2x7) {
			found = unreachable
		}
		l.trigger(i, found, "metadata.threshold", fmt.Sprintf(
			"The metric is never above %g, which is %.2f of the target %g: inside the tolerance of %g, it can never scale up.",
			q.Upper, q.Upper/threshold, threshold, tolerance),
			fmt.Sprintf("threshold below %.4g", q.Upper/(1+tolerance)))
	})
}

func (l *linter) resourceTarget(i int, t *scale.Trigger, tolerance float64) {
	if t.Kind != scale.Utilization || 100/float64(t.Resource.Target) > 1+tolerance {
		return
	}
	l.trigger(i, targetInTolerance, "metadata.value", fmt.Sprintf(
		"A pod at its full request is at %.2f of the target, inside the tolerance of %g: "+
			"it scales up only on usage above the request.",
		100/float64(t.Resource.Target), tolerance),
		fmt.Sprintf("value below %.0f", 100/(1+tolerance)))
	l.weaken(Warning)
}

// lagPerReplica says that the target is a lag in messages for each replica.
func lagPerReplica(t *scale.Trigger, q *Query) bool {
	return t.Kind == scale.AverageValue && (q.Primary() == SignalLag || q.Primary() == SignalBacklog) && !ratio(q)
}

func (l *linter) shortDrain() {
	if l.facts.RebalancePause <= 0 {
		return
	}
	pause := l.facts.RebalancePause.Seconds()
	l.each(func(i int, t *scale.Trigger, q *Query) {
		drain, field := 0.0, "metadata.threshold"
		switch {
		case t.Kafka != nil && t.Kind == scale.AverageValue && l.facts.Capacity > 0:
			drain, field = float64(t.Kafka.LagThreshold)/l.facts.Capacity, "metadata.lagThreshold"
		case q == nil:
			return
		case q.Uses(SignalBurndown) || q.Uses(SignalBurndownMax) || q.Uses(SignalAge):
			drain = t.Prometheus.Threshold
		case lagPerReplica(t, q) && l.facts.Capacity > 0:
			drain = t.Prometheus.Threshold / l.facts.Capacity
		default:
			return
		}
		if drain >= pause || drain <= 0 {
			return
		}
		l.trigger(i, drainBelowRebalance, field, fmt.Sprintf(
			"The target stands for %.3g s of work, and a rebalance stops consumption for %.3g s: "+
				"each scale-out builds the lag that asks for the next.",
			drain, pause), "a target worth several rebalance pauses, 60 s or more")
	})
}
