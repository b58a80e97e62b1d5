package lag

import (
	"math"
	"time"
)

// class is what a partition of a group is, as far as its newest pair tells; the other classes (docs/architecture.md) are
// decided per wave.
type class uint8

const (
	classNone class = iota // no pair yet
	classCounted
	classUncommitted
)

// partition is what is remembered of one partition of a group. The pair (committed, end, start, at) is always of one
// wave. There may be millions of them: it is 64 bytes.
type partition struct {
	committed, end, start int64
	at                    int64
	behind                uint32 // 1 + tenths of seconds of tracker time since when there is lag and no progress, 0: is not
	left                  uint32 // the lag at the last progress, or 0 since; neverMoved before
	rate                  float32
	last, best            float32 // the rate at the last progress, and the best known
	gap, lived            uint16  // slots missed since the pair, and lived through while counted
	waits                 waits
	class                 class
	beyond                bool // the commit read last lay beyond the high watermark
	residue               bool // nobody can read the lag: transactions left it
	marked                bool // one of at most LagResidual was seen: transactions leave markers here
	shown                 bool // counted, and known in this wave
}

// neverMoved is the lag left at the last progress where neither progress nor a lag of 0 was seen.
const neverMoved = math.MaxUint32

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
	resume  Resume
	waits   bool          // it is not the group's turn to be read
	maxAge  time.Duration // how long a pair is held
	// unattended: the group is Empty, and no member can have committed since it became so.
	unattended bool
	// resides: the group had members throughout the stall window.
	resides bool

	// Of the topic at hand, as of the wave before: its longest commit period, encoded, and its partitions' best rate.
	period uint8
	best   float32
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

// contradicts reports, and notes, that a commit lies beyond the end that was read after it, and did not in the wave before.
// One of the two is of a broker that has been replaced and does not know it yet, and metadata will tell. Where it stays so,
// the commit points at nothing: the log was cut, or is another one.
func (s *step) contradicts(p *partition, tp *topicPartition, committed int64) bool {
	was := p.beyond
	p.beyond = committed > tp.end
	return p.beyond && !was
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
	p.class = classCounted
	if committed < 0 || p.beyond {
		p.class = classUncommitted
	}
	if p.class == classCounted && committed > p.end {
		s.w.clamped++
	}
	cut := old.class != classNone && p.end < old.end
	var c change
	switch same := tp.counted > 0; {
	case old.class == classNone:
	case !cut:
		c.produced = float64(p.end - old.end)
		if same && old.at >= tp.cutAt { // what lies before was counted when it was there the first time
			c.produced = float64(max(0, p.end-max(old.end, tp.counted)))
		}
	case same:
		cut = false // what is before the cut is as it was
	}
	c.moved = old.class != classNone && committed >= 0 && committed != old.committed
	if p.class != classCounted {
		p.behind, p.rate, p.gap, p.lived, p.residue, p.left = 0, -1, 0, 0, false, neverMoved
		return c
	}
	joins := old.class != classCounted
	progress, jumped := int64(0), joins || cut
	waited := s.waited(p, &old)
	if !jumped {
		progress, jumped = s.progress(p, &old, waited, &c)
	}
	s.judge(p, &old, tp, progress, jumped)
	s.advance(p, &old, ring, progress, waited, joins)
	return c
}

// waited is for how long, in ns, a commit of this wave may have been in the making.
func (s *step) waited(p, old *partition) int64 {
	return max(p.at-old.at, old.since(s.t.now, int64(s.t.opt.Interval)))
}

