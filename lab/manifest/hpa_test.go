package manifest

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"kafka_burndown_exporter/internal/scale"
)

const plainHPA = `apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: orders, namespace: shop, labels: {team: a}}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: order-consumer}
  minReplicas: 2
  maxReplicas: 12
  behavior: {scaleDown: {stabilizationWindowSeconds: 60}}
  metrics:
    - type: External
      external:
        metric: {name: kafka_group_lag, selector: {matchLabels: {consumergroup: orders}, matchExpressions: [{key: cluster, operator: In, values: [eu.1, us]}]}}
        target: {type: AverageValue, averageValue: 1500m}
    - type: ContainerResource
      containerResource: {name: cpu, container: main, target: {type: Utilization, averageUtilization: 70}}
    - type: Resource
      resource: {name: memory, target: {type: AverageValue, averageValue: 256Mi}}
status: {currentReplicas: 3}
`

func TestPlainHPA(t *testing.T) {
	b, err := Parse("hpa.yaml", []byte(plainHPA), Options{})
	if err != nil {
		t.Fatal(err)
	}
	o := b.Objects[0]
	window := time.Minute
	want := scale.ScaledObject{
		Namespace: "shop", Name: "orders", Plain: true, MinReplicas: ptr(int32(2)), MaxReplicas: ptr(int32(12)),
		Behavior: &scale.Behavior{Down: &scale.Rules{Window: &window}},
		Triggers: []scale.Trigger{
			{Type: scale.PrometheusTrigger, Name: "kafka_group_lag", Prometheus: &scale.Prometheus{
				Query: `sum(kafka_group_lag{consumergroup="orders",cluster=~"eu\\.1|us"})`, Threshold: 1.5}},
			{Type: scale.CPUTrigger, Name: "cpu", Kind: scale.Utilization, Resource: &scale.ResourceTarget{Target: 70, Container: "main"}},
			{Type: scale.MemoryTrigger, Name: "memory", Kind: scale.AverageValue, Resource: &scale.ResourceTarget{Target: 256 << 20 * 1000}},
		},
	}
	if d := cmp.Diff(want, o.Scale); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	if o.Kind != KindHPA || o.Group() != "orders" || o.Target.String() != "Deployment/order-consumer" {
		t.Errorf("%+v", o)
	}
	spec := o.Scale.HPASpec(nil)
	if spec.MinReplicas != 2 || spec.Metrics[1].Name != "kafka_group_lag" || spec.Metrics[1].Target != 1500 {
		t.Errorf("%+v", spec)
	}
}

func TestPlainHPADefaultsAndErrors(t *testing.T) {
	head := "apiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {name: h}\nspec:\n  scaleTargetRef: {name: app}\n"
	for _, c := range []struct{ name, text, want string }{
		{"cpu by default", head + "  maxReplicas: 3\n", ""},
		{"v1", strings.Replace(head, "v2", "v1", 1) + "  maxReplicas: 3\n  targetCPUUtilizationPercentage: 60\n", ""},
		{"KEDA's own", strings.Replace(head, "{name: h}", "{name: h, labels: {scaledobject.keda.sh/name: s}}", 1), "expected one"},
		{"beta", strings.Replace(head, "v2", "v2beta2", 1) + "  maxReplicas: 3\n", `"autoscaling/v2beta2" is not read`},
		{"no maximum", head, "spec.maxReplicas: is missing"},
		{"no target", "apiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {name: h}\nspec: {maxReplicas: 3}\n", "spec.scaleTargetRef: is missing"},
		{"zero without a metric for it", head + "  maxReplicas: 3\n  minReplicas: 0\n", "spec.minReplicas: 0 needs an external"},
		{"unknown field", head + "  maxReplicas: 3\n  minReplicaCount: 1\n", "spec.minReplicaCount: is not a field here"},
		{"pods", head + "  maxReplicas: 3\n  metrics: [{type: Pods, pods: {}}]\n", "spec.metrics[0].type: Pods metrics are not simulated"},
		{"no query", head + "  maxReplicas: 3\n  metrics: [{type: External, external: {metric: {name: queue-depth}, target: {type: Value, value: 1}}}]\n",
			"not a series of Prometheus"},
		{"another series", head + "  maxReplicas: 3\n  metrics: [{type: External, external: {metric: {name: queue}, target: {type: Value, value: 1}}}]\n",
			"spec.metrics[0].external.metric: the metric is read as sum(queue)"},
		{"target", head + "  maxReplicas: 3\n  metrics: [{type: External, external: {metric: {name: kafka_group_lag}, target: {type: Value, averageValue: 1}}}]\n",
			"spec.metrics[0].external.target.value: is missing"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b, err := Parse("hpa.yaml", []byte(c.text), Options{})
			switch {
			case c.want == "" && (err != nil || len(b.Objects) != 1 || b.Objects[0].Scale.Triggers[0].Type != scale.CPUTrigger):
				t.Errorf("%v", err)
			case c.want == "expected one" && (err != nil || len(b.Objects) != 0):
				t.Errorf("%v", err)
			case c.want != "" && c.want != "expected one" && (err == nil || !strings.Contains(err.Error(), c.want)):
				t.Errorf("%v, want one line with %q", err, c.want)
			}
		})
	}
}

// What KEDA's admission and the API server refuse is refused.
func TestAdmission(t *testing.T) {
	long := strings.Repeat("n", 64)
	lag := prometheus("AverageValue", lagQuery, "1000", nullFalse)
	mode := func(modes string) string {
		return manifest(safe, prometheus("AverageValue", lagQuery, "1000", nullFalse+"      authModes: \""+modes+"\"\n"))
	}
	named := func(name, spec string) string {
		return strings.Replace(manifest(safe+spec, lag), "name: o", "name: "+name, 1)
	}
	advanced := "  advanced: {horizontalPodAutoscalerConfig: {name: short}}\n"
	for _, c := range []struct{ name, text, want string }{
		{"a long name", named(long, ""), "metadata.name: has 64 characters: at most 63 are allowed"},
		{"a long name of the HPA", named(long[:55], ""), "metadata.name: the HPA would be called keda-hpa-nnn"},
		{"the longest name", named(long[:54], ""), ""},
		{"the HPA has its own name", named(long[:63], advanced), ""},
		{"capitals", named("Orders", ""), `metadata.name: "Orders" is not a name`},
		{"one mode", mode("tls,basic"), ""},
		{"two that exclude each other", mode("basic, bearer"), "metadata.authModes: basic and bearer exclude each other: keep one"},
		{"an unknown mode", mode("kerberos"), `metadata.authModes: "kerberos" is not one of apiKey, basic`},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Parse("so.yaml", []byte(c.text), Options{})
			if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n")) {
				t.Errorf("%v, want %q", err, c.want)
			}
		})
	}
	second := strings.Replace(strings.Replace(manifest(safe+advanced, lag, cpuTrigger), "name: o", "name: p", 1), "name: app", "name: app2", 1)
	b, err := Parse("so.yaml", []byte(manifest(safe+advanced, lag, cpuTrigger)+"---\n"+second), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if found := Lint(b, nil); len(found) != 2 || found[0].ID != twoAutoscalers.ID || !strings.Contains(found[0].Reason, "an HPA called short") {
		t.Errorf("%v", found)
	}
}
