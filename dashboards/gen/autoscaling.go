package main

import (
	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/common"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
	"github.com/grafana/grafana-foundation-sdk/go/units"

	"kafka_burndown_exporter/dashboards/gen/names"
)

// What kube-state-metrics and KEDA publish. It may have no cluster label, and then belongs to any cluster.
const (
	hpaCurrent = "kube_horizontalpodautoscaler_status_current_replicas"
	hpaDesired = "kube_horizontalpodautoscaler_status_desired_replicas"
	hpaMost    = "kube_horizontalpodautoscaler_spec_max_replicas"
	hpaMetric  = "kube_horizontalpodautoscaler_status_target_metric"
	hpaTarget  = "kube_horizontalpodautoscaler_spec_target_metric"
	kedaValue  = "keda_scaler_metrics_value"
	kedaErrors = "keda_scaler_detail_errors_total"

	thisCluster = `cluster=~"$cluster|"`
)

func ofHPA(name string) string {
	return name + "{" + thisCluster + ", horizontalpodautoscaler=${hpa:doublequote}}"
}

func ofScaledObject(name string) string {
	return name + "{" + thisCluster + ", scaledObject=${scaledobject:doublequote}}"
}

// autoscaling shows what KEDA and HPA see of one ScaledObject, and what came of it.
func autoscaling() board {
	return board{
		uid: "kafka-autoscaling", title: "Kafka / Autoscaling",
		description: "One ScaledObject: each trigger against its target, the replicas that follow, how often they change, and what " +
			"they cost. It needs kube-state-metrics and KEDA's metrics.",
		variables: []dashboard.VariableModel{
			groupVariable(),
			choice("scaledobject", "ScaledObject", valuesOf(kedaValue+"{"+thisCluster+"}", "scaledObject")),
			choice("hpa", "HPA", valuesOf(hpaMost+"{"+thisCluster+"}", "horizontalpodautoscaler")),
		},
		rows: []row{
			{"Outcome", []line{{4, scalingOutcome()}}},
			{"Triggers", []line{{9, scalingTriggers()}}},
			{"Replicas", []line{{9, scalingReplicas()}}},
			{"The group", []line{{9, scalingGroup()}}},
		},
	}
}

func oneHPA(name string) string {
	return "max by (cluster, namespace, horizontalpodautoscaler) (" + ofHPA(name) + ")"
}

// reversals counts how often scaling changed its direction. Each change of the replicas shows for five minutes in the
// inner delta. An HPA that never moved has none.
func reversals(window string) string {
	return "max(changes((sgn(delta(" + ofHPA(hpaDesired) + "[5m])) != 0)[" + window + ":1m])) or 0 * max(" + ofHPA(hpaDesired) + ")"
}

func scalingOutcome() []cog.Builder[dashboard.Panel] {
	return []cog.Builder[dashboard.Panel]{
		now("Replicas", "How many replicas there are.", units.Short, plain(),
			query{"max(" + ofHPA(hpaCurrent) + ")", "replicas"}),
		now("Why", "The reason that decided how many replicas the exporter asks for, or why it does not know.", units.Short, plain(),
			query{"max by (reason) (" + ofGroup(names.GroupDesiredReason) + ") == 1", "{{reason}}"}).
			TextMode(common.BigValueTextModeName),
		now("Replica-hours", "The sum of replicas times hours over the time shown: what the consumers cost.", units.Short, plain(),
			query{"max(sum_over_time(" + ofHPA(hpaCurrent) + "[$__range:1m])) / 60", "replica-hours"}),
		now("Changes", "How often the desired replicas changed over the time shown. Each change makes the group rebalance.",
			units.Short, steps("green", from{50, "orange"}),
			query{"max(changes(" + ofHPA(hpaDesired) + "[$__range]))", "changes"}),
		now("Reversals", "How often scaling changed its direction over the time shown.", units.Short,
			steps("green", from{6, "orange"}), query{reversals("$__range"), "reversals"}),
		now("At the maximum", "The share of the time shown in which the desired replicas were at their maximum.",
			units.PercentUnit, steps("green", from{0.2, "orange"}), query{
				"max(avg_over_time((" + oneHPA(hpaDesired) + " >= bool " + oneHPA(hpaMost) + ")[$__range:1m]))", "at the maximum",
			}),
	}
}

func scalingTriggers() []cog.Builder[dashboard.Panel] {
	const key = "cluster, namespace, horizontalpodautoscaler, metric_name, metric_target_type"
	ratio := "max by (" + key + ") (" + ofHPA(hpaMetric) + ") / on (" + key + ") max by (" + key + ") (" + ofHPA(hpaTarget) + " > 0)"
	perTrigger := func(expr string) string { return "max by (cluster, namespace, metric, scaler) (" + expr + ")" }
	return []cog.Builder[dashboard.Panel]{
		course("Triggers against their targets",
			"The value of each trigger divided by its target. With the default tolerance, HPA does nothing between 0.9 and 1.1.",
			units.Short, steps("transparent", from{0.9, "green"}, from{1.1, "red"}),
			query{ratio, "{{metric_name}} {{metric_target_type}}"}),
		course("Trigger values", "What KEDA hands to HPA for each trigger.", units.Short, plain(),
			query{perTrigger(ofScaledObject(kedaValue)), "{{metric}}"}),
		course("Trigger errors",
			"How often KEDA got no answer for a trigger. As long as a trigger fails, HPA does not scale in.", units.Short,
			steps("transparent", from{1, "red"}), query{perTrigger(increase(ofScaledObject(kedaErrors))), "{{metric}}"}),
	}
}

func scalingReplicas() []cog.Builder[dashboard.Panel] {
	one := func(name, legend string) query {
		return query{"max by (cluster, namespace) (" + ofHPA(name) + ")", legend + " {{namespace}} {{cluster}}"}
	}
	return []cog.Builder[dashboard.Panel]{
		dashed(course("Replicas of the HPA", "How many replicas there are, how many HPA wants, and how many it may have at most.",
			units.Short, plain(), one(hpaCurrent, "current"), one(hpaDesired, "desired"), one(hpaMost, "maximum")), "C"),
		course("Changes and reversals in 30 minutes",
			"How often the desired replicas changed, and how often scaling changed its direction. More than ten changes are flapping.",
			units.Short, steps("transparent", from{10, "red"}),
			query{"max by (cluster, namespace) (changes(" + ofHPA(hpaDesired) + "[30m]))", "changes {{namespace}} {{cluster}}"},
			query{reversals("30m"), "reversals"}),
		course("Replicas that the exporter asks for",
			"How many replicas the exporter asks for, and how many members the group has. The group's own dashboard says why.",
			units.Short, plain(),
			query{"max(" + ofGroup(names.GroupDesiredReplicas) + ")", "asked for"},
			query{"max(" + ofGroup(names.ConsumergroupGroupMembersMax) + ")", "members"}),
	}
}

func scalingGroup() []cog.Builder[dashboard.Panel] {
	waiting := append(waitQueries(), query{"max(" + ofHPA(hpaCurrent) + ")", "replicas"})
	return []cog.Builder[dashboard.Panel]{
		rightAxis(course("Burndown, age and replicas", "Left: how long messages wait. Right: how many replicas there are.",
			units.Seconds, steps("transparent", from{60, "red"}), waiting...), refID(len(waiting)-1), units.Short),
		course("Backlog",
			"How many messages a consumer that starts at the earliest offset has to read. Scaling from zero starts on it.",
			units.Short, plain(), query{ofGroup(names.ConsumergroupGroupBacklogSum), "backlog {{cluster}}"}),
	}
}
