package e2e

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"kafka_burndown_exporter/test/e2e/kubeapi"
	"kafka_burndown_exporter/test/e2e/stack"
)

// explain logs what KEDA and HPA say of a ScaledObject, before it is deleted, and whether the APIs answer that HPA reads
// its metrics from: it holds when one fails and the others ask for less.
func (w *world) explain(t *testing.T, scaledObject string) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	object, err := w.stack.API.Get(ctx, scaledObject)
	t.Logf("%s: %v (error: %v)", scaledObject, object["status"], err)
	name, namespace := kubeapi.String(object, "metadata", "name"), kubeapi.String(object, "metadata", "namespace")
	hpa := "keda-hpa-" + name
	made, err := w.stack.API.Get(ctx, "/apis/autoscaling/v2/namespaces/"+namespace+"/horizontalpodautoscalers/"+hpa)
	t.Logf("its HPA: %v (error: %v)", made["status"], err)
	for _, path := range stack.MetricsAPIs {
		service, err := w.stack.API.Get(ctx, path)
		t.Logf("%s: %v (error: %v)", filepath.Base(path), kubeapi.Condition(service, "Available"), err)
	}
	// HPA is named by itself where it scales, and by what it scales where it fails.
	target := namespace + "/" + kubeapi.String(object, "spec", "scaleTargetRef", "name")
	t.Logf("the controller manager:\n%s", lastLines(filepath.Join(w.dir, "kube-controller-manager.log"), 20, namespace+"/"+hpa, target))
}

// lastLines are the last n lines of a file that hold one of the texts.
func lastLines(file string, n int, texts ...string) string {
	raw, err := os.ReadFile(file)
	if err != nil {
		return err.Error()
	}
	var out []string
	for line := range strings.Lines(string(raw)) {
		for _, text := range texts {
			if strings.Contains(line, text) {
				out = append(out, line)
				break
			}
		}
	}
	return strings.Join(out[max(0, len(out)-n):], "")
}
