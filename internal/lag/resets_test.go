package lag

import "testing"

func TestResetBackwards(t *testing.T) {
	s := newStory(t)
	s.topic("t", 1000, 1000)
	g := s.group("g", 500, 500)
	s.observe()
	g.commits["t"][0] = 100
	s.observe()
	s.want("backward", s.in("g").ResetsBackward, 1)
	s.want("end", s.in("g").ResetsEnd, 0)
	s.want("consumed", s.in("g").Consumed, 0)
	s.want("lag", s.in("g").Lag, 1400)
	g.commits["t"][0] = 300
	s.observe()
	s.want("what is read again is consumed", s.in("g").Consumed, 200)
}

// TestResetToTheEnd: each case starts with one partition at lag 100 000, consumed at 10/s unless told otherwise.
func TestResetToTheEnd(t *testing.T) {
	const lag = 100_000
	for _, c := range []struct {
		name         string
		state        string
		protocol     string
		idle         bool // no progress before: no rate is known
		lag, to, new int64
		resets       float64
	}{
		{"Empty in both waves", stateEmpty, "consumer", true, 50, 50, 0, 1},
		{"Empty, not to the end", stateEmpty, "consumer", true, lag, lag - 1, 0, 0},
		{"a simple consumer is always Empty", stateEmpty, "", true, 50, 50, 0, 0},
		{"far more than it ever read", stateStable, "consumer", false, lag, lag, 0, 1},
		{"within one step's production of the end", stateStable, "consumer", false, lag, lag + 10, 20, 1},
		{"no rate known", stateStable, "consumer", true, lag, lag, 0, 0},
		{"fast, but not to the end", stateStable, "consumer", false, lag, lag - 1, 0, 0},
		{"fewer than 10 000", stateStable, "consumer", false, 9_999, 9_999, 0, 0},
		{"a burst read as it came", stateStable, "consumer", false, 5, 20_005, 20_000, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newStory(t)
			topic := s.topic("t", 1_000_000)
			g := s.group("g", 1_000_000-c.lag-1300)
			g.state, g.protocol = c.state, c.protocol
			if c.idle {
				g.commits["t"][0] += 1300
			}
			s.run(13, func() {
				if !c.idle {
					g.commits["t"][0] += 100
				}
			})
			consumed, rate := s.in("g").Consumed, s.in("g").ConsumerRate
			topic.parts[0].end += c.new
			g.commits["t"][0] += c.to
			s.observe()
			s.want("resets", s.in("g").ResetsEnd, c.resets)
			if c.resets == 0 {
				consumed += float64(c.to)
			} else if s.in("g").ConsumerRate > rate {
				t.Errorf("the jump is in the rate: %v", s.in("g").ConsumerRate)
			}
			s.want("consumed", s.in("g").Consumed, consumed)
		})
	}
}

// A pair that is held is of a time when the members may still have been there: what they read until they left is no
// reset, whenever it is seen.
func TestLastReadingOfMembersIsNoReset(t *testing.T) {
	for _, c := range []struct {
		name  string
		waves []string // the states, after a first wave that is Stable; the pair is held in all but the last
	}{
		{"seen at once", []string{stateEmpty}},
		{"seen a wave later", []string{stateEmpty, stateEmpty}},
		{"two waves later", []string{stateEmpty, stateEmpty, stateEmpty}},
		{"there again in between", []string{stateEmpty, stateStable, stateEmpty}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newStory(t)
			topic := s.topic("t", 1000)
			g := s.group("g", 400)
			s.observe()
			g.commits["t"][0] = 1000
			for i, state := range c.waves {
				g.state = state
				topic.parts[0].down = ReasonLeader
				if i == len(c.waves)-1 {
					topic.parts[0].down = ReasonNone
				}
				s.observe()
			}
			s.want("resets", s.in("g").ResetsEnd, 0)
			s.want("consumed", s.in("g").Consumed, 600)
		})
	}
	t.Run("the pair is of an empty group", func(t *testing.T) {
		s := newStory(t)
		topic := s.topic("t", 1000)
		g := s.group("g", 400)
		g.state = stateEmpty
		s.observe()
		topic.parts[0].down = ReasonLeader
		s.observe()
		topic.parts[0].down = ReasonNone
		g.commits["t"][0] = 1000
		s.observe()
		s.want("resets", s.in("g").ResetsEnd, 1)
		s.want("consumed", s.in("g").Consumed, 0)
	})
}

func TestResetToTheEndEndsTheStall(t *testing.T) {
	s := newStory(t)
	topic := s.topic("t", 1000)
	g := s.group("g", 0)
	g.state = stateEmpty
	s.run(40, nil)
	s.want("stalled", s.in("g").PartitionsStalled, 1)
	topic.parts[0].end += 10
	g.commits["t"][0] = 1005
	s.observe()
	s.want("reset", s.in("g").ResetsEnd, 1)
	s.want("lag", s.in("g").Lag, 5)
	s.want("stalled", s.in("g").PartitionsStalled, 0)
	s.want("no rate came of it", s.in("g").BurndownSeconds, Absent)
}

func TestTruncationAddsNothing(t *testing.T) {
	s := newStory(t)
	topic := s.topic("t", 1000)
	g := s.group("g", 500)
	s.run(2, nil)
	topic.parts[0].end = 800
	g.commits["t"][0] = 600
	s.observe()
	s.want("produced", s.in("g").Produced, 0)
	s.want("consumed", s.in("g").Consumed, 0)
	s.want("lag", s.in("g").Lag, 200)
	topic.parts[0].end = 850
	g.commits["t"][0] = 610
	s.observe()
	s.want("produced", s.in("g").Produced, 50)
	s.want("consumed", s.in("g").Consumed, 10)
	s.want("produced on the topic", s.snap.Topics[0].Produced, 50)
}
