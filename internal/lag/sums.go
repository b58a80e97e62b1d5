package lag

import "math"

// sums is what one wave adds up over partitions, for a topic of a group and then for the group.
type sums struct {
	change
	lag, lagMax            float64
	unread                 float64 // lag without residues
	unreadable             float64 // residues of a group that reads committed records only
	waiting                float64 // the same, without what was likely read since the last commit
	unsure                 bool    // of some of it nothing can be said
	patience               int64   // the most that one of the partitions with such lag is given
	uncommitted            float64 // messages
	committedSum           float64
	counted, uncommittedN  int
	held, withLag, stalled int
	unknown                [numReasons]int
	ages                   worst
	burndown               worst
	consumerRate           float64
	consumerRateKnown      bool
	begun                  float64 // the last rates of partitions that have no rate
	producerRate           float64 // Absent as soon as one partition's is
	oldest                 int64   // time of the oldest pair
	any                    bool    // there is a pair
}

func (s *sums) unknowns() int {
	n := 0
	for _, u := range s.unknown {
		n += u
	}
	return n
}

func (c *change) add(o change) {
	c.produced += o.produced
	c.consumed += o.consumed
	c.lost += o.lost
	c.backward += o.backward
	c.end += o.end
	c.moved = c.moved || o.moved
}

func (s *sums) pairAt(at int64) {
	if !s.any || at < s.oldest {
		s.any, s.oldest = true, at
	}
}

// add takes the sums of one topic into those of the group.
func (s *sums) add(o *sums) {
	s.change.add(o.change)
	s.lag += o.lag
	s.lagMax = max(s.lagMax, o.lagMax)
	s.unread += o.unread
	s.unreadable += o.unreadable
	s.waiting += o.waiting
	s.unsure = s.unsure || o.unsure
	s.patience = max(s.patience, o.patience)
	s.uncommitted += o.uncommitted
	s.counted += o.counted
	s.uncommittedN += o.uncommittedN
	s.held += o.held
	s.withLag += o.withLag
	s.stalled += o.stalled
	for i, n := range o.unknown {
		s.unknown[i] += n
	}
	s.ages.merge(o.ages)
	s.burndown.merge(o.burndown)
	s.consumerRate += o.consumerRate
	s.consumerRateKnown = s.consumerRateKnown || o.consumerRateKnown
	s.begun += o.begun
	s.producerRate += o.producerRate
	if o.any {
		s.pairAt(o.oldest)
	}
}

// level is what a group, or a topic of it, remembers of its own: each level adds up for itself.
type level struct {
	produced, consumed, lost float64
	behind                   int64 // tracker time since when there is lag and no progress; see isBehind
	isBehind                 bool
	last                     float64 // the consumer rate at the last progress
}

// update takes a wave in. known tells that no partition of the level is unknown.
func (l *level) update(s *sums, now int64, known bool) {
	l.produced += s.produced
	l.consumed += s.consumed
	l.lost += s.lost
	switch {
	case known && s.unread == 0:
		l.isBehind = false
	case s.unread > 0 && (!l.isBehind || s.consumed > 0 || s.end > 0):
		l.isBehind, l.behind = true, now
	}
	if rate := s.consumerRate + s.begun; known && s.consumed > 0 && rate > 0 {
		l.last = rate
	}
}

// signals is what the level publishes; known tells that its totals may be.
func (l *level) signals(s *sums, st *step, known bool) Signals {
	now, opt := st.t.now, &st.t.opt
	out := absentSignals()
	out.Partitions, out.PartitionsUncommitted, out.PartitionsHeld = s.counted, s.uncommittedN, s.held
	out.PartitionsWithLag, out.PartitionsStalled = float64(s.withLag), float64(s.stalled)
	out.PartitionsUnknown = s.unknown
	if !known {
		return out
	}
	out.Produced, out.Consumed, out.Lost = l.produced, l.consumed, l.lost
	out.UncommittedMessages = s.uncommitted
	out.Backlog = s.lag - s.unreadable
	switch {
	case st.resume == ResumeEarliest:
		out.Backlog += s.uncommitted
	case st.resume == ResumeUnknown && s.uncommitted > 0:
		out.Backlog = Absent
	}
	if s.counted+s.uncommittedN > 0 {
		out.ProducerRate = s.producerRate
	}
	if s.counted == 0 {
		return out
	}
	out.Lag, out.LagMax = s.lag, s.lagMax
	out.LagSeconds = s.ages.get(math.Inf(1))
	rate := -1.0
	if s.consumerRateKnown {
		rate = s.consumerRate
		out.ConsumerRate = rate
	}
	behind, stalled := int64(0), false
	if l.isBehind {
		behind = max(0, now-l.behind)
		stalled = st.isStalled(behind, s.patience, now)
	}
	if !s.unsure {
		out.BurndownSeconds = burndown(s.waiting, rate, l.last, behind, stalled, opt)
	}
	return out
}

func absentSignals() Signals {
	return Signals{
		Lag: Absent, LagMax: Absent, Backlog: Absent, UncommittedMessages: Absent, LagSeconds: Absent,
		BurndownSeconds: Absent, ProducerRate: Absent, ConsumerRate: Absent,
		Produced: Absent, Consumed: Absent, Lost: Absent, PartitionsWithLag: Absent, PartitionsStalled: Absent,
	}
}
