package integration

import (
	"fmt"
	"regexp"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"kafka_burndown_exporter/internal/lag"
	broker "kafka_burndown_exporter/test/kafka"
)

// TestGroups compares every kind of group with kafka-consumer-groups.
func TestGroups(t *testing.T) {
	for _, version := range []string{broker.DefaultVersion, broker.OldVersion, broker.NewVersion} {
		t.Run(version, func(t *testing.T) { testGroups(t, version, version != broker.OldVersion) })
	}
}

func testGroups(t *testing.T, version string, modern bool) {
	w := &groupWorld{Cluster: broker.Start(t, broker.Options{Version: version}), modern: modern}
	config := settings(w.Addrs(broker.Plaintext))
	config.Expect = map[string][]string{"awaited": {"orders"}}
	config.ReadCommitted = regexp.MustCompile("^settled$")
	for name, partitions := range map[string]int32{"orders": 4, "returns": 2, "payments": 2, "volatile": 2, "trimmed": 2} {
		createTopic(t, w.Cluster, name, partitions)
	}
	w.pipeline = startPipeline(t, config, nil)
	w.producer = client(t, w.Cluster)
	produce(t, w.producer, "orders", 4, 100)
	produce(t, w.producer, "returns", 2, 20)
	produce(t, w.producer, "trimmed", 2, 100)

	w.awaited(t)
	w.consumers(t)
	w.transactions(t)
	w.recreation(t)
	w.deletion(t)
	w.compare(t)
	w.details(t)
	w.serve(t)
}

// groupWorld is a cluster with one group of each kind.
type groupWorld struct {
	*broker.Cluster
	modern   bool // KIP-848 and share groups
	producer *kgo.Client
	pipeline *pipeline
	stable   map[int32]int64 // last stable offsets of payments
}

// awaited checks an expected group while the cluster has no group yet, so nobody coordinates it.
func (w *groupWorld) awaited(t *testing.T) {
	w.pipeline.wait(t, "awaited, before any group", time.Minute, func(s *lag.Snapshot) string {
		if g := findGroup(s, "awaited"); g == nil || g.Backlog != 400 || g.State != "Empty" || !g.Complete {
			return fmt.Sprintf("%+v", g)
		}
		return ""
	})
}

// consumers makes groups that differ in their members and in where they committed.
func (w *groupWorld) consumers(t *testing.T) {
	orders := kgo.ConsumeTopics("orders")
	half := map[int32]int64{0: 50, 1: 60, 2: 70, 3: 100}
	commit(t, consume(t, w.Cluster, "classic", orders), "orders", half)
	if w.modern {
		commit(t, consume(t, w.Cluster, "modern", orders, kgo.ServerSideBalancer()), "orders", half)
		client(t, w.Cluster, orders, kgo.ShareGroup("sharing"))
	}
	commitSimply(t, w.Cluster, "simple", "orders", map[int32]int64{0: 5, 1: 6, 2: 7, 3: 8})
	commit(t, consume(t, w.Cluster, "partial", orders), "orders", map[int32]int64{0: 50})
	consume(t, w.Cluster, "none", orders)
	dead := consume(t, w.Cluster, "dead", orders)
	commit(t, dead, "orders", half)
	dead.Close()

	both := consume(t, w.Cluster, "shrunk", kgo.ConsumeTopics("orders", "returns"))
	commit(t, both, "orders", half)
	commit(t, both, "returns", map[int32]int64{0: 10, 1: 20})
	w.pipeline.wait(t, "both topics of shrunk", time.Minute, func(s *lag.Snapshot) string {
		g := findGroup(s, "shrunk")
		if g == nil || len(g.Topics) != 2 || g.Members != 1 {
			return fmt.Sprintf("%+v", g)
		}
		return ""
	})
	both.Close()
	consume(t, w.Cluster, "shrunk", orders)
}

// transactions leaves a committed, an aborted and an open transaction in payments, and groups on it.
func (w *groupWorld) transactions(t *testing.T) {
	writer := client(t, w.Cluster, kgo.TransactionalID("payments"))
	for _, end := range []func() error{
		func() error { return writer.EndTransaction(t.Context(), kgo.TryCommit) },
		func() error { return writer.EndTransaction(t.Context(), kgo.TryAbort) },
		func() error { return nil },
	} {
		if err := writer.BeginTransaction(); err != nil {
			t.Fatal(err)
		}
		produce(t, writer, "payments", 2, 30)
		if err := end(); err != nil {
			t.Fatal(err)
		}
	}
	for _, group := range []string{"settled", "unsettled"} {
		reader := consume(t, w.Cluster, group, kgo.ConsumeTopics("payments"), kgo.FetchIsolationLevel(kgo.ReadCommitted()))
		commit(t, reader, "payments", map[int32]int64{0: 10, 1: 30})
	}
	w.stable = w.stableOffsets(t, "payments", 2)
}

