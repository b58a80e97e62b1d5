package lag

import "math"

// Timestamps are what the messages' producers say, and mostly they are the time of arrival: mostly, for a device may send
// what it noted yesterday, a mirror what another cluster got an hour ago, and a clock may be off. What is learned from
// them is believed only where it agrees with what was seen: the rate, where the step that was measured next agrees with
// it; ages, where a time query about a moment at which the end was seen is answered with that end.

// belief is what is thought of a partition's timestamps.
type belief uint8

const (
	beliefUnknown belief = iota
	// beliefIdle: nothing contradicts them, but nothing was written that could have.
	beliefIdle
	beliefTrue
	beliefFalse
)

// checkAgain is after how many stall windows timestamps are checked again.
const checkAgain = 6

// believes reports whether ages may be read off timestamps now.
func (t *Tracker) believes(p *topicPartition) bool {
	return !t.mustCheck(p) && p.belief != beliefFalse
}

// mustCheck reports that the timestamps have not been checked, or not since what may have changed them.
func (t *Tracker) mustCheck(p *topicPartition) bool {
	return p.belief == beliefUnknown || p.clock != t.clock || p.belief == beliefIdle && p.movedAt > p.checkedAt ||
		t.now-p.checkedAt >= checkAgain*int64(t.opt.StallWindow)
}

// checkTime is the moment to ask about for a check: one at which the end was seen shortly before and after, and after
// which something was written, where that was seen at all. ok is false until there is one.
func (t *Tracker) checkTime(p *topicPartition) (at int64, ok bool) {
	h, interval := &p.hist, int64(t.opt.Interval)
	first, n := h.first(), len(h.pts)
	if first < 0 {
		return 0, false
	}
	start, head := h.pts[first].at, h.pts[n-1].at
	at = head - 2*interval
	if head-start <= int64(t.opt.RateWindow)+interval {
		for i := n - 1; i > first; i-- {
			if h.pts[i].end > h.pts[i-1].end {
				at = min(at, h.pts[i-1].at-interval/2)
				break
			}
		}
	}
	return at, at-interval/2 >= start
}

// check compares the answer to a time query with what was seen.
func (t *Tracker) check(p *topicPartition, at, end int64) {
	h := &p.hist
	head := h.pts[len(h.pts)-1]
	half := int64(t.opt.Interval) / 2
	low, high, ok := h.bounds(at-half, at+half)
	if !ok {
		return
	}
	if end < 0 {
		end = head.end
	}
	switch p.checkedAt, p.clock = t.now, t.clock; {
	case end < low || end > high:
		t.disbelieve(p)
	case high < head.end:
		p.belief = beliefTrue
	default:
		p.belief = beliefIdle
	}
}

func (t *Tracker) disbelieve(p *topicPartition) {
	p.belief, p.checkedAt, p.clock = beliefFalse, t.now, t.clock
	p.hist.forgetAsked()
}

// learnAt takes the answer to a time query in: the offset at that time, and when its message was written.
func (t *Tracker) learnAt(tp *topic, p *topicPartition, q *OffsetAtTime) {
	h := &p.hist
	first := h.first()
	if first < 0 {
		return
	}
	at, stamp, known := t.nanos(q.At), int64(0), !q.Timestamp.IsZero()
	if known { // a timestamp is of the clock on the wall: so is what it is measured from
		stamp = at + min(max(int64(q.Timestamp.Sub(q.At)), -maxNanos), maxNanos)
	}
	switch {
	case known && stamp > t.ended+int64(t.opt.Interval):
		t.disbelieve(p)
	case at >= h.pts[first].at && t.mustCheck(p):
		t.check(p, at, q.Offset)
	case t.believes(p):
		h.insert(at, q.Offset, stamp, known, t.opt)
	case len(h.pts) <= maxSeedSteps && at < h.pts[0].at:
		t.plant(tp, p, at, q.Offset)
	}
}

// maxSeedSteps is for how many points a partition counts as new, so that an answer that nobody asked for is the sampler's
// look one rate window back.
const maxSeedSteps = 4

// plant takes the sampler's look one rate window back: at once where it cannot be wrong (nothing was ever written) or
// where the broker sets the timestamps, else when the step that is measured next agrees.
func (t *Tracker) plant(tp *topic, p *topicPartition, at, end int64) {
	h := &p.hist
	if end < 0 || end > h.pts[0].end {
		end = h.pts[0].end
	}
	p.seedAt, p.seedEnd, p.seeded = at, end, true
	if h.pts[0].end == 0 {
		p.seeded = false
	} else if !tp.appendTime {
		return
	}
	h.place(point{at: at, end: end, asked: true, seed: true}, t.opt)
}

// judgeSeed compares the look back with what was measured since.
func (t *Tracker) judgeSeed(p *topicPartition) {
	h := &p.hist
	first, n := h.first(), len(h.pts)
	if first < 0 || first == n-1 {
		return
	}
	p.seeded = false
	a, b := &h.pts[first], &h.pts[n-1]
	seen, told := float64(b.end-a.end), float64(a.end-p.seedEnd)*float64(b.at-a.at)/float64(max(a.at-p.seedAt, 1))
	agree := agrees(seen, told)
	planted := first > 0 && h.pts[0].seed
	switch {
	case agree && !planted:
		h.place(point{at: p.seedAt, end: p.seedEnd, asked: true, seed: true}, t.opt)
	case !agree && planted:
		h.forgetAsked()
	}
}

// agrees reports whether two counts may come of the same rate: within a tenth, and what chance makes of small ones.
func agrees(a, b float64) bool {
	most := max(a, b)
	return math.Abs(a-b) <= most/10+2*math.Sqrt(most)
}
