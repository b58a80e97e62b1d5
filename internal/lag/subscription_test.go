package lag

import "testing"

// rebalances puts the group into a rebalance, in which a coordinator does not tell the subscriptions.
func (g *simGroup) rebalances(w *world) {
	g.state = "PreparingRebalance"
	g.members = &Members{At: w.now, State: g.state, Count: 1, Opaque: true}
}

func (g *simGroup) leaves(w *world) {
	g.state = stateEmpty
	g.members = &Members{At: w.now, State: g.state}
}

func (g *simGroup) settles(w *world, topics ...string) {
	g.state = stateStable
	g.describe(w, 1, topics...)
}

// What a group's members still have to read is not 0 because nobody has told yet what they want to read.
func TestBacklogWaitsForTheSubscription(t *testing.T) {
	for _, c := range []struct {
		name   string
		begins func(*story, *simGroup) // the group, on topic t with 100 messages
		want   float64                 // the backlog
	}{
		{"first seen in a rebalance", func(s *story, g *simGroup) { g.rebalances(s.world) }, Absent},
		{"the same, and it committed elsewhere", func(s *story, g *simGroup) {
			g.rebalances(s.world)
			g.commits["other"] = []int64{10}
		}, Absent},
		{"not described yet", func(_ *story, g *simGroup) { g.members = nil }, Absent},
		{"its state is not known either", func(_ *story, g *simGroup) { g.members, g.state = nil, "" }, Absent},
		{"streams", func(_ *story, g *simGroup) { g.typ, g.members = GroupStreams, nil }, Absent},
		{"streams, with a commit", func(_ *story, g *simGroup) {
			g.typ, g.members, g.commits["t"] = GroupStreams, nil, []int64{30, -1}
		}, 70 + 100},
		{"members of which nothing can be read", func(s *story, g *simGroup) {
			g.describe(s.world, 1)
			g.members.Opaque = true
		}, Absent},
		{"the same, with a commit", func(s *story, g *simGroup) {
			g.describe(s.world, 1)
			g.members.Opaque, g.commits["t"] = true, []int64{30, -1}
		}, 70 + 100},
		{"told in part", func(_ *story, g *simGroup) { g.members.Opaque = true }, 200},
		{"told", func(*story, *simGroup) {}, 200},
		{"told, nothing that a filter admits", func(s *story, g *simGroup) { g.describe(s.world, 1) }, 0},
		{"without members", func(s *story, g *simGroup) { g.leaves(s.world) }, 0},
		{"expected, in a rebalance", func(s *story, g *simGroup) {
			g.expected = []string{"t"}
			g.rebalances(s.world)
		}, 200},
		{"expected, and not there", func(_ *story, g *simGroup) {
			g.expected, g.unlisted, g.members, g.state = []string{"t"}, true, nil, ""
		}, 200},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newStory(t)
			s.topic("t", 100, 100)
			s.topic("other", 10)
			g := s.group("g")
			c.begins(s, g)
			s.observe()
			s.want("backlog", s.in("g").Backlog, c.want)
			if Known(s.in("g").UncommittedMessages) != Known(c.want) {
				t.Errorf("uncommitted %v", s.in("g").UncommittedMessages)
			}
			if !s.in("g").Complete {
				t.Error("no partition is unknown or held")
			}
			if !g.unlisted {
				s.run(2, func() { g.settles(s.world, "t") })
				if !Known(s.in("g").Backlog) {
					t.Error("told, and still absent")
				}
			}
		})
	}
}

// Through a rebalance the last subscription stands, also when the group was Empty before; but then others may have come,
// with another.
func TestSubscriptionThroughEmpty(t *testing.T) {
	s := newStory(t)
	s.topic("t", 100)
	s.topic("u", 50, 50)
	g := s.group("g", 90)
	g.settles(s.world, "t", "u")
	check := func(what string, backlog float64, useful, uncommitted int) {
		t.Helper()
		s.observe()
		s.want(what+": backlog", s.in("g").Backlog, backlog)
		s.want(what+": lag", s.in("g").Lag, 10)
		if in := s.in("g"); in.UsefulMembers != useful || in.PartitionsUncommitted != uncommitted {
			t.Errorf("%s: %d useful, %d uncommitted", what, in.UsefulMembers, in.PartitionsUncommitted)
		}
	}
	check("Stable", 110, 2, 2)
	g.rebalances(s.world)
	check("a rebalance", 110, 2, 2)
	g.leaves(s.world)
	check("Empty: nobody wants the other topic", 10, 1, 0)
	g.rebalances(s.world)
	check("the rebalance that follows", Absent, 2, 2)
	g.settles(s.world, "t")
	check("others came", 10, 1, 0)
	g.leaves(s.world)
	check("Empty again", 10, 1, 0)
	g.rebalances(s.world)
	check("nothing of the first subscription is left", Absent, 1, 0)
}

// Nothing of a group that was deleted is kept for one that has its name.
func TestSubscriptionOfADeletedGroup(t *testing.T) {
	s := newStory(t)
	s.topic("t", 100)
	s.topic("u", 50, 50)
	g := s.group("g")
	g.expected = []string{"t"}
	g.settles(s.world, "t", "u")
	s.observe()
	s.want("backlog", s.in("g").Backlog, 200)
	g.unlisted, g.state, g.members = true, "", nil
	s.observe()
	s.want("deleted", s.in("g").Backlog, 100)
	g.unlisted = false
	g.rebalances(s.world)
	s.observe()
	s.want("created again", s.in("g").Backlog, 100)
}
