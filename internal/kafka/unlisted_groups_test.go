package kafka

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/IBM/sarama"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"kafka_burndown_exporter/internal/lag"
)

// TestGroupThatNobodyListsIsKept: after a restart of all brokers nobody coordinates anything for a while, and every broker
// lists no group. The group is unknown then, not gone: it keeps its counters. One that was deleted is gone.
func TestGroupThatNobodyListsIsKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newVirtualFixture(t, 2)
		defer f.close()
		f.topic("t", 1)
		f.produce("t", 0, 10)
		f.commit("g", "t", 0, 5)
		f.commit("deleted", "t", 0, 5)
		s := f.sampler()
		if g := groupOf(t, f.wave(s), "g"); g.CommitsAt.IsZero() {
			t.Fatalf("%+v", g)
		}
		away := true
		f.cluster.ControlKey(int16(kmsg.ListGroups), func(r kmsg.Request) (kmsg.Response, error, bool) {
			f.cluster.KeepControl()
			return r.ResponseKind(), nil, away
		})
		f.cluster.ControlKey(int16(kmsg.DescribeGroups), func(r kmsg.Request) (kmsg.Response, error, bool) {
			f.cluster.KeepControl()
			answer := r.ResponseKind().(*kmsg.DescribeGroupsResponse)
			for _, name := range r.(*kmsg.DescribeGroupsRequest).Groups {
				answer.Groups = append(answer.Groups, kmsg.DescribeGroupsResponseGroup{Group: name, ErrorCode: kerr.NotCoordinator.Code})
			}
			return answer, nil, away
		})
		for range 6 {
			time.Sleep(f.config.Interval)
			w, err := s.Wave(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if g := groupOf(t, w, "g"); !g.CommitsAt.IsZero() || g.Err != lag.ReasonCoordinator {
				t.Errorf("while nobody coordinates it: %+v", g)
			}
		}
		away = false
		if g := groupOf(t, f.next(s), "g"); g.CommitsAt.IsZero() {
			t.Errorf("listed again: %+v", g)
		}
		deleteGroup(t, f, "deleted")
		f.next(s)
		if w := f.next(s); len(w.Groups) != 1 {
			t.Errorf("of a deleted group it is known that it is gone: %+v", w.Groups)
		}
	})
}

func deleteGroup(t *testing.T, f *fixture, group string) {
	t.Helper()
	if _, err := f.broker(f.cluster.CoordinatorFor(group)).DeleteGroups(&sarama.DeleteGroupsRequest{Groups: []string{group}}); err != nil {
		t.Fatal(err)
	}
}

// TestAnswerOfABrokerThatHasBeenReplaced: groups move to a broker and back, and the one in between does not know of the
// second move: what it answers is taken for nothing.
func TestAnswerOfABrokerThatHasBeenReplaced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newVirtualFixture(t, 2)
		defer f.close()
		f.topic("t", 1)
		f.produce("t", 0, 100)
		const right, wrong = 0, 1
		var groups []string // that the right one coordinates
		for i := 0; len(groups) < 4; i++ {
			if name := fmt.Sprint("group-", i); f.cluster.CoordinatorFor(name) == right {
				groups = append(groups, name)
				f.commit(name, "t", 0, 50)
			}
		}
		f.topic(offsetsTopic, 1)
		if err := f.cluster.MoveTopicPartition(offsetsTopic, 0, right); err != nil {
			t.Fatal(err)
		}
		moved := groups[0]
		s := f.sampler()
		f.wave(s)
		stale := true
		f.cluster.ControlKey(int16(kmsg.ListGroups), func(r kmsg.Request) (kmsg.Response, error, bool) {
			f.cluster.KeepControl()
			answer, listed := r.ResponseKind().(*kmsg.ListGroupsResponse), groups[1:]
			if f.cluster.CurrentNode() == wrong {
				listed = groups[:1]
			}
			for _, name := range listed {
				answer.Groups = append(answer.Groups, kmsg.ListGroupsResponseGroup{
					Group: name, ProtocolType: "consumer", GroupState: "Empty", GroupType: "classic",
				})
			}
			return answer, nil, stale
		})
		f.cluster.ControlKey(int16(kmsg.OffsetFetch), func(r kmsg.Request) (kmsg.Response, error, bool) {
			f.cluster.KeepControl()
			if f.cluster.CurrentNode() != wrong {
				return nil, nil, false
			}
			answer := r.ResponseKind().(*kmsg.OffsetFetchResponse)
			answer.Groups = []kmsg.OffsetFetchResponseGroup{{Group: moved, Topics: []kmsg.OffsetFetchResponseGroupTopic{{
				Topic: "t", Partitions: []kmsg.OffsetFetchResponseGroupTopicPartition{{Partition: 0, Offset: 10}},
			}}}}
			return answer, nil, stale
		})
		if g := groupOf(t, f.next(s), moved); !g.CommitsAt.IsZero() {
			t.Errorf("believed the broker that has been replaced: %+v", g)
		}
		stale = false
		if g := groupOf(t, f.next(s), moved); g.CommitsAt.IsZero() || g.Commits[0].Offsets[0] != 50 {
			t.Errorf("%+v", g)
		}
	})
}
