package kafka

import (
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/kversion"

	"kafka_burndown_exporter/internal/lag"
)

// staleBroker is a broker that does not learn what the others do, as one that is cut off from the controller: it keeps its
// metadata, and takes itself for the leader and the coordinator of what it led.
type staleBroker struct {
	on        atomic.Bool
	node      int32
	cluster   *kfake.Cluster
	metadata  *kmsg.MetadataResponse
	groups    *kmsg.ListGroupsResponse
	ends      map[string]map[int32]int64
	committed map[string]*kmsg.OffsetFetchResponseGroup
}

// asker is a client that asks single brokers, in versions that have names where later ones have IDs.
func (f *fixture) asker() *kgo.Client {
	f.t.Helper()
	client, err := kgo.NewClient(kgo.SeedBrokers(f.cluster.ListenAddrs()...), kgo.Dialer(f.network.dial),
		kgo.MaxVersions(kversion.V3_9_0()))
	if err != nil {
		f.t.Fatal(err)
	}
	return client
}

// stale records what a broker says now; it says so for ever once it is on.
func (f *fixture) stale(node int32) *staleBroker {
	f.t.Helper()
	client := f.asker()
	defer client.Close()
	b := client.Broker(int(node))
	s := &staleBroker{
		node: node, cluster: f.cluster, ends: map[string]map[int32]int64{}, committed: map[string]*kmsg.OffsetFetchResponseGroup{},
	}
	must := func(r kmsg.Response, err error) kmsg.Response {
		f.t.Helper()
		if err != nil {
			f.t.Fatal(err)
		}
		return r
	}
	s.metadata = must(b.Request(f.t.Context(), kmsg.NewPtrMetadataRequest())).(*kmsg.MetadataResponse)
	s.groups = must(b.Request(f.t.Context(), kmsg.NewPtrListGroupsRequest())).(*kmsg.ListGroupsResponse)
	for _, t := range s.metadata.Topics {
		s.ends[*t.Topic] = map[int32]int64{}
		for _, p := range t.Partitions {
			s.ends[*t.Topic][p.Partition] = f.cluster.PartitionInfo(*t.Topic, p.Partition).HighWatermark
		}
	}
	for _, g := range s.groups.Groups {
		r := kmsg.NewPtrOffsetFetchRequest()
		r.Groups = []kmsg.OffsetFetchRequestGroup{{Group: g.Group}}
		s.committed[g.Group] = &must(b.Request(f.t.Context(), r)).(*kmsg.OffsetFetchResponse).Groups[0]
	}
	for _, key := range []kmsg.Key{kmsg.Metadata, kmsg.ListGroups, kmsg.ListOffsets, kmsg.OffsetFetch} {
		f.cluster.ControlKey(int16(key), func(r kmsg.Request) (kmsg.Response, error, bool) {
			f.cluster.KeepControl()
			if !s.on.Load() || f.cluster.CurrentNode() != node {
				return nil, nil, false
			}
			answer := s.answer(r)
			return answer, nil, answer != nil
		})
	}
	return s
}

func (s *staleBroker) answer(r kmsg.Request) kmsg.Response {
	switch r := r.(type) {
	case *kmsg.MetadataRequest:
		return answerTo(r, s.metadata)
	case *kmsg.ListGroupsRequest:
		answer := *s.groups
		answer.Version = r.Version
		return &answer
	case *kmsg.ListOffsetsRequest:
		return s.listOffsets(r)
	case *kmsg.OffsetFetchRequest:
		answer := r.ResponseKind().(*kmsg.OffsetFetchResponse)
		for _, g := range r.Groups {
			if known := s.committed[g.Group]; known != nil {
				answer.Groups = append(answer.Groups, *known)
				continue
			}
			answer.Groups = append(answer.Groups, kmsg.OffsetFetchResponseGroup{
				Group: g.Group, ErrorCode: kerr.NotCoordinator.Code,
			})
		}
		return answer
	}
	return nil
}

