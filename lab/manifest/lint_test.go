package manifest

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// manifest builds a ScaledObject from the lines of its spec, and its triggers from blocks.
func manifest(spec string, triggers ...string) string {
	out := "apiVersion: keda.sh/v1alpha1\nkind: ScaledObject\nmetadata: {name: o, namespace: n}\nspec:\n" +
		"  scaleTargetRef: {name: app}\n" + spec
	out += "  triggers:\n"
	for _, t := range triggers {
		out += t
	}
	return out
}

func prometheus(metricType, query, threshold, more string) string {
	return "  - type: prometheus\n    metricType: " + metricType + "\n    metadata:\n" +
		"      serverAddress: http://prometheus:9090\n      query: " + query + "\n" +
		"      threshold: \"" + threshold + "\"\n" + more
}

const (
	nullFalse   = "      ignoreNullValues: \"false\"\n"
	lagQuery    = `max(consumergroup:kafka_group_lag:sum{consumergroup="g"})`
	log2x7Query = `max(consumergroup:kafka_group_lag:log2x7{consumergroup="g"})`
	fallback    = "  fallback: {failureThreshold: 8, replicas: 3, behavior: currentReplicasIfHigher}\n"
	minMax      = "  minReplicaCount: 1\n  maxReplicaCount: 10\n"
	safe        = minMax + fallback
	cpuTrigger  = "  - {type: cpu, metricType: Utilization, metadata: {value: \"70\"}}\n"
	toleranceUp = "  advanced: {horizontalPodAutoscalerConfig: {behavior: {scaleUp: {tolerance: 0}}}}\n"
)

func kafkaTrigger(more string) string {
	return "  - type: kafka\n    metadata: {bootstrapServers: \"k:9092\", consumerGroup: g, topic: t" + more + "}\n"
}

func cronTrigger(replicas string) string {
	return "  - type: cron\n    metadata: {timezone: Europe/Lisbon, start: \"0 8 * * *\", end: \"0 20 * * *\", desiredReplicas: \"" + replicas + "\"}\n"
}

const deployment = `
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: app, namespace: n}
spec:
  template:
    spec:
      containers:
      - {name: main, resources: {requests: {memory: 64Mi}, limits: {CPU}}}
`

const hpaManifest = `
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: old, namespace: n}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: app}
  maxReplicas: 10
`

