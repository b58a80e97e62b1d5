package e2e

import (
	"fmt"
	"math"
	"slices"
	"syscall"
	"testing"
	"time"

	"kafka_burndown_exporter/test/e2e/kubeapi"
)

// The stream processor on log2x7 (Value) with cpu beside it. maxReplicaCount is 20 here instead of 80, a process each.
// While pods are not ready a Value trigger asks for fewer of them: known, bounded by the scale-down policy, and over
// when they are ready again.
func TestFashion(t *testing.T) {
	t.Parallel()
	const name, minimum, maximum = "stream-processor", 4, 20
	e := startEvening(t, theWorld(t), name, minimum, 400)
	object := e.w.shipped(t, "fashion/stream-processor.yaml", e.s)
	object["spec"].(kubeapi.Object)["maxReplicaCount"] = maximum
	object["spec"].(kubeapi.Object)["scaleTargetRef"] = kubeapi.Object{"name": e.f.name}
	e.w.scale(t, object)
	stays(t, e.f, minimum, 3*syncPeriod)
	eventually(t, 30*time.Second, "HPA reads cpu", func() error { return e.readsCPU(t, name) })

	begin := time.Now()
	e.p.Rate(compressRate(2000))
	eventually(t, 120*time.Second, "more replicas", func() error {
		if wanted, _ := e.f.replicas(); wanted < 9 {
			return fmt.Errorf("%d", wanted)
		}
		return nil
	})
	// The log bounds the gain of each sync: clamp over target.
	gain := 140 / (100 - 7*math.Log2(speed*speed))
	counts := e.f.since(begin)
	for i := 1; i < len(counts); i++ {
		if limit := int(math.Ceil(float64(counts[i-1]) * gain)); counts[i] > limit {
			t.Errorf("%d replicas after %d, more than %d", counts[i], counts[i-1], limit)
		}
	}
	e.m.waitFor(t, 120*time.Second, fmt.Sprintf("max_over_time(kafka_group_lag{consumergroup=%q}[6s])", name), func(lag float64) bool { return lag < 400 })

	before, _ := e.f.replicas()
	begin = time.Now()
	const crashes = 45 * time.Second // the window is 30 s, then 25 % every 6 s
	for time.Since(begin) < crashes {
		for _, p := range e.w.stack.Kubelet.Processes("app", e.f.name) {
			p.Signal(syscall.SIGKILL)
		}
		time.Sleep(1500 * time.Millisecond)
	}
	least := slices.Min(e.f.since(begin))
	bound := before
	for range int((crashes-30*time.Second)/(6*time.Second)) + 1 {
		bound = int(float64(bound) * 0.75)
	}
	t.Logf("crash-looping for %v: %d replicas fell to %d, the policy allows %d", crashes, before, least, max(bound, minimum))
	if least < max(bound, minimum) {
		t.Errorf("replicas fell to %d, the policy allows %d", least, max(bound, minimum))
	}
	e.p.Rate(compressRate(400))
	e.m.waitFor(t, 180*time.Second, fmt.Sprintf("max_over_time(kafka_group_lag{consumergroup=%q}[6s])", name), func(lag float64) bool { return lag < 400 })
	t.Log(e.f.history())
}

func (e *evening) readsCPU(t *testing.T, scaledObject string) error {
	hpa, err := e.w.stack.API.Get(t.Context(), "/apis/autoscaling/v2/namespaces/"+e.s.namespace+"/horizontalpodautoscalers/keda-hpa-"+scaledObject)
	if err != nil {
		return err
	}
	for _, m := range kubeapi.List(hpa, "status", "currentMetrics") {
		if kubeapi.String(m, "resource", "name") == "cpu" && kubeapi.Nested(m, "resource", "current", "averageUtilization") != nil {
			return nil
		}
	}
	return fmt.Errorf("%v", hpa["status"])
}
