// Package deploy holds the Kubernetes manifests and kustomizations true: what is made from rules/ equals
// it, and the kustomizations agree with each other. What the ScaledObjects promise is tested in lab/shipped, building with
// kustomize in the module deploy/golden, a real API server and KEDA in test/e2e.
package deploy

import (
	"bytes"
	"fmt"
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
