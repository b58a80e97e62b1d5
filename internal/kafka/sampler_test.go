package kafka

import (
	"testing"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"kafka_burndown_exporter/internal/lag"
)

// allKeys are the requests of a wave, without those that open a connection.
var allKeys = []kmsg.Key{kmsg.Metadata, kmsg.ListGroups, kmsg.OffsetFetch, kmsg.ListOffsets, kmsg.DescribeGroups,
	kmsg.ConsumerGroupDescribe, kmsg.FindCoordinator}

func TestWaveReadsCommitsAndEnds(t *testing.T) {
	f := newFixture(t, kfake.NumBrokers(3))
	f.topic("orders", 4)
	for p := range int32(4) {
		f.produce("orders", p, 10*(int(p)+1))
	}
	f.commit("billing", "orders", 0, 3)
	f.commit("billing", "orders", 3, 40)

	w := f.wave(f.sampler())
	g := groupOf(t, w, "billing")
	if g.CommitsAt.IsZero() || g.Err != lag.ReasonNone || g.State != "Empty" || g.ListedAt.IsZero() {
		t.Errorf("group not read: %+v", g)
	}
	if len(g.Commits) != 1 || g.Commits[0].Topic != "orders" ||
		len(g.Commits[0].Partitions) != 2 || g.Commits[0].Partitions[1] != 3 || g.Commits[0].Offsets[1] != 40 {
		t.Errorf("commits: %+v", g.Commits)
	}
	if g.Members == nil || g.Members.Count != 0 {
		t.Errorf("members: %+v", g.Members)
	}
	tp := topicOf(t, w, "orders")
	if tp.ID == [16]byte{} || tp.Foreign || len(tp.Partitions) != 4 {
		t.Fatalf("topic: %+v", tp)
	}
	for i, p := range tp.Partitions {
		if p.End != int64(10*(i+1)) || p.Start != 0 || p.Err != lag.ReasonNone || !p.EndAt.After(g.CommitsAt) {
			t.Errorf("partition %d: %+v", i, p)
		}
	}
	if len(w.Points) != 4 {
		t.Errorf("%d points, want one for each partition seen first", len(w.Points))
	}
	if len(w.Brokers) != 3 || !w.Brokers[0].Up || !w.Brokers[2].Up {
		t.Errorf("brokers: %+v", w.Brokers)
	}
}

func TestRequestsDependOnBrokersOnly(t *testing.T) {
	f := newFixture(t, kfake.NumBrokers(3))
	f.topic("orders", 12)
	f.produce("orders", 0, 5)
	f.groups(2000, "orders")
	s := f.sampler()
	handle := f.count(allKeys...)
	for wave := range 4 {
		before := handle.Hits()
		w := f.wave(s)
		if len(w.Groups) != 2000 {
			t.Fatalf("wave %d: %d groups", wave, len(w.Groups))
		}
		for _, g := range w.Groups {
			if g.CommitsAt.IsZero() || len(g.Commits) != 1 || g.Members == nil {
				t.Fatalf("wave %d: group %+v", wave, g)
			}
		}
		n := handle.Hits() - before
		t.Logf("wave %d: %d requests", wave, n)
		limit := 30
		if wave == 0 {
			limit += 3 // every broker is asked for metadata after the bootstrap address was
		}
		if n >= limit {
			t.Errorf("wave %d: %d requests, want fewer than %d; %v", wave, n, limit, f.stats)
		}
	}
}
