package lag

import (
	"testing"
	"time"
)

// A group that is expected and that no broker which answered lists may still be there, with members.
func TestExpectedGroupThatMayBeThereIsNotEmpty(t *testing.T) {
	s := newStory(t)
	s.topic("t", 100)
	g := s.group("g")
	g.expected, g.unlisted, g.members = []string{"t"}, true, nil
	g.down = ReasonCoordinator
	s.observe()
	if got := s.in("g"); got.InfoKnown || got.Members != -1 || got.Complete {
		t.Errorf("nothing is known of it: %+v", got)
	}
	s.want("backlog", s.in("g").Backlog, Absent)

	g.down = ReasonNone
	s.observe()
	g.down = ReasonAuthorization
	for range 3 {
		s.observe()
		if got := s.in("g"); !got.InfoKnown || got.State != stateEmpty || got.Members != 0 {
			t.Errorf("known to be absent, and held: %+v", got)
		}
	}
	s.run(2, nil)
	if got := s.in("g"); got.InfoKnown || got.Members != -1 {
		t.Errorf("older than the maximum age: %+v", got)
	}
}

// What is known of an abandoned topic says nothing of the totals of a group whose commits cannot be read.
func TestGroupWithAbandonedTopicsOnlyHasNoFalseZero(t *testing.T) {
	s := newStory(t)
	s.topic("t", 100)
	g := s.group("g", 50)
	s.run(2, func() { g.describe(s.world, 1) })
	if !s.on("g", "t").Abandoned || !s.in("g").Complete {
		t.Fatalf("%+v", s.in("g"))
	}
	g.down = ReasonCoordinator
	s.observe()
	if s.in("g").Complete {
		t.Error("it was not read")
	}
	s.run(4, nil)
	s.want("backlog", s.in("g").Backlog, Absent)
	if n := s.in("g").PartitionsUnknown[ReasonCoordinator]; n != 1 {
		t.Errorf("%d unknown", n)
	}
}

// The time of the sample is what replicas are compared by: it is always there, and never goes back.
func TestSampleTimeIsAlwaysThere(t *testing.T) {
	s := newStory(t)
	topic := s.topic("t", 100, 100)
	g := s.group("g")
	share := s.group("s")
	share.typ, share.untold = GroupShare, true
	last := time.Time{}
	check := func() {
		t.Helper()
		s.observe()
		if at := s.in("g").SampleAt; at.IsZero() || at.Before(last) {
			t.Errorf("%v after %v", at, last)
		}
		last = s.in("g").SampleAt
		if s.in("s").SampleAt.IsZero() {
			t.Error("share group")
		}
	}
	g.members = nil
	check() // nothing committed, nothing subscribed
	g.describe(s.world, 1, "t")
	check()
	g.commits["t"] = []int64{1, 1}
	check()
	topic.parts[0].down = ReasonLeader
	for range 5 {
		check()
	}
	topic.parts[1].down = ReasonLeader
	for range 5 {
		check()
	}
	g.down = ReasonCoordinator
	for range 5 {
		check()
	}
	topic.parts[0].down, topic.parts[1].down, g.down = ReasonNone, ReasonNone, ReasonNone
	check()
}

// A topic that may exist, but is not shown by metadata, is unknown whatever was known of it before.
func TestHiddenTopicIsUnknown(t *testing.T) {
	s := newStory(t)
	s.topic("a", 100)
	s.topic("t", 100, 100)
	g := s.group("g", 50, 50)
	g.commits["a"] = []int64{90}
	g.describe(s.world, 1, "a", "t")
	s.run(2, nil)
	s.want("lag", s.in("g").Lag, 110)

	w := s.wave()
	w.Topics[1] = TopicSample{Name: "t", Hidden: true, Foreign: true, Partitions: []PartitionSample{{
		Leader: -1, Preferred: -1, End: NoOffset, Start: NoOffset, StableEnd: NoOffset, Err: ReasonAuthorization,
	}}}
	s.snap = s.tracker.Observe(w)
	s.now = s.now.Add(10 * time.Second)
	got := s.in("g")
	s.want("lag", got.Lag, Absent)
	s.want("backlog", got.Backlog, Absent)
	s.want("of the other topic", s.on("g", "a").Signals.Lag, 10)
	if got.PartitionsUnknown[ReasonAuthorization] != 1 || got.UsefulMembers != 0 || len(s.snap.Topics) != 1 {
		t.Errorf("%+v", got)
	}

	s.observe()
	s.want("seen again", s.in("g").Lag, 110)
	if s.in("g").UsefulMembers != 2 {
		t.Errorf("%+v", s.in("g"))
	}
}

// A topic that is created again while the coordinator is away is unknown to a group that had commits on it, whoever
// else tells of the topic.
func TestTopicRecreatedWhileTheCoordinatorIsAway(t *testing.T) {
	for _, c := range []struct {
		name  string
		story func(s *story, topic *simTopic, g *simGroup)
	}{
		{"it went while the commits were not read", func(s *story, topic *simTopic, g *simGroup) {
			g.down, topic.hidden = ReasonCoordinator, true
			s.observe()
		}},
		{"it went first", func(s *story, topic *simTopic, g *simGroup) {
			topic.hidden = true
			s.observe()
			g.down = ReasonCoordinator
			s.observe()
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newStory(t)
			topic := s.topic("t", 1000)
			topic.id[0] = 1
			s.topic("other", 10)
			g := s.group("g", 800)
			g.commits["other"] = []int64{10}
			g.leaves(s.world)
			s.observe()
			s.want("backlog", s.in("g").Backlog, 200)
			c.story(s, topic, g)
			topic.hidden, topic.id[0], topic.parts[0].end = false, 2, 500
			for range 2 {
				s.observe()
				s.want("backlog", s.in("g").Backlog, Absent)
				if s.in("g").Complete || s.in("g").PartitionsUnknown[ReasonCoordinator] == 0 {
					t.Errorf("%+v", s.in("g"))
				}
			}
			g.down = ReasonNone
			delete(g.commits, "t") // Kafka deletes them with the topic
			s.observe()
			s.want("backlog", s.in("g").Backlog, 0)
			if !s.in("g").Complete || len(s.in("g").Topics) != 1 {
				t.Errorf("%+v", s.in("g"))
			}
		})
	}
}