// progress is how far the group read since the old pair; jumped tells that the commit was moved without reading.
func (s *step) progress(p, old *partition, waited int64, c *change) (progress int64, jumped bool) {
	switch {
	case p.committed < old.committed:
		c.backward++
		return 0, false
	case s.isJump(p, old, waited):
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
// either nobody was there to read, or what it skipped is far more than could be read since the last commit, by what was
// ever read on the topic. What was produced since then was read as it came, and not skipped.
func (s *step) isJump(p, old *partition, waited int64) bool {
	from := old.effective()
	if p.committed <= from || p.committed < old.end {
		return false
	}
	if s.unattended && !s.g.lone && old.at >= s.g.emptySince {
		return true
	}
	advance, skipped := p.committed-from, min(old.end-from, int64(old.left))
	if old.best <= 0 || advance < jumpMessages || skipped < advance/2 {
		return false
	}
	if old.waits[0] != 0 { // it would have committed meanwhile
		waited = min(waited, max(p.at-old.at, missedCommits*decodeWait(old.waits.median())))
	}
	could := jumpFactor * float64(max(old.best, s.best)) * (float64(waited) / 1e9)
	return float64(skipped) > could
}

// advance brings the window of the partition up to this wave.
func (s *step) advance(p, old *partition, ring []uint32, progress, waited int64, joins bool) {
	w, opt := &s.g.window, &s.t.opt
	if joins {
		p.gap, p.lived, p.rate = 0, 0, -1
		return
	}
	first := p.waits[0] == 0
	if progress > 0 && old.left != neverMoved && 2*(p.at-old.at) < 5*int64(opt.Interval) {
		p.waits.learn(waited)
	}
	period := p.waits.median()
	rare := period >= s.t.rareFrom
	if s.slot {
		missed := int(p.gap)
		p.gap = 0
		moved := old.left != neverMoved
		switch {
		case missed == 0 && progress > 0 && !moved && p.lived > 0:
			// It is not known when what this commit covers began: the rate begins after it. A burndown takes what there is.
			p.lived, p.last = 0, float32(float64(progress)/(float64(max(waited, 1))/1e9))
		case missed == 0 && progress == 0 && moved && p.lived == 0 && p.behind > 0: // until the next one
		case missed == 0 && progress > 0 && (rare || p.lived == 0):
			n := w.lay(ring, progress, waited)
			if !first { // else what lies before was not consumed when it was committed
				n = max(n, int(p.lived)+1)
			}
			p.lived = uint16(min(n, len(ring)))
		default:
			w.lay(ring, progress, p.at-old.at)
			p.lived = uint16(min(int(p.lived)+missed+1, len(ring)))
		}
	}
	p.rate = float32(w.rate(ring, int(p.lived)))
	s.between(p, ring, period, rare, progress, waited)
	if progress > 0 && p.rate > 0 {
		p.last = p.rate
		p.best = max(p.best, p.rate)
	}
}

// between corrects the rate for commits that come less often than the window can show.
func (s *step) between(p *partition, ring []uint32, period uint8, rare bool, progress, waited int64) {
	opt, now := &s.t.opt, s.t.now
	if progress > 0 {
		if rare && waited >= int64(opt.RateWindow) {
			p.rate = float32(float64(progress) / (float64(waited) / 1e9))
		}
		return
	}
	behind := p.behindFor(now)
	unsure := p.left != neverMoved && s.isUnsure(p, behind) // it moved once
	switch {
	case p.behind == 0 || !rare && !unsure:
	case s.isStalled(behind, s.patience(p), now):
		p.rate = 0
	case unsure:
		p.rate = -1
	default:
		since := p.since(now, int64(opt.Interval))
		p.rate = p.last
		if rate := s.g.window.rateBefore(ring, int(p.lived), since); rate >= 0 {
			p.rate = float32(rate)
		}
		p.rate *= float32(lateness(since, decodeWait(period)))
	}
}

// judge tells residues of transactions from lag, and notes since when there is lag without progress.
func (s *step) judge(p, old *partition, tp *topicPartition, progress int64, jumped bool) {
	lag, now := p.lag(), s.t.now
	p.residue = lag > 0 && progress == 0 && s.isResidue(p, old, lag, now-tp.movedAt)
	p.marked = p.marked || p.residue && lag <= s.t.opt.LagResidual
	// Messages that come to a lag as markers leave it are what is waited for from now on.
	fresh := p.end > old.end && old.lag() <= s.t.opt.LagResidual
	switch {
	case lag == 0 || p.residue:
		p.behind = 0
	case p.behind == 0 || progress > 0 || jumped || fresh:
		p.behind = tenths(now)
	}
	switch {
	case lag == 0:
		p.left = 0
	case jumped:
		p.left = neverMoved
	case progress > 0:
		p.left = uint32(min(lag, neverMoved-1))
	}
}

// isResidue reports a lag that nobody can read. still is for how long, in ns, the end has not moved.
//
// It stays one until the end or the commit moves, whoever leaves. It begins where nothing was written for the stall
// window, and the group stayed at the same place throughout: one with members, at most LagResidual before the end or,
// where it reads committed records only, anywhere (records of aborted transactions); any other at most LagResidual before
// the end, if it read up to there after the last message came, or if markers were seen on the partition.
func (s *step) isResidue(p, old *partition, lag, still int64) bool {
	opt := &s.t.opt
	small := lag <= opt.LagResidual
	switch {
	case old.residue && p.end == old.end && p.committed == old.committed:
		return true
	case still < int64(opt.StallWindow):
		return false
	case small && (s.resides || p.marked || int64(p.left) == lag):
		return true
	}
	return s.stableE && s.resides && p.behindFor(s.t.now) >= int64(opt.StallWindow)
}
