package kafka

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/IBM/sarama"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/kversion"

	"kafka_burndown_exporter/internal/lag"
)

// TestSharePosition plays a partition of which only the two ends and the lag between them are seen. The position is always
// one that these allow. Without a reset it never goes back, and is never beyond what was done when the lag was told.
func TestSharePosition(t *testing.T) {
	for seed := range uint64(300) {
		rnd := rand.New(rand.NewPCG(seed, 5))
		o := shareOffset{reached: lag.NoOffset}
		end, done := int64(1000), int64(rnd.IntN(1000))
		produce := func() { end += int64(rnd.IntN(3) * rnd.IntN(100)) }
		consume := func() { done += rnd.Int64N(end-done+1) * int64(rnd.IntN(2)) }
		for range 200 {
			reset := seed%2 == 1 && rnd.IntN(40) == 0
			if reset {
				done = rnd.Int64N(done + 1)
			}
			produce()
			consume()
			floor := end
			produce()
			consume()
			atAsk := done
			o.lag, o.start = end-done, max(0, done-int64(rnd.IntN(50)))
			produce()
			consume()
			before := o.reached
			got := o.settle(floor, end)
			if got > atAsk && seed%2 == 0 || got > end-o.lag {
				t.Fatalf("seed %d: at %d, %d are done", seed, got, atAsk)
			}
			if got < floor-o.lag || got < o.start {
				t.Fatalf("seed %d: at %d, floor %d, lag %d, start %d", seed, got, floor, o.lag, o.start)
			}
			if got < before && seed%2 == 0 {
				t.Fatalf("seed %d: back from %d to %d", seed, before, got)
			}
		}
	}
}

// A floor that could not be read leaves the start.
func TestSharePositionWithoutFloor(t *testing.T) {
	o := shareOffset{start: 40, lag: 30, reached: lag.NoOffset}
	if got := o.settle(lag.NoOffset, 100); got != 40 {
		t.Errorf("at %d", got)
	}
	o.reached = 60
	if got := o.settle(lag.NoOffset, 100); got != 60 {
		t.Errorf("at %d", got)
	}
	o.start = 80 // cannot be, with a lag of 30: a leader that is behind
	if got := o.settle(lag.NoOffset, 100); got != 70 {
		t.Errorf("at %d", got)
	}
}

// TestShareTurns: over the budget every group has its turn, the one that waits longest first.
func TestShareTurns(t *testing.T) {
	s := &Sampler{cfg: Config{Interval: 10 * time.Second}} // 20 000 partitions
	var groups []*group
	for i := range 10 {
		offsets := make([]shareOffset, 5000)
		groups = append(groups, &group{id: fmt.Sprint("g", i), share: &shareGroup{
			known: true, topics: []shareTopic{{offsets: offsets}},
		}})
	}
	turns, asked := map[string]int{}, 0
	for wave := range 15 {
		chosen := s.turnsOf(slices.Clone(groups), 1)
		if len(chosen) != 4 {
			t.Fatalf("wave %d: %d groups", wave, len(chosen))
		}
		for _, turn := range chosen {
			turns[turn.group.id]++
			asked++
			turn.group.share.turn = t0.Add(time.Duration(asked))
			if turn.group.share.every != 30*time.Second {
				t.Errorf("every %s", turn.group.share.every)
			}
		}
	}
	for id, n := range turns {
		if n != 6 {
			t.Errorf("%s had %d turns of 60", id, n)
		}
	}
	if slow := s.turnsOf(groups[:4], 5); slow[0].group.share.every != 50*time.Second {
		t.Errorf("every %s of a slow broker", slow[0].group.share.every)
	}
	if few := s.turnsOf(groups[:4], 1); len(few) != 4 || few[0].group.share.every != 0 {
		t.Errorf("%d of 4 groups, every %s", len(few), few[0].group.share.every)
	}
}

