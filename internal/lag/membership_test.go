package lag

import (
	"testing"
	"time"
)

// twoTopics is a group with lag 10 on "a" and 20 on "b".
func twoTopics(s *story) *simGroup {
	s.topic("a", 100)
	s.topic("b", 100, 100)
	g := s.group("g")
	g.commits["a"], g.commits["b"] = []int64{90}, []int64{80, 100}
	g.describe(s.world, 1, "a", "b")
	return g
}

func TestAbandonedTopicLeavesTheTotals(t *testing.T) {
	s := newStory(t)
	g := twoTopics(s)
	s.run(2, nil)
	s.want("lag", s.in("g").Lag, 30)

	g.describe(s.world, 1, "a")
	s.run(3, nil)
	s.want("one description is not enough", s.in("g").Lag, 30)

	g.describe(s.world, 1, "a")
	s.observe()
	s.want("lag", s.in("g").Lag, 10)
	s.want("its own series stays", s.on("g", "b").Signals.Lag, 20)
	if !s.on("g", "b").Abandoned || s.in("g").UsefulMembers != 1 || s.in("g").Partitions != 1 {
		t.Errorf("%+v", s.in("g"))
	}

	g.state = "PreparingRebalance"
	g.describe(s.world, 2)
	s.observe()
	g.state = stateEmpty
	g.describe(s.world, 0)
	s.observe()
	s.want("through rebalances and while Empty", s.in("g").Lag, 10)

	g.state = stateStable
	g.describe(s.world, 1, "a", "b")
	s.observe()
	s.want("until a member subscribes", s.in("g").Lag, 30)

	g.describe(s.world, 1, "a")
	s.observe()
	g.describe(s.world, 1, "a")
	s.observe()
	s.want("abandoned again", s.in("g").Lag, 10)
	g.commits["b"][0]++
	s.observe()
	s.want("or until a commit moves", s.in("g").Lag, 29)
}

func TestWhatAbandonsNothing(t *testing.T) {
	for name, describe := range map[string]func(*story, *simGroup){
		"no members":   func(s *story, g *simGroup) { g.state = stateEmpty; g.describe(s.world, 0) },
		"a rebalance":  func(s *story, g *simGroup) { g.state = "CompletingRebalance"; g.describe(s.world, 1) },
		"opaque":       func(s *story, g *simGroup) { g.describe(s.world, 1, "a"); g.members.Opaque = true },
		"still there":  func(s *story, g *simGroup) { g.describe(s.world, 1, "a", "b") },
		"described by": func(s *story, g *simGroup) {},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStory(t)
			g := twoTopics(s)
			s.run(2, nil)
			s.run(4, func() { describe(s, g) })
			s.want("lag", s.in("g").Lag, 30)
		})
	}
}

func TestFirstDescriptionMakesTheTotalsWait(t *testing.T) {
	s := newStory(t)
	g := twoTopics(s)
	g.describe(s.world, 1, "a")
	s.observe()
	s.want("lag waits", s.in("g").Lag, Absent)
	s.want("consumed waits", s.in("g").Consumed, Absent)
	s.want("that of the topic does not", s.on("g", "b").Signals.Lag, 20)
	if !s.in("g").Complete {
		t.Error("nothing is unknown or held")
	}
	g.describe(s.world, 1, "a")
	s.observe()
	s.want("lag", s.in("g").Lag, 10)

	s = newStory(t)
	g = twoTopics(s)
	g.describe(s.world, 1, "a")
	s.observe()
	g.describe(s.world, 1, "a", "b")
	s.observe()
	s.want("the second names it", s.in("g").Lag, 30)
}

func TestIncludeAbandoned(t *testing.T) {
	opt := testOptions()
	opt.IncludeAbandoned = true
	s := newStoryWith(t, opt)
	g := twoTopics(s)
	s.run(3, func() { g.describe(s.world, 1, "a") })
	s.want("lag", s.in("g").Lag, 30)
	if !s.on("g", "b").Abandoned {
		t.Error("not marked")
	}
}

func TestUnknownPartitionOfAnAbandonedTopic(t *testing.T) {
	s := newStory(t)
	g := twoTopics(s)
	s.run(3, func() { g.describe(s.world, 1, "a") })
	s.topics["b"].parts[0].down = ReasonLeader
	s.run(5, nil)
	s.want("does not withhold the group's totals", s.in("g").Lag, 10)
	s.want("but the topic's", s.on("g", "b").Signals.Lag, Absent)
	if s.snap.UnknownPartitions != 1 || !s.in("g").Complete {
		t.Error("counts")
	}
}

func TestExpectedTopicsAreTheSubscriptionOfAnEmptyGroup(t *testing.T) {
	s := newStory(t)
	g := twoTopics(s)
	g.state = stateEmpty
	g.expected = []string{"a"}
	s.run(2, func() { g.describe(s.world, 0) })
	s.want("lag", s.in("g").Lag, 10)
	if !s.on("g", "b").Abandoned {
		t.Error("not abandoned")
	}
}

