package kafka

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/IBM/sarama"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"kafka_burndown_exporter/internal/lag"
)

// bubble runs a test against a cluster in memory and on a fake clock.
func bubble(t *testing.T, nodes int, test func(t *testing.T, f *fixture), opts ...kfake.Opt) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		f := newVirtualFixture(t, nodes, opts...)
		test(t, f)
		f.close()
	})
}

// hang makes the cluster swallow requests of one kind to one node for as long as it is on.
func (f *fixture) hang(node int32, key kmsg.Key) *atomic.Bool {
	on := new(atomic.Bool)
	on.Store(true)
	f.cluster.ControlKey(key.Int16(), func(kmsg.Request) (kmsg.Response, error, bool) {
		f.cluster.KeepControl()
		return nil, nil, on.Load() && f.cluster.CurrentNode() == node
	})
	return on
}

func unread(w *lag.Wave) (n int) {
	for _, g := range w.Groups {
		if g.CommitsAt.IsZero() {
			n++
		}
	}
	return n
}

func checkAllRead(t *testing.T, w *lag.Wave) {
	t.Helper()
	if n := unread(w); n > 0 {
		t.Errorf("%d of %d groups are not read", n, len(w.Groups))
	}
	for _, tp := range w.Topics {
		for i, p := range tp.Partitions {
			if p.End < 0 || p.Err != lag.ReasonNone {
				t.Errorf("%s/%d is not read: %+v", tp.Name, i, p)
			}
		}
	}
}

func TestCoordinatorMovesWithinAWave(t *testing.T) {
	bubble(t, 3, func(t *testing.T, f *fixture) {
		f.topic("orders", 1)
		f.produce("orders", 0, 5)
		f.groups(40, "orders")
		s := f.sampler()
		checkAllRead(t, f.wave(s))
		var moved atomic.Bool
		f.cluster.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.OffsetFetch}, Count: -1, Observe: true, When: func(kmsg.Request) bool {
			if moved.CompareAndSwap(false, true) {
				f.cluster.RehashCoordinators()
			}
			return false
		}})
		f.stats.reset()
		w := f.next(s)
		checkAllRead(t, w)
		if f.stats.failed("OffsetFetch NOT_COORDINATOR") == 0 {
			t.Errorf("no coordinator moved: %v", f.stats)
		}
		if n := f.stats.total(); n >= 30 {
			t.Errorf("%d requests: %v", n, f.stats)
		}
		for _, g := range w.Groups {
			if g.Coordinator != f.cluster.CoordinatorFor(g.ID) {
				t.Errorf("%s: coordinator %d", g.ID, g.Coordinator)
			}
		}
	})
}

func TestLeaderMovesWithinAWave(t *testing.T) {
	bubble(t, 3, func(t *testing.T, f *fixture) {
		f.topic("orders", 30)
		f.groups(1, "orders")
		s := f.sampler()
		checkAllRead(t, f.wave(s))
		f.cluster.ShufflePartitionLeaders()
		f.stats.reset()
		w := f.next(s)
		checkAllRead(t, w)
		if f.stats.failed("ListOffsets NOT_LEADER_OR_FOLLOWER")+f.stats.failed("ListOffsets FENCED_LEADER_EPOCH") == 0 {
			t.Errorf("no leader moved: %v", f.stats)
		}
		for i, p := range topicOf(t, w, "orders").Partitions {
			if p.Leader != f.cluster.LeaderFor("orders", int32(i)) {
				t.Errorf("partition %d: leader %d", i, p.Leader)
			}
		}
	})
}

