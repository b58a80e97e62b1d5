package lag

import (
	"math"
	"slices"
	"sort"
	"time"
)

// history is the end offset of one partition over time: points in order of both, at most maxPoints, thinned with age so
// that the time read off between two of them is wrong by at most a small part of its age.
type history struct {
	pts []point
	// rounds counts the time queries that went beyond the oldest point.
	rounds uint8
}

// point says that the end offset was end at that time. Its other fields describe the stretch from it to the next point.
type point struct {
	at, end int64
	err     float32 // bound of the error of times read off here, ns
	rounds  uint8   // time queries spent here; observed: none is wanted
	asked   bool    // learned from timestamps, not from looking at the end then
	seed    bool    // asked, and what was measured afterwards agrees: good for the rate too
	exact   bool    // the message at end was written at that time, not at some time after it
}

const (
	maxPoints = 120
	observed  = math.MaxUint8
	// thinning is the error, as a part of the age, that dropping a point may cause.
	thinning = 0.04
	dayNanos = int64(24 * time.Hour)
)

// push appends the newest end offset. start is the log start: what lies before it is not asked for any more.
func (h *history) push(at, end, start int64, opt Options) {
	n := len(h.pts)
	if n == 0 {
		h.pts = append(make([]point, 0, 4), point{at: at, end: end, rounds: observed})
		return
	}
	head := &h.pts[n-1]
	at, end = max(at, head.at), max(end, head.end)
	if at == head.at {
		head.end = end
		return
	}
	if n > 1 {
		before := &h.pts[n-2]
		tooClose := head.at-before.at < int64(opt.RateWindow)/30
		flat := head.end == end && before.end == end && !before.asked
		if flat || tooClose && before.end != head.end {
			head.at, head.end = at, end
			return
		}
	}
	head.rounds = observed
	if at-head.at > 3*int64(opt.MaxAge) {
		head.rounds = 0 // a long silence: worth asking about
	}
	h.makeRoom(start, opt)
	h.pts = append(h.pts, point{at: at, end: end, rounds: observed})
}

// insert adds the answer to a time query: at that time the first offset not older was end (NoOffset where there was
// none), and that message was written at stamp, which is not positive where it is not known. The answer is fitted between
// its neighbours.
func (h *history) insert(at, end, stamp int64, known bool, opt Options) {
	n := len(h.pts)
	if n == 0 || at >= h.pts[n-1].at {
		return
	}
	if end < 0 {
		end, known = h.pts[n-1].end, false
	}
	i := sort.Search(n, func(i int) bool { return h.pts[i].at >= at })
	next := h.pts[i]
	p := point{at: at, end: min(end, next.end), asked: true}
	if i == 0 {
		h.rounds = min(h.rounds, maxRounds) + 1
	} else {
		before := &h.pts[i-1]
		if before.rounds == observed || next.at == at {
			return
		}
		p.end = max(p.end, before.end)
		before.rounds++
		p.rounds, p.seed = before.rounds, before.seed
	}
	written := p
	written.at, written.exact = stamp, true
	switch known = known && p.end == end && end < next.end && stamp >= at && stamp < next.at; {
	case known && stamp == at:
		h.place(written, opt)
	case known: // nothing was written in between
		h.place(p, opt)
		h.place(written, opt)
	default:
		h.place(p, opt)
	}
}

// place puts a point that is older than the newest where it belongs. It is lost where thinning moved its neighbours.
func (h *history) place(p point, opt Options) {
	if len(h.pts) == cap(h.pts) {
		h.makeRoom(NoOffset, opt)
	}
	i := sort.Search(len(h.pts), func(i int) bool { return h.pts[i].at >= p.at })
	if i == len(h.pts) || h.pts[i].at == p.at || h.pts[i].end < p.end || i > 0 && h.pts[i-1].end > p.end {
		return
	}
	h.pts = slices.Insert(h.pts, i, p)
}

// forgetAsked drops everything that was learned from timestamps.
func (h *history) forgetAsked() {
	h.pts = slices.DeleteFunc(h.pts, func(p point) bool { return p.asked })
	h.rounds = 0
}

// first is the index of the oldest point that was not learned from timestamps, which all others follow but those asked
// about a silence.
func (h *history) first() int { return slices.IndexFunc(h.pts, func(p point) bool { return !p.asked }) }

// bounds are what the end can have been at that time, from what was seen before and after; ok is false where nothing was.
func (h *history) bounds(from, to int64) (low, high int64, ok bool) {
	low, high = -1, -1
	for i := range h.pts {
		p := &h.pts[i]
		if p.asked {
			continue
		}
		if p.at <= from {
			low = p.end
		}
		if p.at >= to {
			high = p.end
			break
		}
	}
	return low, high, low >= 0 && high >= 0
}

// truncate forgets what a log that now ends at end cannot have been.
func (h *history) truncate(end int64) {
	n := len(h.pts)
	for n > 0 && h.pts[n-1].end > end {
		n--
	}
	h.pts = h.pts[:n]
	h.rounds = 0
	if h.first() < 0 {
		h.pts = h.pts[:0]
	}
}

