package kafka

import (
	"fmt"
	"testing"

	"github.com/IBM/sarama"
	"github.com/twmb/franz-go/pkg/kmsg"

	"kafka_burndown_exporter/internal/lag"
)

// The tests here are of behaviour that Apache Kafka does not show, and systems that speak its protocol do.

// refuseFetches answers every OffsetFetch that is wrong with a code for each of its groups.
func refuseFetches(f *fixture, code sarama.KError, wrong func(*kmsg.OffsetFetchRequest) bool) (asked *int) {
	asked = new(int)
	f.cluster.ControlKey(keyOffsetFetch, func(r kmsg.Request) (kmsg.Response, error, bool) {
		f.cluster.KeepControl()
		q := r.(*kmsg.OffsetFetchRequest)
		*asked++
		if !wrong(q) {
			return nil, nil, false
		}
		a := q.ResponseKind().(*kmsg.OffsetFetchResponse)
		a.ErrorCode = int16(code)
		for _, g := range q.Groups {
			one := kmsg.NewOffsetFetchResponseGroup()
			one.Group, one.ErrorCode = g.Group, int16(code)
			a.Groups = append(a.Groups, one)
		}
		return a, nil, true
	})
	return asked
}

func TestRefusedShapesOfFetches(t *testing.T) {
	several := func(q *kmsg.OffsetFetchRequest) bool { return len(q.Groups) > 1 }
	allTopics := func(q *kmsg.OffsetFetchRequest) bool {
		if q.Version < 8 {
			return q.Topics == nil
		}
		return q.Groups[0].Topics == nil
	}
	for _, tc := range []struct {
		name  string
		wrong func(*kmsg.OffsetFetchRequest) bool
		first int // requests of the first wave
		later int
	}{
		{"several groups", several, 4, 3},
		{"all topics", func(q *kmsg.OffsetFetchRequest) bool { return several(q) || allTopics(q) }, 5, 3},
	} {
		for _, code := range []sarama.KError{sarama.ErrUnsupportedVersion, sarama.ErrInvalidRequest, sarama.ErrUnknown} {
			t.Run(fmt.Sprint(tc.name, " ", code), func(t *testing.T) {
				f := newFixture(t)
				f.topic("orders", 2)
				f.topic("others", 1)
				f.produce("orders", 0, 5)
				ids := f.groups(3, "orders")
				asked := refuseFetches(f, code, tc.wrong)
				s := f.sampler()
				for wave, want := range []int{tc.first, tc.later} {
					*asked = 0
					w := f.wave(s)
					for _, id := range ids {
						g := groupOf(t, w, id)
						if sum, n := committed(g); g.CommitsAt.IsZero() || sum != 1 || n != 1 {
							t.Errorf("wave %d: %+v\n%s", wave, g, f.logs)
						}
					}
					if *asked != want {
						t.Errorf("wave %d: %d requests, want %d", wave, *asked, want)
					}
				}
			})
		}
	}
}

// A code that concerns one group of several is that group's, and so is one that every shape brings.
func TestRefusedGroupIsNoRefusedShape(t *testing.T) {
	f := newFixture(t)
	f.topic("orders", 1)
	f.produce("orders", 0, 5)
	ids := f.groups(3, "orders")
	f.cluster.ControlKey(keyOffsetFetch, func(r kmsg.Request) (kmsg.Response, error, bool) {
		f.cluster.KeepControl()
		q := r.(*kmsg.OffsetFetchRequest)
		a := q.ResponseKind().(*kmsg.OffsetFetchResponse)
		for _, g := range q.Groups {
			one := kmsg.NewOffsetFetchResponseGroup()
			one.Group = g.Group
			if g.Group == ids[1] {
				one.ErrorCode = int16(sarama.ErrInvalidRequest)
			}
			a.Groups = append(a.Groups, one)
		}
		return a, nil, true
	})
	w := f.wave(f.sampler())
	for i, id := range ids {
		if g := groupOf(t, w, id); g.CommitsAt.IsZero() != (i == 1) {
			t.Errorf("%+v", g)
		}
	}
	if n := f.stats.requests[apiOffsetFetch]; n != 1 {
		t.Errorf("%d requests", n)
	}
}