func TestLint(t *testing.T) {
	seen := map[string]bool{refused.ID: true} // see TestCheck
	lag := prometheus("AverageValue", lagQuery, "1000", nullFalse)
	log2x7 := prometheus("Value", log2x7Query, "100", nullFalse)
	zero := "  minReplicaCount: 0\n  maxReplicaCount: 10\n" + fallback
	for _, c := range []struct {
		name, manifest string
		facts          Facts
		want           []string
	}{
		{"clean", manifest(safe, lag, cpuTrigger), Facts{Partitions: 20, Capacity: 10, RebalancePause: 3 * time.Second}, nil},
		{"log2x7 as AverageValue", manifest(safe, prometheus("AverageValue", log2x7Query, "100", nullFalse), cpuTrigger), Facts{},
			[]string{"ratio-without-value"}},
		{"log2x7 as Value", manifest(safe, log2x7, lag), Facts{}, nil},
		{"null values", manifest(safe, prometheus("AverageValue", lagQuery, "1000", ""), cpuTrigger), Facts{}, []string{"null-is-zero"}},
		{"vector(0)", manifest(safe, prometheus("AverageValue", lagQuery+" or vector(0)", "1000", nullFalse), cpuTrigger), Facts{},
			[]string{"invented-value"}},
		{"no fallback", manifest(minMax, lag, cpuTrigger), Facts{}, []string{"no-fallback"}},
		{"single trigger", manifest(safe, lag), Facts{}, []string{"single-trigger"}},
		{"cpu alone needs neither", manifest(minMax, cpuTrigger), Facts{}, nil},
		{"polling and cooldown", manifest(safe+"  pollingInterval: 10\n  cooldownPeriod: 60\n", lag, cpuTrigger), Facts{},
			[]string{"polling-without-effect", "cooldown-without-effect"}},
		{"polling and cooldown at zero", manifest(zero+"  pollingInterval: 10\n  cooldownPeriod: 60\n", lag, cpuTrigger), Facts{}, nil},
		{"max above partitions", manifest(safe, lag, cpuTrigger), Facts{Partitions: 6}, []string{"max-above-partitions"}},
		{"max in a useless band", manifest("  minReplicaCount: 1\n  maxReplicaCount: 15\n"+fallback, lag, cpuTrigger),
			Facts{Partitions: 20}, []string{"max-in-useless-band"}},
		{"max useful", manifest(safe, lag, cpuTrigger), Facts{Partitions: 20}, nil},
		{"activation one", manifest(zero, kafkaTrigger(`, offsetResetPolicy: earliest, activationLagThreshold: "1"`), cpuTrigger), Facts{},
			[]string{"activation-off-by-one", "kafka-fallback-unreached"}},
		{"activation zero", manifest(zero, prometheus("AverageValue", lagQuery, "1000", nullFalse+"      activationThreshold: \"0\"\n"), cpuTrigger),
			Facts{}, nil},
		{"activation without effect", manifest(safe, prometheus("AverageValue", lagQuery, "1000", nullFalse+"      activationThreshold: \"10\"\n"), cpuTrigger),
			Facts{}, []string{"activation-without-effect"}},
		{"activation by log2x7", manifest(zero, log2x7, lag), Facts{}, []string{"activation-by-derived-metric", "value-from-zero"}},
		{"target out of reach", manifest(safe, prometheus("Value", log2x7Query, "130", nullFalse), lag), Facts{},
			[]string{"log2x7-target-unreachable"}},
		{"target in reach", manifest(safe, prometheus("Value", log2x7Query, "127", nullFalse), lag), Facts{}, nil},
		{"target above a clamp", manifest(safe, prometheus("Value", `clamp_max(max(kafka_group_burndown_seconds{consumergroup="g"}), 32)`, "30", nullFalse), lag),
			Facts{}, []string{"target-in-tolerance"}},
		{"target under a clamp", manifest(safe, prometheus("Value", `clamp_max(max(kafka_group_burndown_seconds{consumergroup="g"}), 120)`, "30", nullFalse), lag),
			Facts{}, nil},
		{"cpu at 95 %", manifest(safe, lag, strings.Replace(cpuTrigger, "70", "95", 1)), Facts{}, []string{"target-in-tolerance"}},
		{"drain below the pause", manifest(safe, prometheus("AverageValue", lagQuery, "1000", nullFalse), cpuTrigger),
			Facts{Capacity: 500, RebalancePause: 5 * time.Second}, []string{"drain-below-rebalance"}},
		{"burndown below the pause", manifest(safe, prometheus("Value", `max(kafka_group_burndown_seconds{consumergroup="g"})`, "3", nullFalse), lag),
			Facts{RebalancePause: 5 * time.Second}, []string{"drain-below-rebalance"}},
		{"desired", manifest("  minReplicaCount: 1\n  maxReplicaCount: 20\n"+fallback,
			prometheus("AverageValue", ">-\n"+indent(desiredQuery), "1", nullFalse), cpuTrigger), Facts{Partitions: 20}, nil},
		{"kafka at the cap", manifest("  minReplicaCount: 1\n  maxReplicaCount: 20\n", kafkaTrigger(""), cpuTrigger), Facts{Partitions: 20},
			[]string{"no-fallback", "rests-in-dead-band"}},
		{"kafka at the cap, tolerance 0", manifest("  minReplicaCount: 1\n  maxReplicaCount: 20\n"+fallback+toleranceUp, kafkaTrigger(""), cpuTrigger),
			Facts{Partitions: 20}, []string{"kafka-fallback-unreached"}},
		{"kafka above the cap", manifest("  minReplicaCount: 1\n  maxReplicaCount: 20\n", kafkaTrigger(`, allowIdleConsumers: "true"`), cpuTrigger),
			Facts{Partitions: 20}, []string{"no-fallback"}},
		{"cron", manifest("  minReplicaCount: 1\n  maxReplicaCount: 40\n"+fallback, lag, cronTrigger("20")), Facts{}, []string{"rests-in-dead-band"}},
		{"cron below eleven", manifest(safe, lag, cronTrigger("10")), Facts{}, nil},
		{"no requests", manifest(safe, lag, cpuTrigger) + strings.Replace(deployment, "CPU", "memory: 1Gi", 1), Facts{}, []string{"no-resource-requests"}},
		{"requests by limit", manifest(safe, lag, cpuTrigger) + strings.Replace(deployment, "CPU", "cpu: 1", 1), Facts{}, nil},
		{"two autoscalers", manifest(safe, lag, cpuTrigger) + hpaManifest, Facts{}, []string{"two-autoscalers"}},
		{"an HPA elsewhere", manifest(safe, lag, cpuTrigger) + strings.Replace(hpaManifest, "name: app", "name: other", 1), Facts{}, nil},
		{"obsolete", manifest(safe, prometheus("AverageValue", lagQuery, "1000", nullFalse+"      metricName: lag\n"), cpuTrigger), Facts{},
			[]string{"obsolete-field"}},
		{"value alone", manifest(safe, log2x7, log2x7), Facts{StartDelay: 400 * time.Second},
			[]string{"value-alone", "window-below-start", "value-alone", "window-below-start"}},
		{"apache-kafka without topic", manifest(minMax, "  - type: apache-kafka\n    metadata: {bootstrapServers: \"k:9092\", consumerGroup: g}\n", cpuTrigger),
			Facts{}, []string{"no-fallback", "kafka-all-topics"}},
		{"uncommitted", manifest("  maxReplicaCount: 10\n", kafkaTrigger(""), cpuTrigger), Facts{}, []string{"no-fallback", "uncommitted-stays-awake"}},
		{"fallback of a fractional formula", manifest(safe+"  advanced: {scalingModifiers: {formula: a * 2, target: \"1.5\"}}\n",
			strings.Replace(lag, "type: prometheus", "type: prometheus\n    name: a", 1), cpuTrigger), Facts{}, []string{"fallback-disabled"}},
		{"container of a formula", manifest(safe+"  advanced: {scalingModifiers: {formula: a, target: \"2\"}}\n",
			strings.Replace(lag, "type: prometheus", "type: prometheus\n    name: a", 1), strings.Replace(cpuTrigger, "{value", "{containerName: main, value", 1)),
			Facts{}, []string{"container-metric-dropped"}},
		{"an HPA by itself", strings.Replace(hpaManifest, "name: old", "name: o", 1) + "  minReplicas: 0\n  metrics:\n" +
			"  - {type: External, external: {metric: {name: kafka_group_lag_log2x7, selector: {matchLabels: {consumergroup: g}}}, target: {type: AverageValue, averageValue: 130}}}\n",
			Facts{}, []string{"hpa-from-zero", "ratio-without-value", "single-trigger"}},
		{"two HPAs", strings.Replace(hpaManifest, "name: old", "name: o", 1) + hpaManifest, Facts{}, []string{"two-autoscalers", "two-autoscalers"}},
		{"another trigger", manifest(safe, lag, "  - {type: rabbitmq, metadata: {queueName: q}}\n"), Facts{}, []string{"not-checked"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			b, err := Parse("so.yaml", []byte(c.manifest), Options{KeepUnread: true})
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, f := range Lint(b, func(*Object) Facts { return c.facts }) {
				got = append(got, f.ID)
				seen[f.ID] = true
				if f.Line == 0 || f.Reason == "" || f.Fix == "" && f.ID != notChecked.ID || f.Severity == 0 || !strings.HasPrefix(f.Object, "n/o") {
					t.Errorf("incomplete finding %+v", f)
				}
			}
			if d := cmp.Diff(c.want, got); d != "" {
				t.Errorf("findings (-want +got):\n%s", d)
			}
		})
	}
	for _, r := range Rules() {
		if !seen[r.ID] {
			t.Errorf("no case finds %s", r.ID)
		}
	}
}

