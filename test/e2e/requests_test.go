package e2e

import (
	"fmt"
	"testing"
	"time"

	"kafka_burndown_exporter/test/e2e/kubeapi"
)

// What KEDA's kafka trigger asks of Kafka grows with the ScaledObjects. What the exporter asks does not: all of them read
// from Prometheus what it has read once.
func TestRequestsToKafka(t *testing.T) {
	t.Parallel()
	w := theWorld(t).withKafka(t, 1) // no other test's requests
	const name, more = "requests", 3
	w.namespace(t, name)
	must(t, w.kafka.CreateTopic(name, tripPartitions))
	w.commit(t, name, name, make([]int64, tripPartitions))
	m := w.monitor(t, []string{name})
	s := service{namespace: name, group: name, topic: name, prometheus: m.url}
	m.waitFor(t, 60*time.Second, lagOf(name), known)

	add := func(i int) {
		w.another(t, "ride-hailing/kafka/trip-analytics.yaml", s, fmt.Sprintf("kafka-%d", i))
		w.another(t, "ride-hailing/prometheus/trip-analytics.yaml", s, fmt.Sprintf("ours-%d", i))
	}
	add(0)
	one := w.requestRates()
	for i := range more {
		add(1 + i)
	}
	four := w.requestRates()
	keda, kedaThen, ours, oursThen := one[kedaClient], four[kedaClient], one[exporterClient], four[exporterClient]
	t.Logf("requests to Kafka in ten seconds: KEDA's kafka trigger %d with one ScaledObject and %d with %d, the exporter %d and %d",
		keda, kedaThen, 1+more, ours, oursThen)
	if keda == 0 || ours == 0 {
		t.Fatal("one of them asks nothing")
	}
	if kedaThen < 2*keda {
		t.Errorf("KEDA's do not grow: the comparison compares nothing")
	}
	// A quarter and ten, because ten seconds begin and end between two samples.
	if oursThen > ours*5/4+10 {
		t.Errorf("the exporter's grow with the ScaledObjects")
	}
}

// another applies a shipped ScaledObject on the service once more, for a Deployment of its own that consumes nothing.
func (w *world) another(t *testing.T, manifest string, s service, target string) {
	t.Helper()
	w.deploy(t, s.namespace, target, 1, "-group=none", "-topics=none", "-start-delay=1h")
	object := w.shipped(t, manifest, s)
	object["metadata"].(kubeapi.Object)["name"] = target
	object["spec"].(kubeapi.Object)["scaleTargetRef"] = kubeapi.Object{"name": target}
	w.scale(t, object)
}

// What the client ids of KEDA's kafka scaler and of the exporter begin with.
const (
	kedaClient     = "sarama"
	exporterClient = "kafka_burndown_exporter"
)

// requestRates is how many requests each of the two sends Kafka in ten seconds.
func (w *world) requestRates() map[string]int {
	time.Sleep(2 * syncPeriod) // the first connections of a new trigger
	before := w.kafka.requests()
	time.Sleep(10 * time.Second)
	after := w.kafka.requests()
	return map[string]int{
		kedaClient: requestsOf(kedaClient, before, after), exporterClient: requestsOf(exporterClient, before, after),
	}
}
