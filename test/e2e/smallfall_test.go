package e2e

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"kafka_burndown_exporter/test/e2e/kubeapi"
	"kafka_burndown_exporter/test/e2e/load"
)

// The known fall of a Value trigger, with twelve pods of the stream processor instead of 80 (TestFashion): while they run
// and none is ready the replicas fall by the window and the policy that are shipped, in the steps that internal/scale
// predicts and never earlier. When the pods are ready again they are taken back.
func TestKnownFallOfTwelve(t *testing.T) {
	t.Parallel()
	const (
		name = "twelve"
		pods = 12
	)
	w := theWorld(t)
	w.namespace(t, name)
	must(t, w.kafka.CreateTopic(name, pods))
	p, err := load.Start(w.kafka.Addrs("PLAINTEXT"), name, "new")
	must(t, err)
	t.Cleanup(p.Stop)
	m := w.monitor(t, []string{name})
	e := &evening{w: w, m: m, p: p, s: service{namespace: name, group: name, topic: name, prometheus: m.url}}
	p.Rate(40)
	outage := filepath.Join(w.dir, name+".outage")
	// Messages count as handled after 12 s. That is a lag of 480 where 200 are accepted: always more than twelve pods.
	e.f = w.deploy(t, name, name, pods, "-group="+name, "-topics="+name, "-cost="+tripCost.String(), "-age=12s", "-outage="+outage)
	e.f.waitReady(60*time.Second, pods)

	object := w.shipped(t, "fashion/stream-processor.yaml", e.s)
	spec := object["spec"].(kubeapi.Object)
	object["metadata"].(kubeapi.Object)["name"], spec["scaleTargetRef"], spec["maxReplicaCount"] = name, kubeapi.Object{"name": name}, float64(pods)
	m.waitFor(t, 60*time.Second, fmt.Sprintf("min_over_time(kafka_group_lag{consumergroup=%q}[3s])", name), func(lag float64) bool { return lag > 430 })
	w.scale(t, object)
	eventually(t, 30*time.Second, "HPA reads cpu", func() error { return e.readsCPU(t, name) })
	eventually(t, 30*time.Second, "HPA wants more than twelve", func() error { return e.wantsMore(t, name) })

	predicted := predictFall(t, object, compressedController(), pods, 3)
	begin, seen := e.fallTo(t, outage, predicted[len(predicted)-1].replicas)
	for i, c := range seen {
		after := c.at.Sub(begin)
		if i >= len(predicted) || c.replicas != predicted[i].replicas || after < predicted[i].after-syncPeriod {
			t.Errorf("step %d is %d replicas after %v, predicted are %v", 1+i, c.replicas, after, predicted)
		}
	}
	t.Logf("after %v, predicted %v: %s", time.Since(begin), predicted, e.f.history())
	e.f.waitReady(120*time.Second, pods)
}
