package kafka

import (
	"maps"
	"regexp"
	"slices"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"kafka_burndown_exporter/internal/lag"
)

func TestFiltersApplyBeforeFetching(t *testing.T) {
	f := newFixture(t, kfake.NumBrokers(2))
	for _, topic := range []string{"orders", "orders-internal", "other"} {
		f.topic(topic, 1)
		f.produce(topic, 0, 3)
		f.commit("app-a", topic, 0, 1)
		f.commit("app-b", topic, 0, 1)
		f.commit("tool", topic, 0, 1)
	}
	f.config.TopicFilter, f.config.TopicExclude = regexp.MustCompile("^orders"), regexp.MustCompile("internal$")
	f.config.GroupFilter, f.config.GroupExclude = regexp.MustCompile("^app-"), regexp.MustCompile("b$")

	var mu sync.Mutex
	asked := map[string]bool{}
	f.cluster.Fault(kfake.Fault{Count: -1, Observe: true, When: func(r kmsg.Request) bool {
		mu.Lock()
		defer mu.Unlock()
		switch r := r.(type) {
		case *kmsg.OffsetFetchRequest:
			for _, g := range r.Groups {
				asked["offsets of "+g.Group] = true
			}
		case *kmsg.DescribeGroupsRequest:
			for _, g := range r.Groups {
				asked["members of "+g] = true
			}
		case *kmsg.ListOffsetsRequest:
			for _, tp := range r.Topics {
				asked["ends of "+tp.Topic] = true
			}
		}
		return false
	}})
	w := f.wave(f.sampler())
	want := []string{"ends of orders", "members of app-a", "offsets of app-a"}
	if diff := cmp.Diff(want, slices.Sorted(maps.Keys(asked))); diff != "" {
		t.Errorf("asked (-want +got):\n%s", diff)
	}
	if len(w.Topics) != 1 || len(w.Groups) != 1 || len(w.Groups[0].Commits) != 1 {
		t.Errorf("topics %+v, groups %+v", w.Topics, w.Groups)
	}
}

func TestShardsPartitionTheSeries(t *testing.T) {
	f := newFixture(t, kfake.NumBrokers(2))
	topics := []string{"t0", "t1", "t2", "t3", "t4", "t5", "t6", "t7"}
	for _, topic := range topics {
		f.topic(topic, 2)
		f.produce(topic, 1, 4)
	}
	for i, g := range f.groups(60, "t0") {
		f.commit(g, topics[i%len(topics)], 1, 2)
	}
	const shards = 3
	groups, own := map[string]int{}, map[string]int{}
	for i := range shards {
		f.config.Shard = Shard{Index: i, Count: shards}
		w := f.wave(f.sampler())
		used := map[string]bool{}
		for _, g := range w.Groups {
			groups[g.ID]++
			for _, c := range g.Commits {
				used[c.Topic] = true
			}
		}
		for _, tp := range w.Topics {
			if !tp.Foreign {
				own[tp.Name]++
			} else if !used[tp.Name] {
				t.Errorf("shard %d reads %s, which none of its groups uses", i, tp.Name)
			}
			if tp.Partitions[1].End != 4 {
				t.Errorf("shard %d: %s is not read: %+v", i, tp.Name, tp.Partitions[1])
			}
			delete(used, tp.Name)
		}
		if len(used) > 0 {
			t.Errorf("shard %d lacks topics of its groups: %v", i, used)
		}
	}
	if len(groups) != 60 || len(own) != len(topics) {
		t.Errorf("%d of 60 groups, %d of %d topics", len(groups), len(own), len(topics))
	}
	for name, n := range groups {
		if n != 1 {
			t.Errorf("group %s is in %d shards", name, n)
		}
	}
	for name, n := range own {
		if n != 1 {
			t.Errorf("topic %s is in %d shards", name, n)
		}
	}
}

