package lag

import (
	"math"
	"math/bits"
	"time"
)

// A group commits when it likes: every few seconds, with every file, with every checkpoint. What is between two commits
// looks like a standstill and then like a leap, so each partition's commit period is learned: the median of its last
// three moves, each measured from the move before it or, where there was no lag then, from when lag began. The rate, the
// burndown, the stall and resets are worked out with it.

const (
	// missedCommits is how many commit periods without a commit are a stall.
	missedCommits = 3
	// unknownPatience is how many stall windows are one, on a partition that commits at a period that is not known.
	unknownPatience = 6
	// late is how many commit periods may pass before the next commit is late.
	late = 1.5
)

// waits are the lengths of a partition's newest moves, newest first, 0 where there was none; one is kept to a thirtieth.
type waits [3]uint8

// encodeWait makes a byte of a duration from 1.6 s, below which all are the same, to 29 hours.
func encodeWait(nanos int64) uint8 {
	n := uint64(max(nanos, 0) / tenth)
	if n < 17 {
		return 1
	}
	e := bits.Len64(n) - 5 // at least 0: five significant bits stay
	return uint8(min((e<<4|int(n>>e)&15)+1, 255))
}

// decodeWait is the middle of what encodeWait makes the same byte of, in ns, 0 for no wait and for the shortest.
func decodeWait(code uint8) int64 {
	if code <= 1 {
		return 0
	}
	c := int64(code) - 1
	return (2*(16+c&15) + 1) << (c >> 4) * tenth / 2
}

func (w *waits) learn(nanos int64) { w[2], w[1], w[0] = w[1], w[0], encodeWait(nanos) }

// median is the lower one of two, 0 where none is known.
func (w *waits) median() uint8 {
	a, b, c := w[0], w[1], w[2]
	if c == 0 {
		if b == 0 {
			return a
		}
		return min(a, b)
	}
	return max(min(a, b), min(max(a, b), c))
}

// rareFrom is the encoded length from which on a commit period is so long that a rate window holds few commits, or none.
func rareFrom(opt Options) uint8 {
	limit := max(int64(opt.RateWindow)/4, 2*int64(opt.Interval))
	for code := range uint8(math.MaxUint8) {
		if decodeWait(code) > limit {
			return code
		}
	}
	return math.MaxUint8
}

// since is for how long the group has moved nothing on the partition, in ns, 0 while there is no lag.
func (p *partition) since(now, interval int64) int64 {
	if p.behind == 0 {
		return 0
	}
	since := p.behindFor(now)
	if p.left == 0 { // it moved, or something came, in the step before
		since += interval
	}
	return since
}

// patience is how long a partition may have lag and no progress before it is stalled. One that has never moved is taken
// for like the rest of its topic; one that has moved once commits at a period of its own.
func (s *step) patience(p *partition) int64 {
	period := p.waits.median()
	if period == 0 && p.left == neverMoved {
		period = s.period
	}
	if period == 0 {
		return unknownPatience * int64(s.t.opt.StallWindow)
	}
	return max(int64(s.t.opt.StallWindow), missedCommits*decodeWait(period))
}

// isUnsure reports a partition whose group may be reading it and just not have committed yet: when it will is not known.
func (s *step) isUnsure(p *partition, behind int64) bool {
	if p.left == neverMoved {
		return s.period == 0
	}
	return p.waits[0] == 0 && behind > int64(s.t.opt.RateWindow)/4
}

// lateness is by how much a rate is to be taken for less because the next commit is late: 1 while it is not.
func lateness(since, period int64) float64 {
	return min(1, late*float64(period)/float64(max(since, int64(time.Millisecond))))
}
