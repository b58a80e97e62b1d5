package kafka

import (
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/kversion"

	"kafka_burndown_exporter/internal/lag"
)

func TestUnauthorizedGroup(t *testing.T) {
	bubble(t, 1, func(t *testing.T, f *fixture) {
		f.topic("orders", 1)
		names := f.groups(5, "orders")
		handle := f.cluster.Fault(kfake.Fault{
			Keys: []kmsg.Key{kmsg.OffsetFetch}, Group: names[2], Err: kerr.GroupAuthorizationFailed, Count: -1,
		})
		s := f.sampler()
		for range 4 {
			w := f.next(s)
			for i, g := range w.Groups {
				if refused := i == 2; refused != (g.Err == lag.ReasonAuthorization) || refused != g.CommitsAt.IsZero() {
					t.Errorf("group %+v", g)
				}
			}
		}
		if n := f.stats.failed("OffsetFetch GROUP_AUTHORIZATION_FAILED"); n != 4 {
			t.Errorf("%d failures counted", n)
		}
		if n := f.logs.lines("GROUP_AUTHORIZATION_FAILED", names[2]); n != 1 {
			t.Errorf("%d lines:\n%s", n, f.logs)
		}
		handle.Remove()
		checkAllRead(t, f.next(s))
		if n := f.logs.lines("works again", "GROUP_AUTHORIZATION_FAILED"); n != 1 {
			t.Errorf("%d lines of recovery:\n%s", n, f.logs)
		}
	})
}

func TestErrorCodes(t *testing.T) {
	fetch, list := []kmsg.Key{kmsg.OffsetFetch}, []kmsg.Key{kmsg.ListGroups}
	const group = "group-00000"
	for _, c := range []struct {
		name  string
		fault kfake.Fault
		want  lag.Reason
	}{
		{"loading", kfake.Fault{Keys: fetch, Group: group, Err: kerr.CoordinatorLoadInProgress}, lag.ReasonCoordinator},
		{"not available", kfake.Fault{Keys: fetch, Group: group, Err: kerr.CoordinatorNotAvailable}, lag.ReasonCoordinator},
		{"not found", kfake.Fault{Keys: fetch, Group: group, Err: kerr.GroupIDNotFound}, lag.ReasonCoordinator},
		{"listing fails", kfake.Fault{Keys: list, TopLevel: true, Err: kerr.CoordinatorLoadInProgress}, lag.ReasonCoordinator},
	} {
		t.Run(c.name, func(t *testing.T) {
			bubble(t, 1, func(t *testing.T, f *fixture) {
				f.topic("orders", 1)
				f.groups(1, "orders")
				s := f.sampler()
				checkAllRead(t, f.wave(s))
				c.fault.Count = -1
				handle := f.cluster.Fault(c.fault)
				g := groupOf(t, f.next(s), group)
				if g.Err != c.want || !g.CommitsAt.IsZero() || len(g.Commits) != 0 {
					t.Errorf("%+v", g)
				}
				handle.Remove()
				checkAllRead(t, f.next(s))
			})
		})
	}
}

func TestTopicAuthorization(t *testing.T) {
	bubble(t, 1, func(t *testing.T, f *fixture) {
		f.topic("orders", 2)
		f.topic("secret", 2)
		s := f.sampler()
		checkAllRead(t, f.wave(s))
		f.cluster.Fault(kfake.Fault{
			Keys: []kmsg.Key{kmsg.ListOffsets}, Topic: "secret", Err: kerr.TopicAuthorizationFailed, Count: -1,
		})
		w := f.next(s)
		if p := topicOf(t, w, "secret").Partitions[1]; p.Err != lag.ReasonAuthorization || p.End != lag.NoOffset {
			t.Errorf("%+v", p)
		}
		if p := topicOf(t, w, "orders").Partitions[1]; p.Err != lag.ReasonNone || p.End != 0 {
			t.Errorf("%+v", p)
		}
	})
}

func TestOldBrokers(t *testing.T) {
	for _, c := range []struct {
		name     string
		versions *kversion.Versions
		several  bool
	}{
		{"2.1", kversion.V2_1_0(), false},
		{"2.8", kversion.V2_8_0(), false},
		{"3.6", kversion.V3_6_0(), true},
		{"4.0", kversion.V4_0_0(), true},
	} {
		t.Run(c.name, func(t *testing.T) {
			bubble(t, 2, func(t *testing.T, f *fixture) {
				f.topic("orders", 2)
				f.produce("orders", 0, 3)
				f.groups(20, "orders")
				s := f.sampler()
				w := f.wave(s)
				checkAllRead(t, w)
				for _, g := range w.Groups {
					if len(g.Commits) != 1 || g.State != "Empty" {
						t.Errorf("%+v", g)
					}
				}
				fetches := f.stats.requests[apiOffsetFetch]
				if want := 20; !c.several && fetches != want || c.several && fetches != 2 {
					t.Errorf("%d OffsetFetch requests", fetches)
				}
			}, kfake.MaxVersions(c.versions))
		})
	}
}

