package lag

import (
	"math"
	"time"
)

// class is what a partition of a group is, as far as its newest pair tells; design.md's other classes are decided per
// wave.
type class uint8

const (
	classNone class = iota // no pair yet
	classCounted
	classUncommitted
)

// partition is what is remembered of one partition of a group. The pair (committed, end, start, at) is always of one
// wave.
type partition struct {
	committed, end, start int64
	at                    int64
	behind                uint32 // 1 + tenths of seconds of tracker time since when there is lag and no progress, 0: is not
	rate                  float32
	last, best            float32 // the rate at the last progress, and the best known
	gap, lived            uint16  // slots missed since the pair, and lived through while counted
	class                 class
	beyond                bool // the commit lay beyond the high watermark
	residue               bool // the lag is left by transaction markers
	shown                 bool // counted, and known in this wave
}

const tenth = int64(100 * time.Millisecond)

// tenths rounds up, so that a stall is never found before the residue of the same age.
func tenths(at int64) uint32 { return uint32(min(max((at+tenth-1)/tenth, 0), math.MaxUint32-1)) + 1 }

// behindFor is for how many ns the partition has had lag without progress.
func (p *partition) behindFor(now int64) int64 {
	if p.behind == 0 {
		return 0
	}
	return max(0, now-int64(p.behind-1)*tenth)
}

func (p *partition) effective() int64 { return max(p.committed, p.start) }

func (p *partition) lag() int64 { return max(0, p.end-p.effective()) }

// step is one wave as seen by one group.
type step struct {
	t       *Tracker
	w       *worker
	g       *group
	read    bool // the commits were read in this wave
	at      int64
	reason  Reason // why they were not
	slot    bool   // the window closed a slot
	stableE bool   // lag is taken to the last stable offset
	// unattended: the group is Empty, and no member can have committed since it became so.
	unattended bool
	// resides: the group had members throughout the stall window.
	resides bool
}

// change is what a fresh pair adds to the counters.
type change struct {
	produced, consumed, lost float64
	backward, end            float64
	moved                    bool // the commit is another than before
}

// isFresh reports whether a pair of this wave can be formed.
func (s *step) isFresh(p *topicPartition) bool {
	return s.read && p.fresh && p.endAt >= s.at && p.start >= 0 && (!s.stableE || p.stable >= 0)
}

func (s *step) anyFresh(parts []topicPartition) bool {
	for i := range parts {
		if s.isFresh(&parts[i]) {
			return true
		}
	}
	return false
}

// renew replaces the partition's pair with this wave's and returns what happened in between.
func (s *step) renew(p *partition, ring []uint32, tp *topicPartition, committed int64) change {
	old := *p
	p.committed, p.end, p.start, p.at = committed, tp.end, tp.start, s.at
	if s.stableE {
		p.end = tp.stable
	}
	p.beyond = committed > tp.end
	switch {
	case committed < 0, p.beyond && old.beyond:
		p.class = classUncommitted
	default:
		p.class = classCounted
	}
	if p.class == classCounted && committed > p.end {
		s.w.clamped++
	}
	cut := old.class != classNone && p.end < old.end
	var c change
	if old.class != classNone && !cut {
		c.produced = float64(p.end - old.end)
	}
	c.moved = old.class != classNone && committed >= 0 && committed != old.committed
	if p.class != classCounted {
		p.behind, p.rate, p.gap, p.lived, p.residue = 0, -1, 0, 0, false
		return c
	}
	joins := old.class != classCounted || old.beyond
	progress, jumped := int64(0), joins || cut
	if !jumped {
		progress, jumped = s.progress(p, &old, &c)
	}
	s.advance(p, ring, progress, joins)
	s.judge(p, &old, tp, progress, jumped)
	return c
}

// progress is how far the group read since the old pair; jumped tells that the commit was moved without reading.
func (s *step) progress(p, old *partition, c *change) (progress int64, jumped bool) {
	switch {
	case p.committed < old.committed:
		c.backward++
		return 0, false
	case s.isJump(p, old):
		c.end++
		return 0, true
	}
	if p.start > p.committed {
		c.lost = float64(max(0, p.start-max(p.committed, old.start)))
	}
	progress = max(0, min(p.committed, p.end)-old.effective())
	c.consumed = float64(progress)
	return progress, false
}

const (
	// jumpFactor and jumpMessages tell a reset to the end from fast consumption.
	jumpFactor   = 10
	jumpMessages = 10_000
)

// isJump tells a reset to the end from consumption: the commit lands within the step's production of the end, and
// either nobody was there to read, or what it skipped is far more than was ever read in such a time. Where most of the
// step is its own production, a burst was read as it came, and nothing was skipped.
func (s *step) isJump(p, old *partition) bool {
	from := old.effective()
	if p.committed <= from || p.committed < old.end {
		return false
	}
	if s.unattended && old.at >= s.g.emptySince {
		return true
	}
	if old.best <= 0 {
		return false
	}
	advance, skipped := p.committed-from, old.end-from
	could := jumpFactor * float64(old.best) * (float64(p.at-old.at) / 1e9)
	return advance >= jumpMessages && float64(skipped) > could && skipped >= advance/2
}

// advance brings the window of the partition up to this wave.
func (s *step) advance(p *partition, ring []uint32, progress int64, joins bool) {
	w := &s.g.window
	if joins {
		p.gap, p.lived, p.rate = 0, 0, -1
		return
	}
	if s.slot {
		missed := int(p.gap)
		w.spread(ring, progress, missed)
		p.lived = uint16(min(int(p.lived)+missed+1, len(ring)))
		p.gap = 0
	}
	p.rate = float32(w.rate(ring, int(p.lived)))
	if progress > 0 && p.rate > 0 {
		p.last = p.rate
		p.best = max(p.best, p.rate)
	}
}

// judge tells residues of transaction markers from lag, and notes since when there is lag without progress.
func (s *step) judge(p, old *partition, tp *topicPartition, progress int64, jumped bool) {
	lag, now := p.lag(), s.t.now
	small := lag > 0 && lag <= s.t.opt.LagResidual
	p.residue = small && (old.residue && p.end == old.end ||
		s.resides && now-tp.movedAt >= int64(s.t.opt.StallWindow))
	switch {
	case lag == 0 || p.residue:
		p.behind = 0
	case p.behind == 0 || progress > 0 || jumped:
		p.behind = tenths(now)
	}
}
