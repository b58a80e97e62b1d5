package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"kafka_burndown_exporter/test/e2e/kubeapi"
)

// TestChartIsAccepted: what the Helm chart makes of every case of its own tests (deploy/helm/test, golden there) is accepted
// by the API server without an unknown field, and the ScaledObject of its notes by KEDA.
func TestChartIsAccepted(t *testing.T) {
	w := theWorld(t)
	if os.Getenv("E2E_OPERATOR_CRDS") == "" {
		missing(t, "the CRDs of prometheus-operator")
	}
	if err := w.stack.InstallCRDs(t.Context(), os.Getenv("E2E_OPERATOR_CRDS"), ""); err != nil {
		t.Fatal(err)
	}
	chart := filepath.Join(deployDir, "helm", "kafka-burndown-exporter")
	cases, err := filepath.Glob(filepath.Join(deployDir, "helm", "test", "testdata", "*.yaml"))
	if err != nil || len(cases) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	for _, file := range cases {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".yaml"), func(t *testing.T) {
			objects := readObjects(t, file)
			for _, o := range objects {
				unabridge(t, chart, o)
			}
			w.accept(t, &brokers{}, objects)
		})
	}
	t.Run("notes", func(t *testing.T) {
		w.accept(t, &brokers{}, readObjects(t, filepath.Join(chart, "files", "scaledobject.yaml")))
	})
}

// unabridge puts the rules and dashboards back that the golden files leave out.
func unabridge(t *testing.T, chart string, o kubeapi.Object) {
	t.Helper()
	switch kubeapi.String(o, "kind") {
	case "PrometheusRule":
		name := kubeapi.String(o, "metadata", "name")
		o["spec"] = readObjects(t, filepath.Join(chart, "files", "rules", name[strings.LastIndexByte(name, '-')+1:]+".yaml"))[0]
	case "ConfigMap":
		data, ok := o["data"].(map[string]any)
		if !ok {
			t.Fatalf("the data of %s are %T", kubeapi.String(o, "metadata", "name"), o["data"])
		}
		for file := range data {
			raw, err := os.ReadFile(filepath.Join(chart, "files", "dashboards", file))
			if err != nil {
				t.Fatal(err)
			}
			data[file] = string(raw)
		}
	}
}