// stableOffsets asks for the last stable offsets.
func (w *groupWorld) stableOffsets(t *testing.T, topic string, partitions int32) map[int32]int64 {
	t.Helper()
	request := kmsg.NewPtrListOffsetsRequest()
	request.ReplicaID, request.IsolationLevel = -1, 1
	asked := kmsg.NewListOffsetsRequestTopic()
	asked.Topic = topic
	for p := range partitions {
		one := kmsg.NewListOffsetsRequestTopicPartition()
		one.Partition, one.Timestamp = p, -1
		asked.Partitions = append(asked.Partitions, one)
	}
	request.Topics = append(request.Topics, asked)
	answer, err := request.RequestWith(t.Context(), w.producer)
	if err != nil {
		t.Fatal(err)
	}
	offsets := map[int32]int64{}
	for _, p := range answer.Topics[0].Partitions {
		offsets[p.Partition] = p.Offset
	}
	return offsets
}

// recreation deletes a topic under a group and makes another of the same name.
func (w *groupWorld) recreation(t *testing.T) {
	produce(t, w.producer, "volatile", 2, 60)
	commitSimply(t, w.Cluster, "recreated", "volatile", map[int32]int64{0: 50, 1: 60})
	w.pipeline.wait(t, "recreated", time.Minute, func(s *lag.Snapshot) string {
		if g := findGroup(s, "recreated"); g == nil || g.Lag != 10 {
			return fmt.Sprintf("%+v", g)
		}
		return ""
	})
	a := admin(t, w.Cluster)
	if err := a.DeleteTopic("volatile"); err != nil {
		t.Fatal(err)
	}
	w.pipeline.wait(t, "volatile is gone", time.Minute, func(s *lag.Snapshot) string {
		if findTopic(s, "volatile") != nil {
			return "it is still there"
		}
		return ""
	})
	createTopic(t, w.Cluster, "volatile", 2)
	produce(t, client(t, w.Cluster), "volatile", 2, 7)
	commitSimply(t, w.Cluster, "recreated", "volatile", map[int32]int64{0: 3})
}

// deletion deletes records that a group had not read.
func (w *groupWorld) deletion(t *testing.T) {
	commitSimply(t, w.Cluster, "trimmed", "trimmed", map[int32]int64{0: 10, 1: 90})
	if err := admin(t, w.Cluster).DeleteRecords("trimmed", map[int32]int64{0: 40, 1: 40}); err != nil {
		t.Fatal(err)
	}
}

// details checks what kafka-consumer-groups cannot say.
func (w *groupWorld) details(t *testing.T) {
	check := func(id string, f func(g *lag.Group) bool) {
		t.Helper()
		w.pipeline.wait(t, id, 10*time.Second, func(s *lag.Snapshot) string {
			if g := findGroup(s, id); g == nil || !f(g) {
				return fmt.Sprintf("%+v", g)
			}
			return ""
		})
	}
	check("awaited", func(g *lag.Group) bool {
		return g.State == "Empty" && g.Members == 0 && g.PartitionsUncommitted == 4 && g.Backlog == 400 &&
			!lag.Known(g.Lag)
	})
	check("none", func(g *lag.Group) bool {
		return g.PartitionsUncommitted == 4 && g.Backlog == 400 && !lag.Known(g.Lag) && g.Members == 1
	})
	check("partial", func(g *lag.Group) bool {
		return g.Partitions == 1 && g.PartitionsUncommitted == 3 && g.Lag == 50 && g.Backlog == 350
	})
	check("shrunk", func(g *lag.Group) bool {
		returns := findGroupTopic(g, "returns")
		return returns != nil && returns.Abandoned && returns.LagSum == 10 && g.Lag == 120 && g.Partitions == 4
	})
	check("recreated", func(g *lag.Group) bool { return g.Lag == 4 && g.PartitionsUncommitted == 1 })
	if w.modern {
		check("modern", func(g *lag.Group) bool { return g.Type == lag.GroupConsumer && g.Lag == 120 && g.Complete })
		check("sharing", func(g *lag.Group) bool {
			return g.Type == lag.GroupShare && g.State == "Stable" && g.Members == 1 && g.PartitionsUncommitted == 4 &&
				!lag.Known(g.Lag) && g.Backlog == 0 // it begins at the end
		})
	}
	check("classic", func(g *lag.Group) bool { return g.Lag == 120 && g.LagMax == 50 && g.Complete })
	for _, s := range w.pipeline.snapshots() {
		if s.ClampedNegatives != 0 {
			t.Errorf("%d lags were clamped", s.ClampedNegatives)
			break
		}
	}
}
