package integration

import (
	"fmt"
	"testing"
	"time"

	"github.com/IBM/sarama"
	"github.com/twmb/franz-go/pkg/kgo"

	"kafka_burndown_exporter/internal/lag"
	broker "kafka_burndown_exporter/test/kafka"
)

// TestShareBrokerKilled kills the coordinator of a share group, which may lead some of its partitions and keep some of its
// state, so that all of that moves; and brings the broker back. Whatever is told meanwhile is true.
func TestShareBrokerKilled(t *testing.T) {
	w := &shareWorld{Cluster: broker.Start(t, broker.Options{Version: broker.NewVersion, Brokers: 3, Properties: map[string]string{
		"group.share.heartbeat.interval.ms": "500", "group.share.min.heartbeat.interval.ms": "500",
		// A leader that was killed is missed after this, and leads again after the other.
		"broker.heartbeat.interval.ms": "500", "broker.session.timeout.ms": "3000", "leader.imbalance.check.interval.seconds": "5",
	}})}
	detail := &sarama.TopicDetail{NumPartitions: 3, ReplicationFactor: 3}
	if err := admin(t, w.Cluster).CreateTopic("jobs", detail, false); err != nil {
		t.Fatal(err)
	}
	w.producer = client(t, w.Cluster)
	produce(t, w.producer, "jobs", 3, 100)
	config := settings(w.Addrs(broker.Plaintext))
	config.WaveTimeout = 4 * time.Second // for busy machines
	w.pipeline = startPipeline(t, config, nil)
	w.begin(t, "jobs", "earliest")
	c := w.take(t, "jobs", "jobs", 150, func(*kgo.Record) kgo.AckStatus { return kgo.AckAccept })
	victim := int32(-1)
	w.wait(t, "jobs", func(g *lag.Group) bool {
		victim = g.Coordinator
		return g.Lag == 150 && g.Complete && victim > 0
	})

	before := len(w.pipeline.snapshots())
	if err := w.Broker(victim).Kill(); err != nil {
		t.Fatal(err)
	}
	w.wait(t, "jobs", func(g *lag.Group) bool { return g.Coordinator != victim && g.Lag == 150 && g.Complete })
	w.onlyTells(t, before, 150)
	accept(t, c, 60)
	w.wait(t, "jobs", func(g *lag.Group) bool { return g.Lag == 90 && g.Complete })
	before = len(w.pipeline.snapshots())
	if err := w.Broker(victim).Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.pipeline.wait(t, "the broker leads again", 2*time.Minute, func(s *lag.Snapshot) string {
		for i, p := range findTopic(s, "jobs").Partitions {
			if p.Leader != p.Preferred {
				return fmt.Sprintf("partition %d is led by %d", i, p.Leader)
			}
		}
		return ""
	})
	w.wait(t, "jobs", func(g *lag.Group) bool { return g.Lag == 90 && g.Complete })
	w.onlyTells(t, before, 90)
	accept(t, c, 90)
	w.wait(t, "jobs", func(g *lag.Group) bool { return g.Lag == 0 && g.Complete })
	sum := int64(0)
	for _, n := range w.offsets(t) {
		sum += n
	}
	if sum != 0 {
		t.Errorf("kafka-share-groups tells a lag of %d", sum)
	}
}

// onlyTells holds every snapshot since to a lag and a backlog that did not change, or none.
func (w *shareWorld) onlyTells(t *testing.T, since int, want float64) {
	t.Helper()
	told := 0
	for _, s := range w.pipeline.snapshots()[since:] {
		g := findGroup(s, "jobs")
		if g == nil {
			t.Fatal("the group is gone")
		}
		if lag.Known(g.Lag) {
			told++
		}
		if lag.Known(g.Lag) && g.Lag != want || lag.Known(g.Backlog) && g.Backlog != want || g.ResetsBackward+g.ResetsEnd > 0 || g.Lost > 0 {
			t.Fatalf("want a lag of %v or none: %+v", want, g)
		}
	}
	t.Logf("%d of %d snapshots told the lag of %v", told, len(w.pipeline.snapshots())-since, want)
}