func (s *staleBroker) listOffsets(r *kmsg.ListOffsetsRequest) kmsg.Response {
	answer := r.ResponseKind().(*kmsg.ListOffsetsResponse)
	for _, rt := range r.Topics {
		t := kmsg.NewListOffsetsResponseTopic()
		t.Topic = rt.Topic
		for _, rp := range rt.Partitions {
			p := kmsg.NewListOffsetsResponseTopicPartition()
			p.Partition, p.Offset = rp.Partition, s.ends[rt.Topic][rp.Partition]
			leader, epoch := s.leader(rt.Topic, rp.Partition)
			switch {
			case rp.CurrentLeaderEpoch > epoch:
				p.ErrorCode = kerr.UnknownLeaderEpoch.Code
			case leader != s.node:
				p.ErrorCode = kerr.NotLeaderForPartition.Code
			case rp.Timestamp == earliest:
				p.Offset = 0
			case rp.Timestamp != latest: // it knows no times
				p.ErrorCode = kerr.UnknownServerError.Code
			}
			t.Partitions = append(t.Partitions, p)
		}
		answer.Topics = append(answer.Topics, t)
	}
	return answer
}

func (s *staleBroker) leader(topic string, partition int32) (leader, epoch int32) {
	for _, t := range s.metadata.Topics {
		for _, p := range t.Partitions {
			if *t.Topic == topic && p.Partition == partition {
				return p.Leader, p.LeaderEpoch
			}
		}
	}
	return -1, -1
}

// A broker that is behind the others gives no value: not by its metadata, though it is asked first, not as the leader of a
// partition, not as the coordinator of a group.
func TestStaleBroker(t *testing.T) {
	f := newFixture(t, kfake.NumBrokers(3))
	f.topic("orders", 6)
	for p := range int32(6) {
		if err := f.cluster.MoveTopicPartition("orders", p, p%3); err != nil {
			t.Fatal(err)
		}
		f.produce("orders", p, 100)
	}
	groups := f.groups(8, "orders")
	f.config.MetadataRefresh = time.Millisecond
	s := f.sampler()
	checkAllRead(t, f.wave(s))

	stale := f.stale(0)
	for _, p := range []int32{0, 3} {
		if err := f.cluster.MoveTopicPartition("orders", p, 1+p/3); err != nil {
			t.Fatal(err)
		}
		f.produce("orders", p, 50)
	}
	led := map[string]bool{}
	for _, g := range groups {
		led[g] = f.cluster.CoordinatorFor(g) == 0
	}
	for moved := false; !moved; { // until the others coordinate all groups
		f.cluster.RehashCoordinators()
		moved = true
		for _, g := range groups {
			moved = moved && f.cluster.CoordinatorFor(g) != 0
		}
	}
	for _, g := range groups {
		f.commit(g, "orders", 0, 77)
	}
	stale.on.Store(true)
	check := func(wave int, w *lag.Wave) {
		t.Helper()
		for i, p := range topicOf(t, w, "orders").Partitions {
			want := int64(100)
			if i%3 == 0 {
				want = 150
			}
			if p.End != want {
				t.Errorf("wave %d: partition %d: %+v", wave, i, p)
			}
		}
		unknown := 0
		for _, g := range w.Groups {
			if g.CommitsAt.IsZero() {
				unknown++
				if !led[g.ID] || g.Err != lag.ReasonCoordinator {
					t.Errorf("wave %d: %+v", wave, g)
				}
				continue
			}
			if got := g.Commits[0].Offsets[0]; got != 77 {
				t.Errorf("wave %d: %s committed %d", wave, g.ID, got)
			}
		}
		if claimed := len(stale.groups.Groups); unknown != claimed {
			t.Errorf("wave %d: %d groups are unknown, %d are claimed twice", wave, unknown, claimed)
		}
	}
	for wave := range 5 {
		check(wave, f.wave(s))
	}
	if n := f.logs.lines("reason=contested"); n != 1 {
		t.Errorf("%d lines:\n%s", n, f.logs)
	}
	check(0, f.wave(f.sampler())) // one that begins with the metadata of the broker that is behind
	stale.on.Store(false)
	checkAllRead(t, f.wave(s))
}