func TestConfiguredVersionCaps(t *testing.T) {
	bubble(t, 1, func(t *testing.T, f *fixture) {
		f.topic("orders", 2)
		f.groups(3, "orders")
		f.config.Version = "2.1.0"
		s := f.sampler()
		checkAllRead(t, f.wave(s))
		if f.stats.requests[apiOffsetFetch] != 3 {
			t.Errorf("%v", f.stats)
		}
		if len(f.stats.failures) != 0 {
			t.Errorf("%v", f.stats)
		}
	})
}

func TestTimeQueries(t *testing.T) {
	bubble(t, 2, func(t *testing.T, f *fixture) {
		f.topic("orders", 2)
		began := time.Now()
		for range 4 {
			f.produce("orders", 0, 10)
			time.Sleep(time.Minute)
		}
		s := f.sampler()
		w := f.wave(s)
		seeds := map[int32]int64{}
		for _, p := range w.Points {
			seeds[p.Partition] = p.Offset
		}
		if !maps.Equal(seeds, map[int32]int64{0: 20, 1: lag.NoOffset}) {
			t.Errorf("seeds: %+v", w.Points)
		}
		var queries []lag.TimeQuery
		for i := range 6 {
			at := began.Add(time.Duration(i) * 30 * time.Second)
			queries = append(queries, lag.TimeQuery{Topic: "orders", Partition: 0, At: at})
		}
		queries = append(queries, lag.TimeQuery{Topic: "none"}, lag.TimeQuery{Topic: "orders", Partition: 9})
		f.stats.reset()
		s.answer(t.Context(), time.Now(), queries)
		if n := f.stats.requests[apiListOffsets]; n != maxTimeRounds {
			t.Errorf("%d ListOffsets requests", n)
		}
		w = f.wave(s)
		if len(w.Points) != maxTimeRounds || w.Points[1].Offset != 10 || w.Points[3].Offset != 20 {
			t.Errorf("%+v", w.Points)
		}
		for _, p := range w.Points { // message 10 was produced a minute after the first, message 20 two
			if at := began.Add(time.Duration(p.Offset/10) * time.Minute); p.Timestamp.Sub(at).Abs() > time.Second {
				t.Errorf("the message at %d is of %v, want %v", p.Offset, p.Timestamp, at)
			}
		}
		if again := f.wave(s).Points; len(again) != 0 {
			t.Errorf("answers are handed over twice: %+v", again)
		}
	})
}

// An answer is of the topic as it was asked about, and reaches the tracker a wave later.
func TestAnswersOfAnotherTime(t *testing.T) {
	for _, tc := range []struct {
		name    string
		between func(t *testing.T, f *fixture)
		want    []int64 // the offsets of the answers that reach the next wave
	}{
		{"nothing happened", func(*testing.T, *fixture) {}, []int64{10, 20}},
		{"more was produced", func(_ *testing.T, f *fixture) { f.produce("orders", 0, 7) }, []int64{10, 20}},
		{"created anew", func(t *testing.T, f *fixture) {
			if err := f.cluster.DeleteTopic("orders"); err != nil {
				t.Fatal(err)
			}
			f.topic("orders", 1)
			f.produce("orders", 0, 30)
		}, nil},
		{"deleted", func(t *testing.T, f *fixture) {
			if err := f.cluster.DeleteTopic("orders"); err != nil {
				t.Fatal(err)
			}
		}, nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			bubble(t, 1, func(t *testing.T, f *fixture) {
				f.config.MetadataRefresh = f.config.Interval
				f.topic("orders", 1)
				began := time.Now()
				f.produce("orders", 0, 10)
				time.Sleep(time.Minute)
				f.produce("orders", 0, 10)
				time.Sleep(time.Minute)
				s := f.sampler()
				f.wave(s)
				asked := []time.Time{began.Add(30 * time.Second), began.Add(90 * time.Second)}
				var queries []lag.TimeQuery
				for _, at := range asked {
					queries = append(queries, lag.TimeQuery{Topic: "orders", At: at})
				}
				s.answer(t.Context(), time.Now(), queries)
				tc.between(t, f)
				var got []int64
				for _, p := range f.next(s).Points {
					if slices.ContainsFunc(asked, p.At.Equal) {
						got = append(got, p.Offset)
					}
				}
				if diff := cmp.Diff(tc.want, got); diff != "" {
					t.Error(diff)
				}
			})
		})
	}
}