// shareClient is a member of a share group that has taken its first records. What it polls counts as done at the next
// poll.
func shareClient(t *testing.T, f *fixture, group, topic string) *kgo.Client {
	t.Helper()
	c, err := kgo.NewClient(kgo.SeedBrokers(f.cluster.ListenAddrs()...), kgo.ShareGroup(group), kgo.ConsumeTopics(topic),
		kgo.ShareMaxRecords(3), kgo.ShareMaxRecordsStrict())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// joinShare makes a member that takes nothing.
func joinShare(t *testing.T, f *fixture, group, topic string) {
	t.Helper()
	r := kmsg.NewPtrShareGroupHeartbeatRequest()
	r.GroupID, r.MemberID, r.SubscribedTopicNames = group, "AAAAAAAAAAAAAAAAAAAAAA", []string{topic}
	join(t, f, r)
}

// setResume sets where share groups begin.
func setResume(t *testing.T, f *fixture, group, value string) {
	t.Helper()
	r := kmsg.NewPtrIncrementalAlterConfigsRequest()
	resource := kmsg.NewIncrementalAlterConfigsRequestResource()
	resource.ResourceType, resource.ResourceName = kmsg.ConfigResourceTypeGroupConfig, group
	config := kmsg.NewIncrementalAlterConfigsRequestResourceConfig()
	config.Name, config.Value = configResume, &value
	resource.Configs = append(resource.Configs, config)
	r.Resources = append(r.Resources, resource)
	c, err := kgo.NewClient(kgo.SeedBrokers(f.cluster.ListenAddrs()...))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	answer, err := r.RequestWith(t.Context(), c)
	if err == nil {
		err = kerr.ErrorForCode(answer.Resources[0].ErrorCode)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// TestShareGroupWave reads a share group while records are done, with state and members, and asks for it in one request.
func TestShareGroupWave(t *testing.T) {
	f := newFixture(t, kfake.NumBrokers(2))
	f.topic("orders", 2)
	setResume(t, f, "sharing", "earliest")
	f.produce("orders", 0, 10)
	f.produce("orders", 1, 5)
	c := shareClient(t, f, "sharing", "orders")
	s := f.sampler()
	polled := 0
	for polled < 6 {
		polled += c.PollRecords(t.Context(), 3).NumRecords()
	}
	c.PollRecords(t.Context(), 1) // which says that those before are done
	var g lag.GroupSample
	deadline := time.Now().Add(20 * time.Second)
	for {
		w := f.wave(s)
		g = groupOf(t, w, "sharing")
		if sum, _ := committed(g); sum == int64(polled) && g.Members != nil {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d were polled: %+v\n%s", polled, g.Commits, f.logs)
		}
		time.Sleep(50 * time.Millisecond)
	}
	if g.Type != lag.GroupShare || g.State != stateStable || g.Members.Count != 1 || g.Untold || g.Waits || g.Every != 0 {
		t.Errorf("%+v", g)
	}
	if !slices.Equal(g.Members.Topics, []string{"orders"}) {
		t.Errorf("topics %q", g.Members.Topics)
	}
	f.stats.reset()
	f.wave(s)
	if n := f.stats.requests[apiShareOffsets]; n != 1 {
		t.Errorf("%d requests for the offsets of one group", n)
	}
	if n := f.stats.requests[apiOffsetFetch] + f.stats.requests[apiDescribeConfigs]; n != 0 {
		t.Errorf("%d requests of no use", n)
	}
}

func committed(g lag.GroupSample) (sum int64, partitions int) {
	for _, c := range g.Commits {
		for _, o := range c.Offsets {
			sum += o
			partitions++
		}
	}
	return sum, partitions
}

// TestShareGroupRefused: an error code of the group, or of a partition whose end is known, leaves the group unread.
func TestShareGroupRefused(t *testing.T) {
	f := newFixture(t)
	f.topic("orders", 1)
	setResume(t, f, "sharing", "earliest")
	f.produce("orders", 0, 10)
	c := shareClient(t, f, "sharing", "orders")
	if n := c.PollRecords(t.Context(), 3).NumRecords(); n == 0 {
		t.Fatal("nothing was polled")
	}
	s := f.sampler()
	if g := groupOf(t, f.wave(s), "sharing"); g.CommitsAt.IsZero() {
		t.Fatalf("%+v", g)
	}
	answer := func(change func(*kmsg.DescribeShareGroupOffsetsResponseGroup)) {
		f.cluster.ControlKey(keyShareOffsets, func(r kmsg.Request) (kmsg.Response, error, bool) {
			a := shareAnswered("sharing", "orders", shareOffset{partition: 0, start: 3, lag: 7})
			a.Version = r.GetVersion()
			change(&a.Groups[0])
			return a, nil, true
		})
	}
	for _, c := range []struct {
		name   string
		change func(*kmsg.DescribeShareGroupOffsetsResponseGroup)
		want   lag.Reason
	}{
		{"as it is", func(*kmsg.DescribeShareGroupOffsetsResponseGroup) {}, lag.ReasonNone},
		{"forbidden", func(g *kmsg.DescribeShareGroupOffsetsResponseGroup) {
			g.ErrorCode = int16(sarama.ErrGroupAuthorizationFailed)
		},
			lag.ReasonAuthorization},
		{"another group", func(g *kmsg.DescribeShareGroupOffsetsResponseGroup) { g.GroupID = "other" }, lag.ReasonCoordinator},
		{"lag not told", func(g *kmsg.DescribeShareGroupOffsetsResponseGroup) { g.Topics[0].Partitions[0].Lag = -1 },
			lag.ReasonCoordinator},
		{"partition refused", func(g *kmsg.DescribeShareGroupOffsetsResponseGroup) {
			p := &g.Topics[0].Partitions[0]
			p.StartOffset, p.Lag, p.ErrorCode = -1, -1, int16(sarama.ErrTopicAuthorizationFailed)
		}, lag.ReasonAuthorization},
	} {
		answer(c.change)
		g := groupOf(t, f.wave(s), "sharing")
		if g.Err != c.want || g.CommitsAt.IsZero() != (c.want != lag.ReasonNone) || g.Untold || g.Waits {
			t.Errorf("%s: %+v", c.name, g)
		}
	}
}

// TestShareGroupBefore42: without a lag in the answer the group is shown with its state and members.
func TestShareGroupBefore42(t *testing.T) {
	versions := kversion.Tip()
	for key, newest := range map[int16]int16{76: 1, keyDescribeShare: 1, keyShareOffsets: 0} {
		versions.SetMaxKeyVersion(key, newest)
	}
	f := newFixture(t, kfake.MaxVersions(versions))
	f.topic("orders", 1)
	f.produce("orders", 0, 10)
	joinShare(t, f, "sharing", "orders")
	g := groupOf(t, f.wave(f.sampler()), "sharing")
	if !g.Untold || !g.CommitsAt.IsZero() || g.Err != lag.ReasonNone || g.State != stateStable ||
		g.Members == nil || g.Members.Count != 1 {
		t.Errorf("%+v\n%s", g, f.logs)
	}
	if n := f.stats.requests[apiShareOffsets]; n != 0 {
		t.Errorf("%d requests for what is not told", n)
	}
}

// TestShareResumeIsNotAskedBefore: before offsets were answered once, every partition of the members' topics looks as if the
// group had not begun on it. That is no reason to ask for a configuration, and to want a right for it.
func TestShareResumeIsNotAskedBefore(t *testing.T) {
	f := newFixture(t)
	f.topic("orders", 1)
	joinShare(t, f, "sharing", "orders")
	s := f.sampler()
	f.cluster.ControlKey(keyShareOffsets, func(r kmsg.Request) (kmsg.Response, error, bool) {
		f.cluster.KeepControl()
		a := shareAnswered("sharing", "orders")
		a.Version, a.Groups[0].ErrorCode = r.GetVersion(), int16(sarama.ErrOffsetsLoadInProgress)
		return a, nil, true
	})
	asked := 0
	f.cluster.ControlKey(keyDescribeConfigs, func(r kmsg.Request) (kmsg.Response, error, bool) {
		f.cluster.KeepControl()
		for _, of := range r.(*kmsg.DescribeConfigsRequest).Resources {
			if of.ResourceType == kmsg.ConfigResourceTypeGroupConfig { // topics' configurations are another matter
				asked++
			}
		}
		return nil, nil, false
	})
	for range 3 {
		if g := groupOf(t, f.wave(s), "sharing"); g.Err != lag.ReasonCoordinator || !g.CommitsAt.IsZero() {
			t.Fatalf("%+v\n%s", g, f.logs)
		}
	}
	if asked != 0 {
		t.Errorf("%d requests for the group's configuration", asked)
	}
}

// TestShareResume: where a group has no position yet, its configuration says whether what waits there is backlog.
func TestShareResume(t *testing.T) {
	for value, want := range map[string]lag.Resume{
		"earliest": lag.ResumeEarliest, "latest": lag.ResumeLatest, "by_duration:PT1H": lag.ResumeUnknown,
	} {
		f := newFixture(t)
		f.topic("orders", 1)
		setResume(t, f, "sharing", value)
		joinShare(t, f, "sharing", "orders")
		s := f.sampler()
		f.cluster.ControlKey(keyShareOffsets, func(r kmsg.Request) (kmsg.Response, error, bool) {
			f.cluster.KeepControl()
			a := shareAnswered("sharing", "orders", shareOffset{partition: 0, start: -1, lag: -1})
			a.Version = r.GetVersion()
			return a, nil, true
		})
		g := groupOf(t, f.wave(s), "sharing")
		if g.Resume != want || g.CommitsAt.IsZero() || len(g.Commits) != 0 {
			t.Errorf("%s: %+v\n%s", value, g, f.logs)
		}
	}
}

// A broker that does not get through its share groups in the time of a wave reads the rest in later ones.
func TestSlowShareGroups(t *testing.T) {
	bubble(t, 1, func(t *testing.T, f *fixture) {
		f.topic("orders", 1)
		f.produce("orders", 0, 100)
		for i := range 9 {
			joinShare(t, f, fmt.Sprintf("sharing-%02d", i), "orders")
		}
		f.cluster.ControlKey(keyShareOffsets, func(r kmsg.Request) (kmsg.Response, error, bool) {
			f.cluster.KeepControl()
			f.cluster.SleepControl(func() { time.Sleep(400 * time.Millisecond) })
			a := shareAnswered(r.(*kmsg.DescribeShareGroupOffsetsRequest).Groups[0].GroupID, "orders", shareOffset{start: 60, lag: 40})
			a.Version = r.GetVersion()
			return a, nil, true
		})
		s := f.sampler()
		read := map[string]bool{}
		for wave := range 3 { // the fake broker forgets members after 45 s
			for _, g := range f.next(s).Groups {
				if g.Err != lag.ReasonNone || g.Waits != g.CommitsAt.IsZero() {
					t.Errorf("wave %d: %+v\n%s", wave, g, f.logs)
				}
				if wave == 1 && g.Every < 2*f.config.Interval { // in the first one not all were read
					t.Errorf("wave %d: every %s", wave, g.Every)
				}
				read[g.ID] = read[g.ID] || !g.CommitsAt.IsZero()
			}
		}
		for id, ok := range read {
			if !ok {
				t.Errorf("%s was not read", id)
			}
		}
		if n := f.stats.failed(apiShareOffsets + " timeout"); n != 0 {
			t.Errorf("%d timeouts", n)
		}
	})
}

func TestWavesForShareGroups(t *testing.T) {
	for _, tc := range []struct{ turns, answered, want int }{{0, 0, 1}, {5, 5, 1}, {10, 5, 3}, {10, 3, 5}, {100, 0, maxShareWaves}} {
		turns := make([]*shareTurn, tc.turns)
		for i := range turns {
			turns[i] = &shareTurn{}
			if i < tc.answered {
				turns[i].at = t0
			}
		}
		if got := wavesFor(turns); got != tc.want {
			t.Errorf("%+v: %d", tc, got)
		}
	}
}
