package lag

import (
	"testing"
	"time"
)

func TestBurndownWhileItMoves(t *testing.T) {
	s := newStory(t)
	topic := s.topic("t", 1000, 0)
	g := s.group("g", 0, 0)
	s.observe()
	s.want("nothing known yet", s.in("g").BurndownSeconds, Absent)
	s.want("nothing known yet", s.in("g").BurndownMaxSeconds, Absent)
	g.commits["t"] = []int64{100, 500}
	topic.parts[1].end = 500
	s.observe()
	s.want("lag over rate", s.in("g").BurndownSeconds, 900/60.0)
	s.want("of the worst partition", s.in("g").BurndownMaxSeconds, 90)
	g.commits["t"] = []int64{1000, 500}
	s.observe()
	s.want("caught up", s.in("g").BurndownSeconds, 0)
	s.want("caught up", s.in("g").BurndownMaxSeconds, 0)
}

// TestOneMessagePerTenMinutes: a trickle's rate says nothing of capacity, so that a message that waits for its commit
// is neither hours of burndown nor a stall.
func TestOneMessagePerTenMinutes(t *testing.T) {
	s := newStory(t)
	topic := s.topic("t", 0)
	g := s.group("g", 0)
	for i := range 5 * 60 {
		switch i % 60 {
		case 0:
			topic.parts[0].end++
		case 2:
			g.commits["t"][0] = topic.parts[0].end
		}
		s.observe()
		in := s.in("g")
		if i > 60 && !(in.BurndownSeconds <= 120) {
			t.Fatalf("wave %d: burndown %v", i, in.BurndownSeconds)
		}
		if in.PartitionsStalled != 0 {
			t.Fatalf("wave %d: stalled", i)
		}
	}
}

func TestRebalanceOfAMinute(t *testing.T) {
	s := newStory(t)
	topic := s.topic("t", 0)
	g := s.group("g", 0)
	flow := func() { topic.parts[0].end += 1000; g.commits["t"][0] += 1000 }
	s.run(13, flow)
	g.describe(s.world, 1, "t")
	g.state = "PreparingRebalance"
	s.run(6, func() {
		topic.parts[0].end += 1000
		if s.in("g").PartitionsStalled != 0 {
			t.Error("stalled")
		}
	})
	in := s.in("g")
	s.want("rate: half of the window", in.ConsumerRate, 50)
	s.want("burndown", in.BurndownSeconds, 6000/50.0)
	if in.Members != 1 || in.Assignor != "range" {
		t.Errorf("members %d, assignor %q", in.Members, in.Assignor)
	}
	g.state = "Stable"
	g.commits["t"][0] = topic.parts[0].end
	s.observe()
	s.want("burndown", s.in("g").BurndownSeconds, 0)
}

// TestConsumerDiesInFullFlow follows burndown through all its stages.
func TestConsumerDiesInFullFlow(t *testing.T) {
	s := newStory(t)
	topic := s.topic("t", 0)
	g := s.group("g", 0)
	s.run(13, func() { topic.parts[0].end += 1000; g.commits["t"][0] += 1000 })
	g.state = stateEmpty
	produce := func() { topic.parts[0].end += 1000 }
	s.run(11, produce)
	s.want("the window still holds progress", s.in("g").BurndownSeconds, 11000/(1000/120.0))
	s.run(1, produce)
	s.want("at the rate of the last progress", s.in("g").BurndownSeconds, 12000/100.0)
	s.run(17, produce)
	s.want("the same, until", s.in("g").BurndownSeconds, 29000/100.0)
	s.want("stalled", s.in("g").PartitionsStalled, 0)
	// The last progress left no lag: it has been behind since the wave after.
	s.run(1, produce)
	s.want("behind for 290 s", s.in("g").BurndownSeconds, 300)
	s.run(1, produce)
	s.want("the stall window is over", s.in("g").BurndownSeconds, 86400)
	s.want("worst", s.in("g").BurndownMaxSeconds, 86400)
	s.want("stalled", s.in("g").PartitionsStalled, 1)
	g.commits["t"][0] += 10
	s.observe()
	s.want("no longer stalled", s.in("g").PartitionsStalled, 0)
}