// rate is what was produced per second over the window before the newest point, Absent before the second point.
func (h *history) rate(window time.Duration) float64 {
	n := len(h.pts)
	if n < 2 {
		return Absent
	}
	head := h.pts[n-1]
	from := head.at - int64(window)
	i := n - 1
	for i > 0 && h.pts[i].at > from && (!h.pts[i-1].asked || h.pts[i-1].seed) {
		i--
	}
	if i == n-1 {
		return Absent
	}
	since, end := h.pts[i].at, float64(h.pts[i].end)
	if since < from {
		next := h.pts[i+1]
		end += float64(next.end-h.pts[i].end) * float64(from-since) / float64(next.at-since)
		since = from
	}
	if head.at <= since {
		return Absent
	}
	return max(0, float64(head.end)-end) / (float64(head.at-since) / 1e9)
}

// tail is the newest stretch, an empty one before the second point.
func (h *history) tail() (a, b point) {
	if n := len(h.pts); n > 1 {
		return h.pts[n-2], h.pts[n-1]
	}
	return point{}, point{}
}

// stretch is the newest pair of points with the offset between them. Most groups read near the end, so that looking back
// from there by growing steps is fastest.
func (h *history) stretch(offset int64) (a, b *point) {
	pts := h.pts
	lo, hi, step := len(pts)-2, len(pts)-1, 1
	for lo > 0 && pts[lo].end > offset {
		hi, lo, step = lo, max(lo-step, 0), step*2
	}
	i := lo + sort.Search(hi-lo, func(k int) bool { return pts[lo+k].end > offset }) - 1
	return &pts[i], &pts[i+1]
}

// crossing is when the end offset passed offset on the way from a to b.
func crossing(a, b *point, offset int64) int64 {
	return a.at + int64(float64(b.at-a.at)*(float64(offset-a.end)/float64(b.end-a.end)))
}

// makeRoom makes place for one more point, by thinning where that is enough and by growing where it is not.
func (h *history) makeRoom(start int64, opt Options) {
	n := len(h.pts)
	if n < cap(h.pts) {
		return
	}
	keep := int64(opt.RateWindow) + int64(opt.Interval)
	h.dropBefore(start, keep)
	h.thin(thinning, keep)
	if len(h.pts) <= cap(h.pts)*3/4 {
		return
	}
	if n < maxPoints {
		h.pts = append(make([]point, 0, min(n+8, maxPoints)), h.pts...)
		return
	}
	for allowed := thinning; len(h.pts) > maxPoints*15/16; allowed *= 1.1 {
		if len(h.pts) > 1 && h.pts[len(h.pts)-1].at-h.pts[1].at > dayNanos {
			h.pts = slices.Delete(h.pts, 0, 1)
			continue
		}
		if allowed > 1e3 {
			h.halve()
			return
		}
		h.thin(allowed, keep)
	}
}

// halve drops every second point, whatever that does to the error.
func (h *history) halve() {
	out := h.pts[:1]
	for i := 1; i < len(h.pts); i++ {
		if i%2 == 0 || i == len(h.pts)-1 {
			out = append(out, h.pts[i])
		}
	}
	h.pts = out
}

// dropBefore drops the points that only describe messages which retention has deleted. What the last keep nanoseconds
// need stays.
func (h *history) dropBefore(start, keep int64) {
	i, oldest := 0, h.pts[len(h.pts)-1].at-keep
	for i+1 < len(h.pts) && h.pts[i+1].end <= start && h.pts[i+1].at <= oldest {
		i++
	}
	h.pts = slices.Delete(h.pts, 0, i)
}

// thin drops the points between whose neighbours a straight line is right up to the allowed part of the age. Points of
// the last keep nanoseconds stay.
func (h *history) thin(allowed float64, keep int64) {
	n := len(h.pts)
	if n < 3 {
		return
	}
	head := h.pts[n-1].at
	out := h.pts[:1]
	for i := 1; i < n-1; i++ {
		a, m, b := &out[len(out)-1], h.pts[i], h.pts[i+1]
		err := deviation(*a, m, b) + float64(max(a.err, m.err))
		same := a.rounds == m.rounds && a.asked == m.asked && a.seed == m.seed
		// Between timestamps nobody saw that the line is straight: there only what is close together is as good as one.
		sure := !m.asked || float64(head-a.at) <= closeEnough*float64(head-b.at)
		if head-m.at > keep && same && sure && err <= allowed*float64(head-b.at) {
			a.err = float32(err)
			continue
		}
		out = append(out, m)
	}
	h.pts = append(out, h.pts[n-1])
}

// deviation is how far, in ns, the straight line from a to b is from m.
func deviation(a, m, b point) float64 {
	if a.end == b.end {
		return 0
	}
	t := float64(a.at) + float64(b.at-a.at)*(float64(m.end-a.end)/float64(b.end-a.end))
	return math.Abs(float64(m.at) - t)
}
