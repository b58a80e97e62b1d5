package manifest_test

import (
	"fmt"

	"kafka_burndown_exporter/lab/manifest"
)

func ExampleParseQuery() {
	q, err := manifest.ParseQuery(`max(consumergroup:kafka_group_lag:log2x7{consumergroup="orders"})`, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	value, ok := q.Eval(manifest.SignalsFunc(func(r manifest.Ref) (float64, bool) { return 84, r.Group == "orders" }))
	fmt.Println(q.Primary(), q.Upper, value, ok)

	_, err = manifest.ParseQuery(`sum(rate(http_requests_total[1m]))`, nil)
	fmt.Println(err)
	// Output:
	// lag_log2x7 140 84 true
	// http_requests_total is not a series of this exporter, of kafka_exporter or of the rules, so it cannot be evaluated
}

func ExampleLint() {
	b, err := manifest.Parse("orders.yaml", []byte(`
apiVersion: keda.sh/v1alpha1
kind: ScaledObject
metadata: {name: orders, namespace: shop}
spec:
  scaleTargetRef: {name: orders}
  minReplicaCount: 1
  maxReplicaCount: 10
  fallback: {failureThreshold: 8, replicas: 3, behavior: currentReplicasIfHigher}
  triggers:
    - type: prometheus
      metadata:
        serverAddress: http://prometheus:9090
        query: max(consumergroup:kafka_group_lag:log2x7{consumergroup="orders"})
        threshold: "100"
        ignoreNullValues: "false"
    - {type: cpu, metricType: Utilization, metadata: {value: "70"}}
`), manifest.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	facts := func(*manifest.Object) manifest.Facts { return manifest.Facts{Partitions: 6} }
	for _, f := range manifest.Lint(b, facts) {
		fmt.Println(f.Severity, f.ID, f.Line)
	}
	// Output:
	// error ratio-without-value 11
	// warning max-above-partitions 8
}