func TestOneStuckPartitionAmongMovingOnes(t *testing.T) {
	s := newStory(t)
	topic := s.topic("t", 1000, 1000)
	g := s.group("g", 0, 0)
	s.run(40, func() { g.commits["t"][0] += 100; topic.parts[0].end += 100 })
	in := s.in("g")
	s.want("stalled", in.PartitionsStalled, 1)
	s.want("the group moves", in.BurndownSeconds, 2000/10.0)
	s.want("its worst partition does not", in.BurndownMaxSeconds, 86400)
}

// TestTransactionMarkers: an idle transactional producer leaves a lag of 1 that nobody can consume.
func TestTransactionMarkers(t *testing.T) {
	s := newStory(t)
	topic := s.topic("t", 0)
	g := s.group("g", 0)
	s.run(13, func() { topic.parts[0].end += 1000; g.commits["t"][0] += 1000 })
	topic.parts[0].end++
	s.run(40, func() {
		in := s.in("g")
		s.want("no stall at any time", in.PartitionsStalled, 0)
		if in.BurndownSeconds > 120 {
			t.Errorf("burndown %v", in.BurndownSeconds)
		}
	})
	in := s.in("g")
	s.want("lag shows it", in.Lag, 1)
	s.want("backlog shows it", in.Backlog, 1)
	s.want("burndown does not", in.BurndownSeconds, 0)
	s.want("nor the worst", in.BurndownMaxSeconds, 0)
	s.want("nor the age", in.LagSeconds, 0)

	g.state = stateEmpty
	s.run(60, nil)
	s.want("it stays one when the members leave", s.in("g").PartitionsStalled, 0)
	s.want("burndown", s.in("g").BurndownSeconds, 0)

	topic.parts[0].end += 2
	s.observe()
	s.want("until the end moves; then it is new lag", s.in("g").PartitionsStalled, 0)
	s.run(30, nil)
	s.want("which nobody reads", s.in("g").PartitionsStalled, 1)
	s.want("burndown", s.in("g").BurndownSeconds, 86400)
}

func TestRestartOfTheExporterWithAResidue(t *testing.T) {
	s := newStory(t)
	s.topic("t", 101)
	s.group("g", 100)
	s.run(60, func() {
		if s.snap != nil {
			s.want("stalled", s.in("g").PartitionsStalled, 0)
		}
	})
	s.want("burndown", s.in("g").BurndownSeconds, 0)
}

// TestDeadConsumerAtLagOne: without members the same lag is an unread message.
func TestDeadConsumerAtLagOne(t *testing.T) {
	s := newStory(t)
	topic := s.topic("t", 100)
	g := s.group("g", 100)
	g.state = stateEmpty
	s.run(3, nil)
	topic.parts[0].end++
	s.run(31, nil)
	in := s.in("g")
	s.want("stalled", in.PartitionsStalled, 1)
	s.want("burndown", in.BurndownSeconds, 86400)
	s.want("members", float64(in.Members), 0)
	// produced between the ends read at 20.5 s and 30.5 s, read last at 330.5 s
	s.want("age", in.LagSeconds, 310)
	s.run(6, nil)
	s.want("and it grows", s.in("g").LagSeconds, 370)
}

func TestGroupIsBehindOnlyWithoutAnyProgress(t *testing.T) {
	opt := testOptions()
	for _, c := range []struct {
		name            string
		lag, rate, last float64
		behind          time.Duration
		want            float64
	}{
		{"no lag", 0, 0, 0, time.Hour, 0},
		{"moving", 100, 10, 5, 0, 10},
		{"moving slowly", 1e9, 1e-6, 5, 0, 86400},
		{"was idle", 100, 0, 10, time.Minute, 10},
		{"was idle, a trickle", 100, 0, 0.01, time.Minute, 120},
		{"no rate known", 100, 0, 0, time.Minute, Absent},
		{"longer than the window", 100, 0, 0.01, 3 * time.Minute, 10000},
		{"longer than the window, no rate known", 100, -1, 0, 3 * time.Minute, Absent},
		{"the whole stall window", 100, 0, 10, 5 * time.Minute, 86400},
		{"the whole stall window, no rate known", 100, -1, 0, 5 * time.Minute, 86400},
	} {
		s := &story{T: t, snap: &Snapshot{Began: t0}}
		s.want(c.name, burndown(c.lag, c.rate, c.last, int64(c.behind), c.behind >= opt.StallWindow, &opt), c.want)
	}
}