func TestBrokerKilledAndBack(t *testing.T) {
	bubble(t, 3, func(t *testing.T, f *fixture) {
		f.topic("orders", 30)
		f.groups(40, "orders")
		s := f.sampler()
		checkAllRead(t, f.wave(s))
		f.network.cut(f.address(2))
		for range 3 {
			w := f.next(s)
			if len(w.Groups) != 40 {
				t.Fatalf("%d groups: those of the dead broker must stay", len(w.Groups))
			}
			for _, g := range w.Groups {
				dead := g.Coordinator == 2
				if g.CommitsAt.IsZero() != dead || dead != (g.Err == lag.ReasonCoordinator) {
					t.Errorf("group %+v", g)
				}
			}
			for i, p := range topicOf(t, w, "orders").Partitions {
				if dead := p.Leader == 2; dead != (p.End < 0) || dead != (p.Err == lag.ReasonLeader) {
					t.Errorf("partition %d: %+v", i, p)
				}
			}
			if w.Brokers[2].Up || !w.Brokers[1].Up {
				t.Errorf("brokers: %+v", w.Brokers)
			}
			if took := w.Ended.Sub(w.Began); took > time.Second {
				t.Errorf("the dead broker slowed the wave: %s", took)
			}
		}
		f.network.heal(f.address(2))
		checkAllRead(t, f.next(s))
		down, back := f.logs.lines("failed", "broker=2"), f.logs.lines("works again", "broker=2")
		if down != back || down == 0 || down > 4 {
			t.Errorf("%d lines of failure, %d of recovery:\n%s", down, back, f.logs)
		}
	})
}

func TestBrokerLeavesTheClusterAndReturns(t *testing.T) {
	bubble(t, 3, func(t *testing.T, f *fixture) {
		f.topic("orders", 30)
		f.groups(40, "orders")
		s := f.sampler()
		checkAllRead(t, f.wave(s))
		address := f.address(2)
		if err := f.cluster.RemoveNode(2); err != nil {
			t.Fatal(err)
		}
		f.network.cut(address)
		f.next(s)
		w := f.next(s)
		checkAllRead(t, w)
		if len(w.Groups) != 40 {
			t.Errorf("%d groups", len(w.Groups))
		}
		f.network.heal(address)
		if _, _, err := f.cluster.AddNode(2, 9094); err != nil {
			t.Fatal(err)
		}
		time.Sleep(30 * time.Second)
		f.next(s)
		w = f.next(s)
		checkAllRead(t, w)
		if len(w.Groups) != 40 || len(w.Brokers) != 3 || !w.Brokers[2].Up || w.Brokers[2].Gone {
			t.Errorf("%d groups, brokers %+v", len(w.Groups), w.Brokers)
		}
	})
}

func TestTimeoutReopensTheConnection(t *testing.T) {
	bubble(t, 1, func(t *testing.T, f *fixture) {
		f.topic("orders", 1)
		f.groups(3, "orders")
		s := f.sampler()
		checkAllRead(t, f.wave(s))
		dials := f.network.dialled()
		on := f.hang(0, kmsg.OffsetFetch)
		if n := unread(f.next(s)); n != 3 {
			t.Errorf("%d groups unread while the broker is silent", n)
		}
		on.Store(false)
		checkAllRead(t, f.next(s))
		if f.network.dialled() == dials {
			t.Error("the connection was not opened again")
		}
		if f.stats.failed("OffsetFetch timeout") != 1 {
			t.Errorf("%v", f.stats)
		}
	})
}

func TestSlowCoordinatorIsLeftOutAndEndsComeAfterCommits(t *testing.T) {
	bubble(t, 3, func(t *testing.T, f *fixture) {
		f.topic("orders", 6)
		f.groups(40, "orders")
		s := f.sampler()
		checkAllRead(t, f.wave(s))
		slow := f.cluster.CoordinatorFor("group-00000")
		f.hang(slow, kmsg.OffsetFetch)
		w := f.next(s)
		if w.Ended.Sub(w.Began) >= 8*time.Second {
			t.Errorf("the wave took %s", w.Ended.Sub(w.Began))
		}
		var last time.Time
		for _, g := range w.Groups {
			if g.CommitsAt.IsZero() != (g.Coordinator == slow) || g.CommitsAt.IsZero() != (len(g.Commits) == 0) {
				t.Errorf("group %+v", g)
			}
			if g.CommitsAt.After(last) {
				last = g.CommitsAt
			}
		}
		for i, p := range topicOf(t, w, "orders").Partitions {
			if p.End < 0 || p.EndAt.Before(last) {
				t.Errorf("partition %d was read before the last commit (%s): %+v", i, last, p)
			}
		}
	})
}

