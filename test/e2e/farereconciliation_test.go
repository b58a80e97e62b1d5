package e2e

import (
	"fmt"
	"testing"
	"time"

	"kafka_burndown_exporter/test/e2e/load"
)

// Scale to zero: a group that never was, its first message, a batch, drained, nothing again; then the same group with
// its offsets deleted.
func TestFareReconciliation(t *testing.T) {
	t.Parallel()
	w := theWorld(t)
	const name = "fare-reconciliation"
	w.namespace(t, name)
	if err := w.kafka.CreateTopic("fare-events", 10); err != nil {
		t.Fatal(err)
	}
	p, err := load.Start(w.kafka.Addrs("PLAINTEXT"), "fare-events", "new")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Stop)
	m := w.monitor(t, []string{name}, "--group.expect="+name+"=fare-events")
	f := w.deploy(t, name, name, 0, "-group="+name, "-topics=fare-events", "-cost="+tripCost.String(), "-start-delay=4s")
	backlog := fmt.Sprintf("max(consumergroup:kafka_group_backlog:sum{consumergroup=%q})", name)
	m.waitFor(t, 30*time.Second, backlog, func(b float64) bool { return b == 0 })
	e := &evening{w: w, m: m, f: f, p: p, s: service{namespace: name, group: name, topic: "fare-events", prometheus: m.url}}
	r := e.record(t, w.shipped(t, "ride-hailing/prometheus/fare-reconciliation.yaml", e.s))
	stays(t, f, 0, 5*time.Second)

	begin := time.Now()
	p.Send(1)
	f.waitReady(60*time.Second, 1)
	p.Send(600)
	eventually(t, 60*time.Second, "ten replicas", func() error {
		if wanted, _ := f.replicas(); wanted != 10 {
			return fmt.Errorf("%d", wanted)
		}
		return nil
	})
	m.waitFor(t, 60*time.Second, backlog, func(b float64) bool { return b == 0 })
	f.waitReady(120*time.Second, 0)
	if all := f.since(begin); reversals(all) != 1 {
		t.Errorf("not once up and once down: %v", all)
	}
	measured := r.finish("kafka_group_backlog")
	s := setup{partitions: 10, capacity: perSecond(tripCost), start: 4*time.Second + podDelay, mark: 10}
	compare(t, "fare reconciliation, from zero", measured, r.predict(t, s, measured.length), s.mark, quiet)

	w.forget(t, m, name, "fare-events", 10)
	stays(t, f, 0, 5*time.Second)
	p.Send(1)
	f.waitReady(60*time.Second, 1)
	f.waitReady(120*time.Second, 0)
	t.Log(f.history())
}

// stays checks that the replicas are and remain n.
func stays(t *testing.T, f *fleet, n int, d time.Duration) {
	t.Helper()
	for end := time.Now().Add(d); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
		if wanted, _ := f.replicas(); wanted != n {
			t.Fatalf("%d replicas of %s, wanted %d to stay", wanted, f.name, n)
		}
	}
}

// forget deletes the messages that a group has read, and then the group with its offsets. In between the exporter must
// have seen the new log starts, which it does not read in every sample: until then the deleted messages would count as
// unread ones.
func (w *world) forget(t *testing.T, m *monitoring, group, topic string, partitions int32) {
	t.Helper()
	admin, err := w.kafka.Admin()
	if err != nil {
		t.Fatal(err)
	}
	defer admin.Close()
	offsets, err := admin.ListConsumerGroupOffsets(group, nil)
	if err != nil {
		t.Fatal(err)
	}
	upTo := map[int32]int64{}
	for p := range partitions {
		if block := offsets.GetBlock(topic, p); block != nil && block.Offset > 0 {
			upTo[p] = block.Offset
		}
	}
	if err := admin.DeleteRecords(topic, upTo); err != nil {
		t.Fatal(err)
	}
	m.waitFor(t, 60*time.Second, fmt.Sprintf(`sum(kafka_topic_partition_current_offset{topic=%[1]q} - kafka_topic_partition_oldest_offset{topic=%[1]q})`, topic),
		func(left float64) bool { return left == 0 })
	eventually(t, 30*time.Second, "group "+group+" is deleted", func() error { return admin.DeleteConsumerGroup(group) })
}
