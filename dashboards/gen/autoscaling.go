package main

import "kafka_burndown_exporter/dashboards"

// autoscaling shows what KEDA and HPA see of one ScaledObject, and what came of it.
func autoscaling() dashboards.Dashboard {
	scaled := choice("scaledobject", "ScaledObject", "label_values(keda_scaler_metrics_value{"+oneCluster+"}, scaledObject)")
	return dashboard("kafka-autoscaling", "Kafka / Autoscaling",
		"One ScaledObject: each trigger against its target, the replicas that came of it, reversals and cost. "+
			"Needs kube-state-metrics and KEDA's metrics.",
		[]dashboards.Variable{groupVariable(), scaled, hpaVariable()},
		[]section{
			{"Outcome", []line{{4, scalingStats()}}},
			{"Triggers", []line{{9, scalingTriggers()}}},
			{"Replicas", []line{{9, scalingReplicas()}}},
			{"The group", []line{{9, scalingGroup()}}},
		})
}

func kube(name string) string {
	return `max by (cluster, namespace, horizontalpodautoscaler) (kube_horizontalpodautoscaler_` + name + `{` + oneHPA + `})`
}

// reversals counts how often the direction of scaling turned over. Each change shows for five minutes in the inner delta.
func reversals(window string) string {
	return `max(changes((sgn(delta(kube_horizontalpodautoscaler_status_desired_replicas{` + oneHPA + `}[5m])) != 0)[` +
		window + `:1m]))`
}

func scalingStats() []dashboards.Panel {
	return []dashboards.Panel{
		stat("Replicas", "Replicas now.", short, plain(), query{kube("status_current_replicas"), "replicas"}),
		stat("Replica-hours", "Replicas times hours over the time shown: what the consumers cost.", short, plain(), query{
			`max(sum_over_time(kube_horizontalpodautoscaler_status_current_replicas{` + oneHPA + `}[$__range:1m])) / 60`,
			"replica-hours",
		}),
		stat("Scale changes", "How often the wanted replicas changed over the time shown. Every change is a rebalance.", short,
			steps("green", "orange", 50.0), query{
				`max(changes(kube_horizontalpodautoscaler_status_desired_replicas{` + oneHPA + `}[$__range]))`, "changes",
			}),
		stat("Reversals", "How often scaling turned from out to in or back over the time shown. None where it never moved.", short,
			steps("green", "orange", 6.0), query{reversals("$__range"), "reversals"}),
		stat("At the maximum", "Share of the time shown at the maximum of replicas.", percent, steps("green", "orange", 0.2), query{
			`avg_over_time((` + kube("status_desired_replicas") + ` >= bool ` + kube("spec_max_replicas") + `)[$__range:1m])`,
			"at the maximum",
		}),
	}
}

func scalingTriggers() []dashboards.Panel {
	ratio := `max by (cluster, namespace, horizontalpodautoscaler, metric_name, metric_target_type) (` +
		`kube_horizontalpodautoscaler_status_target_metric{` + oneHPA + `})` +
		` / on (cluster, namespace, horizontalpodautoscaler, metric_name, metric_target_type) ` +
		`max by (cluster, namespace, horizontalpodautoscaler, metric_name, metric_target_type) (` +
		`kube_horizontalpodautoscaler_spec_target_metric{` + oneHPA + `} > 0)`
	one := oneCluster + `, scaledObject=${scaledobject:doublequote}`
	return []dashboards.Panel{
		timeseries("Each trigger against its target",
			"As HPA sees it: 1 is on target, and between 0.9 and 1.1 it does nothing at the default tolerance.", short,
			steps("transparent", "green", 0.9, "red", 1.1), query{ratio, "{{metric_name}} {{metric_target_type}}"}),
		timeseries("Value of each trigger", "What KEDA hands to HPA.", short, plain(), query{
			`max by (cluster, namespace, metric, scaler) (keda_scaler_metrics_value{` + one + `})`, "{{metric}}",
		}),
		timeseries("Errors of each trigger",
			"While a trigger fails, it scales out nothing, and nothing is scaled in.", short, steps("transparent", "red", 1.0), query{
				`max by (cluster, namespace, metric, scaler) (increase(keda_scaler_detail_errors_total{` + one + `}[$__rate_interval]))`,
				"{{metric}}",
			}),
	}
}

func scalingReplicas() []dashboards.Panel {
	return []dashboards.Panel{
		hpaReplicas(),
		timeseries("Changes and reversals in half an hour", "More than ten changes is flapping.", short,
			steps("transparent", "red", 10.0),
			query{
				`max by (cluster, namespace) (changes(kube_horizontalpodautoscaler_status_desired_replicas{` + oneHPA + `}[30m]))`,
				"changes {{namespace}} {{cluster}}",
			},
			query{reversals("30m"), "reversals"}),
		dashed(timeseries("Wanted by desired-replicas", "What our rules ask for, useful counts only, against the limit.", short, plain(),
			query{`consumergroup:kafka_group_desired_replicas:raw{` + oneGroup + `}`, "unrounded {{cluster}}"},
			query{`consumergroup:kafka_group_desired_replicas:useful{` + oneGroup + `}`, "wanted {{cluster}}"},
			query{`consumergroup:kafka_group_useful_members:max{` + oneGroup + `}`, "useful {{cluster}}"}), "C"),
	}
}

func scalingGroup() []dashboards.Panel {
	signals := groupSignals()
	return []dashboards.Panel{
		signals[0], signals[1],
		timeseries("Backlog", "What an earliest consumer still has to read. Scale to zero activates on it.", short, plain(),
			query{`consumergroup:kafka_group_backlog:sum{` + oneGroup + `}`, "backlog {{cluster}}"}),
	}
}