func TestExpectedGroupThatDoesNotExist(t *testing.T) {
	s := newStory(t)
	s.topic("t", 70)
	g := s.group("g")
	g.state, g.members, g.unlisted, g.expected = "", nil, true, []string{"t", "missing"}
	s.observe()
	in := s.in("g")
	s.want("backlog", in.Backlog, 70)
	s.want("lag", in.Lag, Absent)
	if in.State != stateEmpty || in.Members != 0 || !in.InfoKnown || in.UsefulMembers != 1 ||
		in.PartitionsUncommitted != 1 || !in.Complete {
		t.Errorf("%+v", in)
	}
	g.state, g.unlisted = stateStable, false
	g.commits["t"] = []int64{30}
	g.describe(s.world, 1, "t")
	s.observe()
	s.want("lag once it has committed", s.in("g").Lag, 40)
	s.want("consumed", s.in("g").Consumed, 0)
}

func TestUsefulMembers(t *testing.T) {
	for _, c := range []struct {
		assignor string
		tasks    int
		want     int
	}{
		{"range", 0, 2}, {"", 0, 2}, {"cooperative-sticky", 0, 3}, {"uniform", 0, 3},
		{"stream", 0, 2}, // co-partitioned topics share their tasks
		{"stream", 3, 3}, // two sub-topologies
		{"stream", 1, 2}, // a task of which nobody told: each partition of a topic is another task
		{"stream", 9, 3}, // a client may claim anything
	} {
		s := newStory(t)
		g := twoTopics(s)
		g.members.Assignor, g.members.Tasks = c.assignor, c.tasks
		s.observe()
		if got := s.in("g").UsefulMembers; got != c.want {
			t.Errorf("%q with %d tasks: %d, want %d", c.assignor, c.tasks, got, c.want)
		}
		g.rebalances(s.world)
		s.observe()
		if got := s.in("g").UsefulMembers; got != c.want {
			t.Errorf("%q with %d tasks, in a rebalance: %d, want %d", c.assignor, c.tasks, got, c.want)
		}
	}
}

func TestAssignorIsKeptWhileEmpty(t *testing.T) {
	s := newStory(t)
	g := twoTopics(s)
	g.members.Assignor = "sticky"
	s.observe()
	g.state = stateEmpty
	g.describe(s.world, 0)
	g.members.Assignor = ""
	s.observe()
	if in := s.in("g"); in.Assignor != "sticky" || in.UsefulMembers != 3 || in.Members != 0 {
		t.Errorf("assignor %q, useful %d, members %d", in.Assignor, in.UsefulMembers, in.Members)
	}
}

func TestInfoAndMembersGrowOld(t *testing.T) {
	s := newStory(t)
	s.topic("t", 10)
	g := s.group("g", 5)
	g.listedAt = t0
	s.run(4, nil)
	if in := s.in("g"); !in.InfoKnown || in.Members != 1 {
		t.Errorf("after 30 s: %+v", in)
	}
	s.observe()
	if in := s.in("g"); in.InfoKnown || in.Members != -1 {
		t.Errorf("after 40 s: known %v, members %d", in.InfoKnown, in.Members)
	}
	g.listedAt = time.Time{}
	s.observe()
	if in := s.in("g"); !in.InfoKnown || in.Members != 1 {
		t.Errorf("listed again: known %v, members %d", in.InfoKnown, in.Members)
	}
	s.run(12, nil)
	if in := s.in("g"); in.Members != -1 {
		t.Errorf("members %d from a description of three minutes ago", in.Members)
	}
}

func TestUntoldGroupHasNoLagSeries(t *testing.T) {
	s := newStory(t)
	s.topic("t", 10)
	g := s.group("g")
	g.typ, g.untold = GroupShare, true
	s.observe()
	in := s.in("g")
	for _, v := range []float64{in.Lag, in.Backlog, in.Consumed, in.Produced, in.PartitionsWithLag, in.ResetsEnd} {
		s.want("signal", v, Absent)
	}
	if len(in.Topics) != 0 || in.Members != 1 || in.State != stateStable || !in.InfoKnown {
		t.Errorf("%+v", in)
	}
}

func TestExpectedTopicIsNotAbandonedByAGroupThatIsGone(t *testing.T) {
	s := newStory(t)
	g := twoTopics(s)
	g.expected = []string{"b"}
	s.run(3, func() { g.describe(s.world, 1, "a") })
	if !s.on("g", "b").Abandoned {
		t.Fatal("a Stable group's members are its subscription")
	}
	g.unlisted, g.state, g.members = true, "", nil
	clear(g.commits)
	s.observe()
	s.want("backlog", s.in("g").Backlog, 200)
	if len(s.in("g").Topics) != 1 || s.on("g", "b").Abandoned {
		t.Errorf("%+v", s.in("g").Topics)
	}
}

func TestGroupWithoutTopicsIsHeldToo(t *testing.T) {
	s := newStory(t)
	g := s.group("g")
	s.observe()
	s.want("backlog", s.in("g").Backlog, 0)
	g.down = ReasonCoordinator
	s.run(3, nil)
	s.want("backlog, held", s.in("g").Backlog, 0)
	if s.in("g").Complete {
		t.Error("complete")
	}
	s.observe()
	s.want("backlog", s.in("g").Backlog, Absent)
}
