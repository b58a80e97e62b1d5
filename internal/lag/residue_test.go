package lag

import "testing"

// TestAbortedRecordsAtTheEnd: a reader of committed records cannot get past them, however many there are, and has read
// everything that there is to read.
func TestAbortedRecordsAtTheEnd(t *testing.T) {
	for _, c := range []struct {
		name          string
		readCommitted bool
		leave         bool // the members, in the end
		stalled       float64
		backlog       float64
	}{
		{"of a read-committed group", true, false, 0, 0},
		{"of one that scales to zero", true, true, 0, 0},
		{"of a group that reads everything", false, false, 1, 52},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newStory(t)
			topic := s.topic("t", 0)
			g := s.group("g", 0)
			g.readCommitted = c.readCommitted
			s.run(20, func() { topic.parts[0].end += 1000; g.commits["t"][0] = topic.parts[0].end - 1 })
			s.run(20, nil)
			topic.parts[0].end += 51
			s.run(60, func() {
				if c.stalled == 0 {
					s.want("never stalled", s.in("g").PartitionsStalled, 0)
				}
			})
			if c.leave {
				g.leaves(s.world)
				s.run(60, nil)
			}
			in := s.in("g")
			s.want("stalled", in.PartitionsStalled, c.stalled)
			s.want("lag", in.Lag, 52)
			s.want("backlog", in.Backlog, c.backlog)
			s.want("backlog of the topic", s.on("g", "t").Backlog, c.backlog)
			s.want("burndown", in.BurndownSeconds, c.stalled*86400)

			topic.parts[0].end += 10
			s.observe()
			s.want("with something new all of it counts", s.in("g").Backlog, 62)
			g.commits["t"][0] = 5
			s.run(1, nil)
			s.want("reset", s.in("g").Backlog, s.in("g").Lag)
		})
	}
}

// TestReplayIsNoResidue: a commit that goes back makes the same messages unread.
func TestReplayIsNoResidue(t *testing.T) {
	s := newStory(t)
	s.topic("t", 1000)
	g := s.group("g", 950)
	g.readCommitted = true
	s.run(40, nil)
	s.want("a residue", s.in("g").Backlog, 0)
	g.commits["t"][0] = 0
	s.observe()
	s.want("read again", s.in("g").Backlog, 1000)
	s.run(31, func() { g.leaves(s.world) })
	s.want("stalled", s.in("g").PartitionsStalled, 1)
}

// TestMarkersWithoutMembers: whoever reads up to a marker and stays there has read everything, member or not.
func TestMarkersWithoutMembers(t *testing.T) {
	s := newStory(t)
	topic := s.topic("t", 0)
	g := s.group("g", 0)
	g.state, g.protocol, g.members = stateEmpty, "", nil
	flow := func() { topic.parts[0].end += 1000; g.commits["t"][0] = topic.parts[0].end - 1 }
	s.run(13, flow)
	never := func() {
		s.want("stalled", s.in("g").PartitionsStalled, 0)
		if in := s.in("g"); in.BurndownSeconds > 60 {
			t.Errorf("burndown %v", in.BurndownSeconds)
		}
	}
	s.run(60, never)
	s.want("burndown", s.in("g").BurndownSeconds, 0)
	s.want("age", s.in("g").LagSeconds, 0)

	// It commits between a message and its marker.
	s.run(13, flow)
	topic.parts[0].end += 1000
	g.commits["t"][0] = topic.parts[0].end
	s.observe()
	topic.parts[0].end++
	s.run(60, never)
	s.want("burndown", s.in("g").BurndownSeconds, 0)

	topic.parts[0].end += 2 // a message with its marker is more than a marker
	s.run(60, nil)
	s.want("nobody reads it", s.in("g").PartitionsStalled, 1)
}
