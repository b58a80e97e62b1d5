package lag

import "testing"

// An end may come from a leader that has been replaced and does not know it, while the commit beside it is of now. Nothing
// is taken from such a pair, so that nothing of what was read meanwhile is missing afterwards.
func TestEndOfALeaderThatHasBeenReplaced(t *testing.T) {
	s := newStory(t)
	topic := s.topic("t", 1000)
	topic.id[0] = 1
	g := s.group("g", 900)
	s.observe()
	topic.parts[0].end, g.commits["t"][0] = 1100, 1000
	s.observe()
	g.commits["t"][0] = 1500 // the end of the new leader is 1600
	s.observe()
	got := s.in("g")
	s.want("lag is held", got.Lag, 100)
	s.want("consumed", got.Consumed, 100)
	if got.Complete || got.PartitionsHeld != 1 || s.snap.ClampedNegatives != 0 {
		t.Errorf("complete %v, held %d, clamped %d", got.Complete, got.PartitionsHeld, s.snap.ClampedNegatives)
	}
	topic.parts[0].end, g.commits["t"][0] = 1700, 1600
	s.observe()
	got = s.in("g")
	s.want("lag", got.Lag, 100)
	s.want("consumed", got.Consumed, 700)
	s.want("produced", got.Produced, 700)
	s.want("produced on the topic", s.snap.Topics[0].Produced, 700)
	s.want("resets", got.ResetsBackward+got.ResetsEnd, 0)
}

// Nothing is known of a group whose first pair cannot be true.
func TestFirstCommitBeyondTheEnd(t *testing.T) {
	s := newStory(t)
	s.topic("t", 50)
	s.group("g", 1000)
	s.observe()
	s.want("lag", s.in("g").Lag, Absent)
	s.want("backlog", s.in("g").Backlog, Absent)
	if n := s.in("g").PartitionsUnknown[ReasonLeader]; n != 1 {
		t.Errorf("%d unknown", n)
	}
	s.observe()
	s.want("backlog", s.in("g").Backlog, 50)
}

// What a leader said that turns out to have been replaced is counted once: its messages, and those that took their place.
func TestOffsetsAreCountedOnce(t *testing.T) {
	for _, c := range []struct {
		name           string
		id             byte
		want, consumed float64
	}{
		{"a log that is cut", 1, 300, 70},
		{"a log that may be another one, where the broker tells no IDs", 0, 1250, 50},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newStory(t)
			topic := s.topic("t", 1000)
			topic.id[0] = c.id
			g := s.group("g", 400)
			late := s.group("late", 400)
			s.observe()
			for _, end := range []int64{1100, 1200, 600, 1150, 800, 1100, 1300} {
				topic.parts[0].end = end
				g.commits["t"][0] += 10
				late.down = ReasonCoordinator
				if end > 1200 {
					late.down = ReasonNone
				}
				s.observe()
			}
			s.want("produced on the topic", s.snap.Topics[0].Produced, c.want)
			s.want("produced for a group", s.in("g").Produced, c.want)
			s.want("produced for one that was not read meanwhile", s.in("late").Produced, 300)
			s.want("consumed", s.in("g").Consumed, c.consumed)
		})
	}
}
