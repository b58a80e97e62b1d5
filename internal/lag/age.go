package lag

import (
	"cmp"
	"math"
	"slices"
	"sort"
	"time"
)

const (
	// maxRounds is how often in a row a message's time is asked for before what is known has to do.
	maxRounds = 4
	// closeEnough ends the asking: the ages at both ends of a stretch differ by no more than this factor.
	closeEnough = 1.1
	// oldestAge is the greatest age looked for.
	oldestAge = 10 * 365 * dayNanos
	// likelyAge is the greatest age that most topics retain: the far end of the first bisection.
	likelyAge = 7 * dayNanos
)

// need is a time query that would tell how old some partition's oldest unconsumed message is.
type need struct {
	topic     *topic
	partition int32
	at        int64
	lag       int64
}

// age is how long before now the message at offset was produced, in seconds. It is Absent, and a time query is noted,
// while the history does not tell. lag is what ranks the query.
func (t *Tracker) age(tp *topic, partition int, offset, now, lag int64) float64 {
	p := &tp.parts[partition]
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
		if t.ranks(p, lag) {
			t.seekOlder(tp, partition, offset, lag)
		}
		return Absent
	}
	// Most groups read near the end, so that looking back from there by growing steps is fastest.
	lo, hi, step := n-2, n-1, 1
	for lo > 0 && pts[lo].end > offset {
		hi, lo, step = lo, max(lo-step, 0), step*2
	}
	i := lo + sort.Search(hi-lo, func(k int) bool { return pts[lo+k].end > offset }) - 1
	a, b := &pts[i], &pts[i+1]
	if a.rounds < maxRounds && !t.narrow(a, b) {
		if t.ranks(p, lag) {
			t.want(need{tp, int32(partition), t.between(a, b, p.end, offset), lag})
		}
		return Absent
	}
	return seconds(now - crossing(a, b, offset))
}

// seconds of an age, which is never negative.
func seconds(nanos int64) float64 { return float64(max(0, nanos)) / 1e9 }

// narrow reports whether times read off between two points are near enough to the truth.
func (t *Tracker) narrow(a, b *point) bool {
	return b.at-a.at <= 2*int64(t.opt.Interval) || float64(t.now-a.at) <= closeEnough*float64(t.now-b.at)
}

// between is the time to ask about next where the wanted message lies between two points: on a log scale of age, as
// far along as the lag is on a log scale of lag, which for an even flow of messages is the spot.
func (t *Tracker) between(a, b *point, end, offset int64) int64 {
	young, old := t.logAge(b.at), t.logAge(a.at)
	near, far, wanted := logLag(end-b.end), logLag(end-a.end), logLag(end-offset)
	f := 0.5
	if far > near {
		f = min(max((wanted-near)/(far-near), 0.15), 0.85)
	}
	return t.now - int64(math.Exp(young+f*(old-young)))
}

// seekOlder notes the query that looks for a message older than the history: first where an even flow of messages
// would have it, then half way on a log scale of age.
func (t *Tracker) seekOlder(tp *topic, partition int, offset, lag int64) {
	p := &tp.parts[partition]
	if p.sought+1 < t.wave {
		p.hist.rounds = 0
	}
	p.sought = t.wave
	first := p.hist.pts[0]
	if p.hist.rounds >= maxRounds {
		// What was learned stays, so that a few more tries, later, reach everything a topic can hold.
		if t.now-p.soughtAt < int64(t.opt.StallWindow) || t.now-first.at >= oldestAge {
			return
		}
		p.hist.rounds = 0
	}
	p.soughtAt = t.now
	young := math.Exp(t.logAge(first.at))
	guess := max(2*young, 2*float64(t.opt.RateWindow)) // what is younger the history will know soon
	if produced := p.end - first.end; produced > 0 {
		guess = max(guess, young*1.25*float64(p.end-offset)/float64(produced))
	}
	if half := math.Sqrt(young * float64(likelyAge)); guess < half && (p.hist.rounds > 0 || p.end == first.end) {
		guess = half
	}
	t.want(need{tp, int32(partition), t.now - int64(min(guess, float64(oldestAge))), lag})
}

func (t *Tracker) logAge(at int64) float64 {
	return math.Log(float64(max(t.now-at, int64(t.opt.Interval), int64(time.Second))))
}

func logLag(lag int64) float64 { return math.Log(float64(max(lag, 0)) + 1) }

// ranks reports whether a query for that lag would be the partition's worst so far: only that one is asked.
func (t *Tracker) ranks(p *topicPartition, lag int64) bool {
	return p.needed == 0 || t.needs[p.needed-1].lag < lag
}

// want notes a query that ranks.
func (t *Tracker) want(n need) {
	p := &n.topic.parts[n.partition]
	if p.needed == 0 {
		t.needs = append(t.needs, n)
		p.needed = len(t.needs)
	} else {
		t.needs[p.needed-1] = n
	}
}

// Queries returns the time queries whose answers the next wave should bring as Points, the worst lag first, at most
// limit of them.
func (t *Tracker) Queries(limit int) []TimeQuery {
	if limit <= 0 || len(t.needs) == 0 {
		return nil
	}
	needs := slices.Clone(t.needs)
	slices.SortStableFunc(needs, func(a, b need) int { return cmp.Compare(b.lag, a.lag) })
	needs = needs[:min(limit, len(needs))]
	out := make([]TimeQuery, len(needs))
	for i, n := range needs {
		out[i] = TimeQuery{Topic: n.topic.name, Partition: n.partition, At: t.wall(n.at)}
	}
	return out
}
