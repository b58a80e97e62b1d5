package e2e

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"kafka_burndown_exporter/internal/scale"
	"kafka_burndown_exporter/lab/manifest"
	"kafka_burndown_exporter/test/e2e/kubeapi"
)

// fall is a scale-down, and how long after the pods were no longer ready.
type fall struct {
	replicas int
	after    time.Duration
}

// compressedController is the controller that the stack runs.
func compressedController() scale.Controller {
	c := scale.DefaultController()
	c.SyncPeriod, c.CPUInitialization, c.InitialReadinessDelay = syncPeriod, time.Second, time.Second
	return c
}

// What docs/faults.md says of the stream processor as it is shipped, in its own time.
func TestKnownFall(t *testing.T) {
	object := readObjects(t, filepath.Join(deployDir, "keda", "fashion", "stream-processor.yaml"))[0]
	var got []string
	for _, f := range predictFall(t, object, scale.DefaultController(), streamMaximum, 5) {
		got = append(got, fmt.Sprintf("%d after %v", f.replicas, f.after))
	}
	want := "60 after 4m45s, 45 after 5m45s, 33 after 6m45s, 24 after 7m45s, 18 after 8m45s"
	if text := strings.Join(got, ", "); text != want {
		t.Errorf("the known fall is %s, docs/faults.md says %s", text, want)
	}
}

// leastAfter is what the falls leave of n replicas after a time.
func leastAfter(falls []fall, n int, after time.Duration) int {
	for _, f := range falls {
		if f.after <= after {
			n = f.replicas
		}
	}
	return n
}

// predictFall lets internal/scale run the HPA of a ScaledObject with one external trigger and cpu: n pods under a load
// that asks for as many, then as many that run, idle and not ready, while it asks for more. It returns the first falls.
func predictFall(t *testing.T, object kubeapi.Object, controller scale.Controller, n int32, falls int) []fall {
	t.Helper()
	read, err := manifest.FromValue("test", object, manifest.Options{})
	must(t, err)
	spec := read.Scale.HPASpec(&controller)
	hpa := scale.NewHPA(spec)
	start := time.Unix(0, 0)
	outage := start.Add(time.Hour)
	var out []fall
	for now := outage.Add(-20 * controller.SyncPeriod); len(out) < falls; now = now.Add(controller.SyncPeriod) {
		away := !now.Before(outage)
		ready := n
		if away {
			ready = 0
		}
		pods := make([]scale.Pod, n)
		for i := range pods {
			pods[i] = scale.Pod{Phase: scale.PodRunning, Ready: !away, Started: start, ReadyChanged: start.Add(time.Minute),
				CPU: scale.PodUsage{RequestMilli: 500, Measured: true, UsageMilli: 10, At: now, Window: time.Second}}
		}
		metrics := make([]scale.Reading, len(spec.Metrics))
		for i, m := range spec.Metrics {
			if m.Resource != scale.External {
				continue
			}
			if metrics[i].Milli = m.Target; away {
				metrics[i].Milli *= 2
			}
		}
		d := hpa.Reconcile(now, scale.Observation{SpecReplicas: n, StatusReplicas: n, ReadyReplicas: ready, Pods: pods, Metrics: metrics})
		if n = d.Desired; d.Scaled() {
			out = append(out, fall{int(n), now.Sub(outage)})
		}
		if now.Sub(outage) > time.Hour {
			t.Fatalf("internal/scale predicts %d falls only: %s", len(out), d.String())
		}
	}
	return out
}