// Between two readings of metadata the brokers are asked who is one of them: what a broker that they have given up leads is
// read from its successor in the same wave. Nothing else tells here, as the broker coordinates no group.
func TestBrokerThatTheOthersGaveUp(t *testing.T) {
	f := newFixture(t, kfake.NumBrokers(3))
	f.topic("orders", 3)
	for p := range int32(3) {
		if err := f.cluster.MoveTopicPartition("orders", p, p); err != nil {
			t.Fatal(err)
		}
		f.produce("orders", p, 100)
	}
	s := f.sampler()
	f.wave(s)
	stale := f.stale(2)
	stale.on.Store(true)
	f.wave(s)
	if err := f.cluster.MoveTopicPartition("orders", 2, 1); err != nil {
		t.Fatal(err)
	}
	f.produce("orders", 2, 50)
	f.giveUp(2)
	requests := f.stats.requests[apiMetadata]
	for wave := range 3 {
		if p := topicOf(t, f.wave(s), "orders").Partitions[2]; p.End != 150 || p.Leader != 1 {
			t.Errorf("wave %d: %+v", wave, p)
		}
	}
	if n := f.stats.requests[apiMetadata] - requests; n > 3*maxMetadataBrokers+2 {
		t.Errorf("%d requests for metadata in three waves", n)
	}
}

// A broker that alone answers may have been replaced: nothing that it says counts, and all is said to be unknown.
func TestMinorityIsNotBelieved(t *testing.T) {
	bubble(t, 3, func(t *testing.T, f *fixture) {
		f.topic("orders", 3)
		f.groups(6, "orders")
		s := f.sampler()
		checkAllRead(t, f.wave(s))
		f.network.cut(f.address(0))
		w := f.next(s)
		for _, p := range topicOf(t, w, "orders").Partitions {
			if (p.End < 0) != (p.Leader == 0) {
				t.Errorf("two of three answer: %+v", p)
			}
		}
		f.network.cut(f.address(1))
		for range 3 {
			w = f.next(s)
			if len(w.Groups) != 6 {
				t.Errorf("%d groups", len(w.Groups))
			}
			for _, g := range w.Groups {
				if !g.CommitsAt.IsZero() || g.Err != lag.ReasonCoordinator {
					t.Errorf("one of three answers: %+v", g)
				}
			}
			for _, p := range topicOf(t, w, "orders").Partitions {
				if p.End >= 0 || p.Err != lag.ReasonLeader {
					t.Errorf("one of three answers: %+v", p)
				}
			}
		}
		if n := f.logs.lines("reason=minority"); n != 1 {
			t.Errorf("%d lines:\n%s", n, f.logs)
		}
		f.network.heal(f.address(1))
		f.network.heal(f.address(0))
		time.Sleep(f.config.Interval)
		f.next(s)
		checkAllRead(t, f.next(s))
	})
}

// giveUp lets the other brokers say what they do now, without one of them in the list, for as long as it is on.
func (f *fixture) giveUp(node int32) *atomic.Bool {
	f.t.Helper()
	client := f.asker()
	defer client.Close()
	said, err := client.Broker(int(node+1)%3).Request(f.t.Context(), kmsg.NewPtrMetadataRequest())
	if err != nil {
		f.t.Fatal(err)
	}
	metadata := said.(*kmsg.MetadataResponse)
	metadata.Brokers = slices.DeleteFunc(metadata.Brokers, func(b kmsg.MetadataResponseBroker) bool { return b.NodeID == node })
	on := new(atomic.Bool)
	on.Store(true)
	f.cluster.ControlKey(int16(kmsg.Metadata), func(r kmsg.Request) (kmsg.Response, error, bool) {
		f.cluster.KeepControl()
		return answerTo(r.(*kmsg.MetadataRequest), metadata), nil, on.Load() && f.cluster.CurrentNode() != node
	})
	return on
}

// answerTo is what a broker with that metadata answers.
func answerTo(r *kmsg.MetadataRequest, metadata *kmsg.MetadataResponse) *kmsg.MetadataResponse {
	answer := *metadata
	answer.Version = r.Version
	if r.Topics != nil && len(r.Topics) == 0 {
		answer.Topics = nil
	}
	return &answer
}

// The first metadata comes from a bootstrap address alone: the others are asked before its leaders are.
func TestStaleBootstrap(t *testing.T) {
	f := newFixture(t, kfake.NumBrokers(3))
	f.topic("orders", 1)
	if err := f.cluster.MoveTopicPartition("orders", 0, 0); err != nil {
		t.Fatal(err)
	}
	f.produce("orders", 0, 100)
	stale := f.stale(0)
	if err := f.cluster.MoveTopicPartition("orders", 0, 1); err != nil {
		t.Fatal(err)
	}
	f.produce("orders", 0, 50)
	stale.on.Store(true)
	if p := topicOf(t, f.wave(f.sampler()), "orders").Partitions[0]; p.End != 150 || p.Leader != 1 {
		t.Errorf("%+v", p)
	}
}