func TestExpectedGroups(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newVirtualFixture(t, 3)
		f.topic("orders", 2)
		f.produce("orders", 0, 3)
		f.config.Expect = map[string][]string{"not-yet": {"planned", "orders"}}
		s := f.sampler()
		g := groupOf(t, f.wave(s), "not-yet")
		if g.CommitsAt.IsZero() || g.Err != lag.ReasonNone || len(g.Commits) != 0 || !g.ListedAt.IsZero() ||
			!slices.Equal(g.Expected, []string{"orders", "planned"}) {
			t.Errorf("absent everywhere, it is read as having no commits: %+v", g)
		}

		// A group one may not see is not listed either.
		hidden := f.cluster.Fault(kfake.Fault{
			Keys: []kmsg.Key{kmsg.DescribeGroups}, Group: "not-yet", Err: kerr.GroupAuthorizationFailed, Count: -1,
		})
		if g := groupOf(t, f.next(s), "not-yet"); !g.CommitsAt.IsZero() || g.Err != lag.ReasonAuthorization {
			t.Errorf("it cannot be known to be absent: %+v", g)
		}
		hidden.Remove()

		// While a broker is silent the group may be there, unless another one is its coordinator.
		coordinator := f.cluster.CoordinatorFor("not-yet")
		f.network.cut(f.address((coordinator + 1) % 3))
		if g := groupOf(t, f.next(s), "not-yet"); g.CommitsAt.IsZero() || g.Err != lag.ReasonNone {
			t.Errorf("its coordinator answered, so it is absent: %+v", g)
		}
		f.network.heal(f.address((coordinator + 1) % 3))
		f.network.cut(f.address(coordinator))
		if g := groupOf(t, f.next(s), "not-yet"); !g.CommitsAt.IsZero() || g.Err != lag.ReasonCoordinator {
			t.Errorf("its coordinator is silent, so it is not read: %+v", g)
		}
		f.network.heal(f.address(coordinator))

		f.commit("not-yet", "orders", 0, 1)
		if g := groupOf(t, f.next(s), "not-yet"); g.CommitsAt.IsZero() || g.ListedAt.IsZero() || len(g.Commits) != 1 {
			t.Errorf("it exists now: %+v\n%s", g, f.logs)
		}
		f.close()
	})
}

// A group whose commits are in a partition without a leader is listed by nobody, though every broker answers in full.
func TestExpectedGroupWithoutACoordinator(t *testing.T) {
	refuse := func(f *fixture, key kmsg.Key, err *kerr.Error) *kfake.FaultHandle {
		return f.cluster.Fault(kfake.Fault{Keys: []kmsg.Key{key}, Group: "not-yet", Err: err, Count: -1})
	}
	for _, tc := range []struct {
		name    string
		prepare func(f *fixture)
		want    lag.Reason // none: it is known to be absent
	}{
		{"the partition is offline", func(f *fixture) {
			f.topic(offsetsTopic, 1)
			refuse(f, kmsg.DescribeGroups, kerr.NotCoordinator)
			refuse(f, kmsg.FindCoordinator, kerr.CoordinatorNotAvailable)
		}, lag.ReasonCoordinator},
		{"the coordinator loads", func(f *fixture) {
			f.topic(offsetsTopic, 1)
			refuse(f, kmsg.DescribeGroups, kerr.CoordinatorLoadInProgress)
		}, lag.ReasonCoordinator},
		{"it is named, and does not know of it yet", func(f *fixture) {
			f.topic(offsetsTopic, 1)
			refuse(f, kmsg.DescribeGroups, kerr.NotCoordinator)
		}, lag.ReasonCoordinator},
		{"there is no group yet in the cluster", func(f *fixture) {
			refuse(f, kmsg.DescribeGroups, kerr.NotCoordinator)
			refuse(f, kmsg.FindCoordinator, kerr.CoordinatorNotAvailable)
		}, lag.ReasonNone},
		{"there may be one", func(f *fixture) {
			hideTopic(f, offsetsTopic)
			refuse(f, kmsg.DescribeGroups, kerr.NotCoordinator)
			refuse(f, kmsg.FindCoordinator, kerr.CoordinatorNotAvailable)
		}, lag.ReasonCoordinator},
		{"all is well", func(f *fixture) { f.topic(offsetsTopic, 1) }, lag.ReasonNone},
	} {
		t.Run(tc.name, func(t *testing.T) {
			bubble(t, 2, func(t *testing.T, f *fixture) {
				f.topic("orders", 2)
				f.produce("orders", 0, 3)
				f.config.Expect = map[string][]string{"not-yet": {"orders"}}
				tc.prepare(f)
				s := f.sampler()
				for range 3 {
					g := groupOf(t, f.next(s), "not-yet")
					if g.Err != tc.want || g.CommitsAt.IsZero() != (tc.want != lag.ReasonNone) || len(g.Commits) > 0 {
						t.Errorf("%+v", g)
					}
				}
			})
		})
	}
}

func TestInvalidNames(t *testing.T) {
	f := newFixture(t)
	f.topic("orders", 1)
	f.produce("orders", 0, 3)
	f.commit("bad\xff", "orders", 0, 1)
	f.commit("bad\xfe", "orders", 0, 2)
	w := f.wave(f.sampler())
	if len(w.Groups) != 1 || w.Groups[0].ID != "bad\uFFFD" || len(w.Groups[0].Commits) != 1 ||
		w.Groups[0].Commits[0].Offsets[0] != 2 {
		t.Errorf("want the first of two names that become the same, read under its raw name: %+v", w.Groups)
	}
}
