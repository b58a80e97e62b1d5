package e2e

import (
	"testing"
	"time"

	"kafka_burndown_exporter/test/e2e/load"
)

// The stack itself, proved with KEDA's own kafka trigger: lag in a real broker becomes pods that are members.
func TestKafkaTriggerScalesRealConsumers(t *testing.T) {
	t.Parallel()
	w := theWorld(t)
	w.namespace(t, "kafka-trigger")
	if err := w.kafka.CreateTopic("kafka-trigger", 6); err != nil {
		t.Fatal(err)
	}
	p, err := load.Start(w.kafka.Addrs("PLAINTEXT"), "kafka-trigger", "new")
	if err != nil {
		t.Fatal(err)
	}
	defer p.Stop()
	f := w.deploy(t, "kafka-trigger", "courier-consumer", 1, "-group=kafka-trigger", "-topics=kafka-trigger", "-cost=50ms", "-start-delay=1s")
	f.waitReady(30*time.Second, 1)
	object := w.shipped(t, "food-delivery/kafka/courier.yaml", service{namespace: "kafka-trigger", group: "kafka-trigger", topic: "kafka-trigger"})
	p.Send(5)
	w.scale(t, object)
	p.Send(1500)
	f.waitReady(60*time.Second, 6)
	f.waitReady(120*time.Second, 1)
	t.Log(f.history())
}