// hide lets brokers list no groups, with an error code or without, and describe none.
func hide(f *fixture, list sarama.KError, describe bool) {
	f.cluster.ControlKey(keyListGroups, func(r kmsg.Request) (kmsg.Response, error, bool) {
		f.cluster.KeepControl()
		a := r.ResponseKind().(*kmsg.ListGroupsResponse)
		a.ErrorCode = int16(list)
		return a, nil, true
	})
	if describe {
		return
	}
	f.cluster.ControlKey(15, func(r kmsg.Request) (kmsg.Response, error, bool) {
		f.cluster.KeepControl()
		a := r.ResponseKind().(*kmsg.DescribeGroupsResponse)
		for _, id := range r.(*kmsg.DescribeGroupsRequest).Groups {
			g := kmsg.NewDescribeGroupsResponseGroup()
			g.Group, g.State = id, stateDead
			a.Groups = append(a.Groups, g)
		}
		return a, nil, true
	})
}

// An idle group that nobody lists, as on Azure Event Hubs, has its commits all the same.
func TestExpectedGroupThatIsIdleAndUnlisted(t *testing.T) {
	for _, describe := range []bool{true, false} {
		f := newFixture(t)
		f.topic("orders", 1)
		f.produce("orders", 0, 100)
		f.commit("idle", "orders", 0, 40)
		f.config.Expect = map[string][]string{"idle": {"orders"}, "never-there": {"orders"}}
		hide(f, sarama.ErrNoError, describe)
		s := f.sampler()
		for wave := range 3 {
			w := f.wave(s)
			if sum, n := committed(groupOf(t, w, "idle")); n != 1 || sum != 40 {
				t.Errorf("described %v, wave %d: %+v\n%s", describe, wave, groupOf(t, w, "idle"), f.logs)
			}
			if g := groupOf(t, w, "never-there"); g.CommitsAt.IsZero() || len(g.Commits) != 0 || g.Unlistable {
				t.Errorf("wave %d: %+v", wave, g)
			}
		}
	}
}

// Its coordinator does not answer when it is asked for the commits: then they are not known, and not none.
func TestExpectedGroupWhoseCommitsAreRefused(t *testing.T) {
	f := newFixture(t)
	f.topic("orders", 1)
	f.produce("orders", 0, 100)
	f.commit("idle", "orders", 0, 40)
	f.config.Expect = map[string][]string{"idle": {"orders"}}
	hide(f, sarama.ErrNoError, false)
	refuseFetches(f, sarama.ErrOffsetsLoadInProgress, func(*kmsg.OffsetFetchRequest) bool { return true })
	if g := groupOf(t, f.wave(f.sampler()), "idle"); !g.CommitsAt.IsZero() || g.Err != lag.ReasonCoordinator {
		t.Errorf("%+v", g)
	}
}

// Where brokers refuse to list groups, the expected ones are read by their names.
func TestExpectedGroupsWithoutListing(t *testing.T) {
	for _, describe := range []bool{true, false} {
		f := newFixture(t)
		f.topic("orders", 1)
		f.produce("orders", 0, 100)
		f.commit("there", "orders", 0, 40)
		joinShare(t, f, "sharing", "orders")
		f.config.Expect = map[string][]string{"there": {"orders"}, "never-there": {"orders"}, "sharing": {"orders"}}
		hide(f, sarama.ErrClusterAuthorizationFailed, describe)
		s := f.sampler()
		for wave := range 3 {
			w := f.wave(s)
			g := groupOf(t, w, "there")
			if sum, n := committed(g); n != 1 || sum != 40 || g.Unlistable == describe {
				t.Errorf("described %v, wave %d: %+v\n%s", describe, wave, g, f.logs)
			}
			if describe && (g.State != stateEmpty || g.Members == nil || g.Members.Count != 0) {
				t.Errorf("wave %d: %+v", wave, g)
			}
			if g := groupOf(t, w, "never-there"); g.CommitsAt.IsZero() || len(g.Commits) != 0 {
				t.Errorf("wave %d: %+v", wave, g)
			}
			if g := groupOf(t, w, "sharing"); !g.CommitsAt.IsZero() || g.Err != lag.ReasonCoordinator {
				t.Errorf("a share group has no commits, and not none: %+v", g)
			}
		}
	}
}
