package e2e

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"kafka_burndown_exporter/test/e2e/kubeapi"
)

// The same burst with KEDA's own kafka trigger and with the desired replicas, in one table; and what each asks of Kafka
// when there are more ScaledObjects.
func TestSideBySide(t *testing.T) {
	t.Parallel()
	w := theWorld(t)
	k, err := startKafka(t.Context(), 1)
	must(t, err)
	t.Cleanup(k.close)
	w = w.on(k)
	var rows []string
	for _, c := range []struct{ controller, name, manifest, client string }{
		{"KEDA's kafka trigger", "side-kafka", "ride-hailing/kafka/trip-analytics.yaml", "sarama"},
		{"desired replicas", "side-ours", "ride-hailing/prometheus/trip-analytics.yaml", "kafka_burndown_exporter"},
	} {
		t.Run(c.name, func(t *testing.T) {
			e := startEvening(t, w, c.name, 3, 400)
			object := w.shipped(t, c.manifest, e.s)
			w.scale(t, object)
			begin := time.Now()
			o := e.friday(t, 400, nil)
			time.Sleep(time.Until(begin.Add(90 * time.Second)))
			all := e.f.since(begin)
			one, four := w.requestRate(c.client), w.requestRateWithThreeMore(t, object, e.s, c.client)
			rows = append(rows, fmt.Sprintf("| %s | %.0f | %.0f | %.0f | %d | %d | %d | %d |", c.controller, o.peakLag, o.drain.Seconds(),
				e.f.replicaSeconds(begin), len(all)-1, reversals(all), one, four))
			if c.name == "side-ours" && four > one*5/4+10 {
				t.Errorf("%d requests in ten seconds with one ScaledObject, %d with four", one, four)
			}
		})
	}
	t.Logf("\n| controller | peak lag | s to drain | replica-seconds | changes | reversals | requests in 10 s, 1 ScaledObject | 4 ScaledObjects |\n"+
		"|---|--:|--:|--:|--:|--:|--:|--:|\n%s", strings.Join(rows, "\n"))
}

// requestRate is how many requests a client sends Kafka in ten seconds.
func (w *world) requestRate(client string) int {
	before := w.kafka.requests()
	time.Sleep(10 * time.Second)
	return requestsOf(client, before, w.kafka.requests())
}

func (w *world) requestRateWithThreeMore(t *testing.T, object kubeapi.Object, s service, client string) int {
	t.Helper()
	for i := range 3 {
		name := fmt.Sprintf("%s-%d", s.namespace, i)
		w.deploy(t, s.namespace, name, 2, "-group="+name, "-topics="+s.topic, "-cost=1ms")
		object["metadata"].(kubeapi.Object)["name"] = name
		object["spec"].(kubeapi.Object)["scaleTargetRef"] = kubeapi.Object{"name": name}
		w.scale(t, object)
	}
	return w.requestRate(client)
}
