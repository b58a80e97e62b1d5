package lag

import (
	"testing"
	"time"

	"kafka_burndown_exporter/internal/pilot"
)

// A share group has lag like others, and no number of members is too many.
func TestShareGroup(t *testing.T) {
	s := newStory(t)
	s.topic("t", 100, 100)
	g := s.group("g", 40, 100)
	g.typ, g.protocol = GroupShare, "share"
	s.observe()
	in := s.in("g")
	s.want("lag", in.Lag, 60)
	s.want("backlog", in.Backlog, 60)
	if in.UsefulMembers != 0 || in.Members != 1 || in.Processes != -1 || !in.Complete {
		t.Errorf("%+v", in)
	}
}

// The broker goes on counting what retention deleted: the end less its lag lies before the log start then.
func TestShareGroupAfterRetention(t *testing.T) {
	s := newStory(t)
	topic := s.topic("t", 100)
	g := s.group("g", 70)
	g.typ = GroupShare
	s.observe()
	s.want("lag", s.in("g").Lag, 30)
	topic.parts[0].start = 100
	s.run(3, nil)
	s.want("lag", s.in("g").Lag, 0)
	s.want("lost", s.in("g").Lost, 30)
	g.commits["t"][0] = 100 // a member has come, and the broker knows now
	s.run(2, nil)
	s.want("lag", s.in("g").Lag, 0)
	s.want("lost", s.in("g").Lost, 30)
	s.want("consumed", s.in("g").Consumed, 0)
}

// Where a group begins on partitions without a commit decides whether what they hold waits.
func TestResume(t *testing.T) {
	for _, tc := range []struct {
		resume  Resume
		backlog float64
	}{{ResumeEarliest, 130}, {ResumeLatest, 30}, {ResumeUnknown, Absent}} {
		s := newStory(t)
		s.topic("t", 100, 100)
		g := s.group("g", 70, -1)
		g.typ, g.resume = GroupShare, tc.resume
		s.run(2, nil)
		in := s.in("g")
		s.want("backlog", in.Backlog, tc.backlog)
		s.want("backlog of the topic", s.on("g", "t").Backlog, tc.backlog)
		s.want("lag", in.Lag, 30)
		s.want("uncommitted", in.UncommittedMessages, 100)

		s.world.topics["t"].parts[1].start = 100 // nothing is there
		s.observe()
		s.want("backlog", s.in("g").Backlog, 30)
	}
}

func TestPilotAndResume(t *testing.T) {
	for resume, want := range map[Resume]pilot.Partition{
		ResumeEarliest: {End: 100, Committed: pilot.NoCommit, Start: 20, Member: pilot.NoMember},
		ResumeLatest:   {End: 100, Committed: 100, Start: 20, Member: pilot.NoMember},
		ResumeUnknown:  {End: 100, Committed: pilot.Unknown, Start: 20, Member: pilot.NoMember},
	} {
		p := partition{class: classUncommitted, committed: -1, end: 100, start: 20, at: 5}
		if got := p.observed(&step{read: true, at: 5, resume: resume}); got != want {
			t.Errorf("%v: %+v", resume, got)
		}
		p.start = 100
		if got := p.observed(&step{read: true, at: 5, resume: resume}); got.Committed != 100 {
			t.Errorf("%v, nothing retained: %+v", resume, got)
		}
	}
}

// A group whose turn comes rarely keeps its last pair and its last decision until the next one.
func TestGroupThatWaitsForItsTurn(t *testing.T) {
	tracker, w, g := piloted(2)
	g.typ, g.every = GroupShare, time.Minute
	var read, last Group
	for i := range 40 {
		w.step(g, 1000, 1000)
		g.waits = i%6 != 0
		g.down = ReasonNone
		wave := w.wave()
		if g.waits {
			wave.Groups[0].CommitsAt, wave.Groups[0].Commits = time.Time{}, nil
		}
		last = tracker.Observe(wave).Groups[0]
		if !g.waits {
			read = last
		}
		if !Known(last.Lag) || last.Lag != read.Lag || last.SampleAt != read.SampleAt {
			t.Fatalf("wave %d: lag %v at %v, read %v at %v", i, last.Lag, last.SampleAt, read.Lag, read.SampleAt)
		}
		if g.waits != (last.PartitionsHeld == 4) || last.Decision.Reason != read.Decision.Reason ||
			last.Decision.Replicas != read.Decision.Replicas {
			t.Fatalf("wave %d: %+v", i, last)
		}
	}
	if !last.Decided || !last.Decision.Known {
		t.Errorf("%+v", last.Decision)
	}
	// The turn does not come: what is known is not held for ever.
	g.waits, g.down = false, ReasonCoordinator
	for range 12 {
		w.step(g, 1000, 1000)
		last = tracker.Observe(w.wave()).Groups[0]
	}
	if Known(last.Lag) || last.PartitionsUnknown[ReasonCoordinator] != 4 {
		t.Errorf("%+v", last)
	}
}

// A streams group has as many useful members as tasks, whatever its assignor is called.
func TestStreamsGroup(t *testing.T) {
	s := newStory(t)
	s.topic("in", 10, 10, 10)
	s.topic("repartition", 10, 10, 10)
	g := s.group("g")
	g.typ = GroupStreams
	g.commits["in"], g.commits["repartition"] = []int64{1, 1, 1}, []int64{1, 1, 1}
	g.members = &Members{At: s.now, State: "Stable", Count: 4, Processes: 2, Tasks: 6, Assignor: "sticky",
		Topics: []string{"in", "repartition"}, Subtopology: []int32{0, 1}}
	s.observe()
	if in := s.in("g"); in.UsefulMembers != 6 || in.Members != 4 || in.Processes != 2 || in.Assignor != "sticky" {
		t.Errorf("%+v", in)
	}
	g.members = &Members{At: s.now, State: "Stable", Count: 4, Topics: g.members.Topics} // an older broker
	s.tracker = NewTracker(s.tracker.opt)
	s.observe()
	if in := s.in("g"); in.UsefulMembers != 3 || in.Processes != -1 {
		t.Errorf("%+v", in)
	}
	g.state = "Empty"
	s.observe()
	if in := s.in("g"); in.Members != 0 || in.Processes != 0 {
		t.Errorf("%+v", in)
	}
}

// An expected group that nobody can list may have members.
func TestUnlistableGroupIsNotEmpty(t *testing.T) {
	s := newStory(t)
	s.topic("t", 100)
	g := s.group("g", 70)
	g.unlisted, g.expected, g.members = true, []string{"t"}, nil
	wave := s.wave()
	wave.Groups[0].Unlistable = true
	in := s.tracker.Observe(wave).Groups[0]
	if in.InfoKnown || in.Members != -1 || in.Lag != 30 || in.Backlog != 30 {
		t.Errorf("%+v", in)
	}
}

// A group of which nothing is known counts as one partition that is not.
func TestWholeGroupUnknown(t *testing.T) {
	s := newStory(t)
	s.topic("t", 100)
	g := s.group("g")
	g.down, g.members = ReasonAuthorization, nil
	s.observe()
	if n := s.snap.UnknownPartitions; n != 1 || s.in("g").PartitionsUnknown[ReasonAuthorization] != 1 {
		t.Errorf("%d: %+v", n, s.in("g"))
	}
}