// A coordinator that has so many commits that they are read over two connections, and is too slow for either half, is
// left out alone: the partitions that it leads are those of the other coordinators' groups, too.
func TestSlowCoordinatorOfManyCommits(t *testing.T) {
	bubble(t, 2, func(t *testing.T, f *fixture) {
		f.topic("orders", 6)
		f.groups(20, "orders")
		s := f.sampler()
		checkAllRead(t, f.wave(s))
		slow := f.cluster.CoordinatorFor("group-00000")
		pretendMany := func() {
			for _, g := range s.groups {
				g.commits.partitions = append(g.commits.partitions, make([]int32, maxBatchPartitions/2)...)
			}
		}
		on := f.hang(slow, kmsg.OffsetFetch)
		for range 3 {
			pretendMany()
			f.stats.reset()
			w := f.next(s)
			for _, g := range w.Groups {
				if g.CommitsAt.IsZero() != (g.Coordinator == slow) {
					t.Errorf("group %+v", g)
				}
			}
			for i, p := range topicOf(t, w, "orders").Partitions {
				if p.End < 0 || p.Err != lag.ReasonNone {
					t.Errorf("partition %d of leader %d is not read: %+v", i, p.Leader, p)
				}
			}
			if n := f.stats.failed("OffsetFetch timeout"); n != 2 {
				t.Errorf("%d connections waited: %v", n, f.stats)
			}
		}
		on.Store(false)
		pretendMany()
		checkAllRead(t, f.next(s))
	})
}

// Metadata is taken from whoever answers first. The request to the other is given up, and with it a connection: not the
// one that the ends are read over next.
func TestGivenUpMetadataLeavesTheLeadersConnection(t *testing.T) {
	bubble(t, 3, func(t *testing.T, f *fixture) {
		f.topic("orders", 6)
		f.groups(20, "orders")
		s := f.sampler()
		checkAllRead(t, f.wave(s))
		leader := s.nodes[0].leader.session
		f.hang(0, kmsg.Metadata) // it is asked first
		read := s.metadataAt
		time.Sleep(s.cfg.MetadataRefresh)
		checkAllRead(t, f.wave(s))
		if !s.metadataAt.After(read) {
			t.Error("metadata was not due")
		}
		if s.nodes[0].leader.session != leader {
			t.Error("the leader's connection was opened again")
		}
	})
}

func TestColdStart(t *testing.T) {
	bubble(t, 2, func(t *testing.T, f *fixture) {
		f.topic("orders", 2)
		f.groups(5, "orders")
		f.network.cut(f.address(0))
		s := f.sampler()
		ctx, cancel := context.WithCancel(t.Context())
		waves := make(chan int, 100)
		done := make(chan struct{})
		go func() {
			defer close(done)
			s.Run(ctx, func(w *lag.Wave) []lag.TimeQuery {
				waves <- len(w.Groups)
				return nil
			})
		}()
		time.Sleep(5 * time.Minute)
		if len(waves) != 0 {
			t.Errorf("%d waves handed over while the cluster is down", len(waves))
		}
		if n := f.logs.lines("failed"); n != 1 {
			t.Errorf("%d lines for one failure:\n%s", n, f.logs)
		}
		f.network.heal(f.address(0))
		time.Sleep(time.Minute)
		if n := len(waves); n < 5 || n > 8 {
			t.Errorf("%d waves in a minute", n)
		}
		if n := <-waves; n != 5 {
			t.Errorf("%d groups in the first wave", n)
		}
		cancel()
		<-done
	})
}

