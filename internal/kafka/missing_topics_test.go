package kafka

import (
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"kafka_burndown_exporter/internal/lag"
)

// revoke makes the cluster of one broker behave, while the switch is on, as for a user whose right on a topic was taken
// away: metadata of all topics and committed offsets leave it out, and asked for by its name it is refused.
func revoke(f *fixture, name string) *atomic.Bool {
	on := new(atomic.Bool)
	known := f.stale(0)
	control := func(key kmsg.Key, answer func(r kmsg.Request) kmsg.Response) {
		f.cluster.ControlKey(int16(key), func(r kmsg.Request) (kmsg.Response, error, bool) {
			f.cluster.KeepControl()
			if !on.Load() {
				return nil, nil, false
			}
			a := answer(r)
			return a, nil, a != nil
		})
	}
	control(kmsg.Metadata, func(r kmsg.Request) kmsg.Response {
		in, answer := r.(*kmsg.MetadataRequest), *known.metadata
		answer.Version = in.Version
		answer.Topics = slices.DeleteFunc(slices.Clone(answer.Topics), func(t kmsg.MetadataResponseTopic) bool {
			return *t.Topic == name
		})
		if len(in.Topics) > 0 {
			answer.Topics = nil
			for _, asked := range in.Topics {
				t := kmsg.NewMetadataResponseTopic()
				t.Topic, t.ErrorCode = asked.Topic, kerr.TopicAuthorizationFailed.Code
				answer.Topics = append(answer.Topics, t)
			}
		}
		return &answer
	})
	control(kmsg.OffsetFetch, func(r kmsg.Request) kmsg.Response {
		answer := r.ResponseKind().(*kmsg.OffsetFetchResponse)
		for _, g := range r.(*kmsg.OffsetFetchRequest).Groups {
			one := *known.committed[g.Group]
			one.Topics = slices.DeleteFunc(slices.Clone(one.Topics), func(t kmsg.OffsetFetchResponseGroupTopic) bool {
				return t.Topic == name
			})
			answer.Groups = append(answer.Groups, one)
		}
		return answer
	})
	f.cluster.Fault(kfake.Fault{
		Keys: []kmsg.Key{kmsg.ListOffsets}, Topic: name, Err: kerr.TopicAuthorizationFailed, Count: -1,
		When: func(kmsg.Request) bool { return on.Load() },
	})
	return on
}

// The right on one of a group's two topics is taken away: that topic stays the group's, unread, until the right is back.
func TestRightOnATopicIsTakenAway(t *testing.T) {
	f := newFixture(t, kfake.NumBrokers(1))
	for _, topic := range []string{"orders", "payments"} {
		f.topic(topic, 2)
		f.produce(topic, 0, 100)
		f.commit("g", topic, 0, 10)
	}
	f.config.MetadataRefresh = 200 * time.Millisecond
	s := f.sampler()
	id := topicOf(t, f.wave(s), "payments").ID
	on := revoke(f, "payments")
	on.Store(true)
	for wave := range 6 {
		if wave == 3 {
			time.Sleep(f.config.MetadataRefresh) // until then metadata is that of before
		}
		w := f.wave(s)
		g := groupOf(t, w, "g")
		if len(g.Commits) != 2 || len(g.Commits[0].Offsets) != 1 || g.Commits[1].Topic != "payments" || len(g.Commits[1].Offsets) != 0 {
			t.Errorf("wave %d: commits %+v", wave, g.Commits)
		}
		tp := topicOf(t, w, "payments")
		if tp.Hidden || tp.ID != id || len(tp.Partitions) != 2 {
			t.Errorf("wave %d: %+v", wave, tp)
		}
		for _, p := range tp.Partitions {
			if p.End >= 0 || p.Err != lag.ReasonAuthorization || wave >= 3 && p.Leader >= 0 {
				t.Errorf("wave %d: %+v", wave, p)
			}
		}
	}
	on.Store(false)
	time.Sleep(f.config.MetadataRefresh)
	w := f.wave(s)
	checkAllRead(t, w)
	if g := groupOf(t, w, "g"); len(g.Commits) != 2 || len(g.Commits[1].Offsets) != 1 {
		t.Errorf("commits %+v", g.Commits)
	}
}

// Commits that are deleted, and a topic that is, are not taken for a right that is missing.
func TestCommitsThatAreGone(t *testing.T) {
	f := newFixture(t, kfake.NumBrokers(1))
	for _, topic := range []string{"a", "b", "c"} {
		f.topic(topic, 1)
		f.produce(topic, 0, 5)
		f.commit("g", topic, 0, 1)
	}
	f.config.MetadataRefresh = time.Millisecond
	s := f.sampler()
	topics := func(w *lag.Wave) (names []string) {
		for _, c := range groupOf(t, w, "g").Commits {
			names = append(names, c.Topic)
		}
		return names
	}
	if diff := cmp.Diff([]string{"a", "b", "c"}, topics(f.wave(s))); diff != "" {
		t.Fatal(diff)
	}
	r := kmsg.NewPtrOffsetDeleteRequest()
	r.Group = "g"
	deleted := kmsg.NewOffsetDeleteRequestTopic()
	deleted.Topic, deleted.Partitions = "b", []kmsg.OffsetDeleteRequestTopicPartition{{}}
	r.Topics = append(r.Topics, deleted)
	join(t, f, r)
	if diff := cmp.Diff([]string{"a", "c"}, topics(f.wave(s))); diff != "" {
		t.Errorf("after the commit was deleted: %s", diff)
	}
	if err := f.cluster.DeleteTopic("c"); err != nil {
		t.Fatal(err)
	}
	w := f.wave(s)
	if diff := cmp.Diff([]string{"a"}, topics(w)); diff != "" || len(w.Topics) != 2 {
		t.Errorf("after the topic was deleted: %s, topics %+v", diff, w.Topics)
	}
}
