package manifest

import (
	"strings"
	"testing"

	"kafka_burndown_exporter/internal/scale"
)

func apiObject(trigger string) string {
	return `apiVersion: keda.sh/v1alpha1
kind: ScaledObject
metadata: {name: a, namespace: b}
spec:
  scaleTargetRef: {name: a}
  triggers:
    - type: metrics-api
      metadata: ` + trigger
}

func TestMetricsAPI(t *testing.T) {
	for _, test := range []struct {
		name, metadata, group, fails string
	}{
		{"the exporter's own", `{url: "http://e:9308/desired/orders", valueLocation: desiredReplicas, targetValue: "1"}`, "orders", ""},
		{"behind an ingress, name encoded", `{url: "https://e/kafka/desired/a%2Fb%20c", valueLocation: desiredReplicas, targetValue: "1", format: json}`, "a/b c", ""},
		{"another API", `{url: "http://e/queue", valueLocation: length, targetValue: "5"}`, "", "of metrics APIs only the exporter's is simulated"},
		{"another value", `{url: "http://e:9308/desired/orders", valueLocation: lag, targetValue: "1000"}`, "", "of metrics APIs only"},
		{"as text", `{url: "http://e:9308/desired/orders", valueLocation: desiredReplicas, targetValue: "1", format: prometheus}`, "", "of metrics APIs only"},
		{"no target", `{url: "http://e:9308/desired/orders", valueLocation: desiredReplicas}`, "", "targetValue: is missing"},
		{"a target of 0", `{url: "http://e:9308/desired/orders", valueLocation: desiredReplicas, targetValue: "0"}`, "", "targetValue: has to be at least 0.001"},
		{"no value", `{url: "http://e:9308/desired/orders", targetValue: "1"}`, "", "valueLocation: is missing"},
	} {
		t.Run(test.name, func(t *testing.T) {
			b, err := Parse("x.yaml", []byte(apiObject(test.metadata)), Options{})
			if test.fails != "" {
				if err == nil || !strings.Contains(err.Error(), test.fails) {
					t.Fatalf("%v, want %q", err, test.fails)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			o := b.Objects[0]
			if got := o.Group(); got != test.group {
				t.Errorf("group %q, want %q", got, test.group)
			}
			if got, want := o.Scale.MetricName(0), "s0-metric-api-desiredReplicas"; got != want {
				t.Errorf("metric %q, want %q", got, want)
			}
		})
	}
}

func TestAskDesired(t *testing.T) {
	for _, group := range []string{"orders", "a/b c", "ü%", "?#"} {
		if got := DesiredGroup(AskDesired(group)); got != group {
			t.Errorf("%q became %q", group, got)
		}
	}
	if got := DesiredGroup(&scale.MetricsAPI{URL: "http://e/desired/x", ValueLocation: "lag"}); got != "" {
		t.Errorf("lag of %q", got)
	}
}