func TestClusterMoves(t *testing.T) {
	bubble(t, 2, func(t *testing.T, f *fixture) {
		f.topic("orders", 2)
		f.groups(5, "orders")
		f.config.Brokers = []string{"localhost:9092", "localhost:9093"}
		s := f.sampler()
		checkAllRead(t, f.wave(s))
		f.network.cut(f.address(0))
		f.network.cut(f.address(1))
		time.Sleep(f.config.Interval)
		if w, err := s.Wave(t.Context()); err == nil {
			t.Errorf("a wave without any broker: %+v", w)
		}
		f.network.heal(f.address(1))
		w := f.next(s)
		if w.Brokers[0].Up || !w.Brokers[1].Up {
			t.Errorf("brokers: %+v", w.Brokers)
		}
	})
}

func TestTopicIsCreatedAgain(t *testing.T) {
	for _, version := range []string{"", "2.7.0"} { // metadata has topic IDs since 2.8
		t.Run(version, func(t *testing.T) {
			bubble(t, 2, func(t *testing.T, f *fixture) { topicIsCreatedAgain(t, f, version) })
		})
	}
}

func topicIsCreatedAgain(t *testing.T, f *fixture, version string) {
	f.topic("orders", 2)
	f.produce("orders", 0, 50)
	if err := f.cluster.DeleteRecords("orders", 0, 20); err != nil {
		t.Fatal(err)
	}
	f.commit("g", "orders", 0, 30)
	f.config.Version = version
	s := f.sampler()
	before := topicOf(t, f.wave(s), "orders")
	id := before.ID
	if before.Partitions[0].Start != 20 {
		t.Errorf("%+v", before.Partitions[0])
	}
	if err := f.cluster.DeleteTopic("orders"); err != nil {
		t.Fatal(err)
	}
	f.topic("orders", 3)
	f.produce("orders", 0, 5)
	after := topicOf(t, f.next(s), "orders")
	if len(after.Partitions) != 3 || after.Partitions[0].End != 5 || after.Partitions[0].Start != 0 ||
		after.Partitions[2].End != 0 {
		t.Errorf("the new topic is to be seen at once: %+v", after)
	}
	if told := version == ""; (after.ID != id) != told {
		t.Errorf("ID %v after %v", after.ID, id)
	}
	if err := f.cluster.DeleteTopic("orders"); err != nil {
		t.Fatal(err)
	}
	if w := f.next(s); len(w.Topics) != 0 {
		t.Errorf("deleted, and still in the wave: %+v", w.Topics)
	}
}

// A group that was deleted while its broker left for good is held for as long as a value may be, then forgotten.
func TestGroupOfABrokerThatLeftIsForgotten(t *testing.T) {
	bubble(t, 3, func(t *testing.T, f *fixture) {
		f.topic("orders", 3)
		var lost string
		for _, g := range f.groups(20, "orders") {
			if f.cluster.CoordinatorFor(g) == 2 {
				lost = g
			}
		}
		s := f.sampler()
		checkAllRead(t, f.wave(s))
		answer, err := f.broker(2).DeleteGroups(&sarama.DeleteGroupsRequest{Groups: []string{lost}})
		if err != nil || answer.GroupErrorCodes[lost] != sarama.ErrNoError {
			t.Fatal(err, answer)
		}
		address := f.address(2)
		if err := f.cluster.RemoveNode(2); err != nil {
			t.Fatal(err)
		}
		f.network.cut(address)
		for range 3 {
			w := f.next(s)
			if g := groupOf(t, w, lost); !g.CommitsAt.IsZero() || g.Err != lag.ReasonCoordinator {
				t.Errorf("held: %+v", g)
			}
		}
		f.next(s)
		if w := f.next(s); len(w.Groups) != 19 {
			t.Errorf("%d groups, want 19", len(w.Groups))
		}
	})
}