func TestCheck(t *testing.T) {
	lag := prometheus("AverageValue", lagQuery, "1000", nullFalse)
	b, found, err := Check([]string{"-"}, strings.NewReader(manifest(safe+"  color: red\n", lag, cpuTrigger)+"---\n"+
		strings.Replace(manifest(safe, lag), "name: o", "name: p", 1)), Options{}, nil)
	if err != nil || len(b.Objects) != 1 || len(found) != 2 {
		t.Fatalf("%d objects, findings %v, %v", len(b.Objects), found, err)
	}
	if f := found[0]; f.ID != refused.ID || f.File != "-" || f.Line != 9 || f.Object != "n/o" || f.Field != "spec.color" || f.Severity != Fatal {
		t.Errorf("%+v", f)
	}
	if found[1].ID != singleTrigger.ID {
		t.Errorf("%v", found[1])
	}
}

func indent(text string) string {
	var out []string
	for line := range strings.Lines(text) {
		out = append(out, "          "+strings.TrimSpace(line))
	}
	return strings.Join(out, "\n")
}

func TestLintNamesTheLine(t *testing.T) {
	b, err := Parse("so.yaml", []byte(manifest(safe+"  pollingInterval: 10\n",
		prometheus("AverageValue", lagQuery, "1000", ""), cpuTrigger)), Options{})
	if err != nil {
		t.Fatal(err)
	}
	lines := map[string]int{}
	for _, f := range Lint(b, nil) {
		lines[f.ID] = f.Line
	}
	if lines["null-is-zero"] != 11 || lines["polling-without-effect"] != 9 {
		t.Errorf("lines %v", lines)
	}
	if !slices.Contains([]string{"info", "warning", "error"}, Info.String()) {
		t.Error("severity has no name")
	}
}
