// Package deploy holds the Kubernetes manifests, kustomizations and the Helm chart true: what is made from rules/ and
// dashboards/ equals it, and the kustomizations agree with each other. What the ScaledObjects promise is tested in
// lab/shipped, building with kustomize in the module deploy/golden, rendering with Helm in deploy/helm/test, a real API
// server and KEDA in test/e2e.
package deploy

import (
	"bytes"
	"fmt"
	"strings"

	"kafka_burndown_exporter/rules"
)

// PrometheusRule wraps a Prometheus rule file, as it stands, into a PrometheusRule object of that name.
func PrometheusRule(name, source string, rules []byte) ([]byte, error) {
	_, groups, found := bytes.Cut(rules, []byte("\ngroups:\n"))
	if !found {
		return nil, fmt.Errorf("%s has no line \"groups:\"", source)
	}
	var out bytes.Buffer
	fmt.Fprintf(&out, `# Made from %s by make update. Do not edit.
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata:
  name: %s
  labels:
    app.kubernetes.io/name: kafka-burndown-exporter
spec:
  groups:
`, source, name)
	for line := range bytes.Lines(groups) {
		if len(bytes.TrimSpace(line)) > 0 {
			out.WriteString("  ")
		}
		out.Write(line)
	}
	return out.Bytes(), nil
}

// chartTriggers are the queries of the ScaledObject that the chart's notes show, from rules/trigger-queries.yaml.
var chartTriggers = []string{"desired-replicas", "lag"}

// ScaledObject is the example of the chart's notes: a Deployment and a group consumer-demo, scaled by the shipped queries.
func ScaledObject() (string, error) {
	shipped, err := rules.TriggerQueries()
	if err != nil {
		return "", err
	}
	var out strings.Builder
	out.WriteString(`apiVersion: keda.sh/v1alpha1
kind: ScaledObject
metadata:
  name: consumer-demo
  namespace: consumer-demo
spec:
  scaleTargetRef:
    name: consumer-demo          # the Deployment to scale
  minReplicaCount: 1
  maxReplicaCount: 10            # partitions of the topic: further consumers would idle
  fallback:
    failureThreshold: 8
    replicas: 1
    behavior: currentReplicasIfHigher
  triggers:
`)
	for _, name := range chartTriggers {
		found := false
		for _, q := range shipped.Queries {
			if q.Name != name {
				continue
			}
			found = true
			query := strings.ReplaceAll(strings.TrimSpace(q.Expr("consumer-demo", q.Threshold)), "\n", "\n          ")
			fmt.Fprintf(&out, `    - type: prometheus
      name: %s
      metricType: %s
      metadata:
        serverAddress: http://prometheus-operated.monitoring:9090
        query: >-
          %s
        threshold: %q
        ignoreNullValues: "false"
        timeout: "10s"
`, q.Name, q.MetricType, query, q.Threshold)
		}
		if !found {
			return "", fmt.Errorf("rules/%s has no query %s", rules.TriggerQueriesFile, name)
		}
	}
	return out.String(), nil
}
