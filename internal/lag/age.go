package lag

import (
	"math"
	"time"
)

const (
	// maxRounds is how often in a row a message's time is asked for before what is known has to do for a while.
	maxRounds = 10
	// closeEnough ends the asking: the ages at both ends of a stretch differ by no more than this factor.
	closeEnough = 1.05
	// edge is the factor of age by which a query is put beside an end of a stretch, so that the rest is close enough even
	// when the answer has become a little older.
	edge = 1.045
	// oldestAge is the greatest age looked for.
	oldestAge = 10 * 365 * dayNanos
	// likelyAge is the greatest age that most topics retain: the far end of the first bisection.
	likelyAge = 7 * dayNanos
)

// age is how long before now the message at offset was produced, in seconds. It is Absent, and a time query is wished
// for, while the history does not tell. lag is what ranks the query.
func (w *worker) age(tp *topic, partition int, offset, now, lag int64) float64 {
	t, p := w.t, &tp.parts[partition]
	if a, b := &p.tail.a, &p.tail.b; offset >= a.end && offset < b.end && a.rounds == observed {
		return seconds(now - crossing(a, b, offset))
	}
	pts := p.hist.pts
	n := len(pts)
	if n == 0 {
		return Absent
	}
	if offset >= pts[n-1].end { // a held pair of a log that was truncated since
		return Absent
	}
	if offset < pts[0].end {
		wish := w.wish(tp, partition)
		wish.missed = true
		if t.maySeek(p) {
			wish.ask(offset, lag)
		}
		return Absent
	}
	a, b := p.hist.stretch(offset)
	switch {
	case a.rounds == observed:
	case t.believes(p) && (a.exact && a.end == offset || t.narrow(a, b)):
	default:
		if a.rounds < maxRounds || t.now-p.soughtAt >= int64(t.opt.StallWindow) {
			w.wish(tp, partition).ask(offset, lag)
		}
		return Absent
	}
	return seconds(now - crossing(a, b, offset))
}

// seconds of an age, which is never negative.
func seconds(nanos int64) float64 { return float64(max(0, nanos)) / 1e9 }

// narrow reports whether times read off between two points are near enough to the truth.
func (t *Tracker) narrow(a, b *point) bool {
	return b.at-a.at <= int64(time.Second) || float64(t.now-a.at) <= closeEnough*float64(t.now-b.at)
}

// between is the time to ask about next where the wanted message lies between two points: on a log scale of age, as far
// along as the lag is on a log scale of lag, which for an even flow of messages is the spot, and then close beside the end
// that this has found. Production that stopped or came in a burst defies that: so it is half way every other time, and now
// and then close behind a message whose time is known.
func (t *Tracker) between(a, b *point, end, offset int64) int64 {
	young, old := t.logAge(b.at), t.logAge(a.at)
	near, far, wanted := logLag(end-b.end), logLag(end-a.end), logLag(end-offset)
	half, spot, step := (young+old)/2, (young+old)/2, math.Log(edge)
	if far > near {
		spot = young + min(max((wanted-near)/(far-near), 0), 1)*(old-young)
	}
	age := half
	switch turn := a.rounds % 4; {
	case turn < 2 && spot-young < step:
		age = young + step
	case turn < 2 && old-spot < step, turn == 3 && a.exact:
		age = old - step
	case turn == 0:
		age = spot
	}
	at := t.now - int64(math.Exp(age))
	if at <= a.at || at >= b.at {
		at = a.at + (b.at-a.at)/2
	}
	return at
}

// maySeek reports whether a message older than the history may be asked for. After maxRounds in a row that waits for a
// while: what was learned stays, so that a few more tries, later, reach everything a topic can hold.
func (t *Tracker) maySeek(p *topicPartition) bool {
	return p.hist.rounds < maxRounds || p.sought+1 < t.wave ||
		t.now-p.soughtAt >= int64(t.opt.StallWindow) && t.now-p.hist.pts[0].at < oldestAge
}

// older is the time to ask about next for a message older than the history: first where an even flow of messages would
// have it, then half way on a log scale of age.
func (t *Tracker) older(p *topicPartition, offset int64) int64 {
	if p.hist.rounds >= maxRounds {
		p.hist.rounds = 0
	}
	p.soughtAt = t.now
	first := p.hist.pts[0]
	young := math.Exp(t.logAge(first.at))
	guess := max(2*young, 2*float64(t.opt.RateWindow)) // what is younger the history will know soon
	if produced := p.end - first.end; produced > 0 {
		guess = max(guess, young*1.25*float64(p.end-offset)/float64(produced))
	}
	if half := math.Sqrt(young * float64(likelyAge)); guess < half && (p.hist.rounds > 0 || p.end == first.end) {
		guess = half
	}
	return t.now - int64(min(guess, float64(oldestAge)))
}

func (t *Tracker) logAge(at int64) float64 {
	return math.Log(float64(max(t.now-at, int64(t.opt.Interval), int64(time.Second))))
}

func logLag(lag int64) float64 { return math.Log(float64(max(lag, 0)) + 1) }
