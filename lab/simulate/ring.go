package simulate

import "math"

// ring holds the newest samples of one series. Times are steps; a NaN marks the series as absent from then on.
type ring struct {
	at   []int
	v    []float64
	next int // samples ever taken
}

func newRing(size int) ring { return ring{at: make([]int, size), v: make([]float64, size)} }

func (r *ring) push(at int, v float64) {
	i := r.next % len(r.at)
	r.at[i], r.v[i] = at, v
	r.next++
}

// last is the newest sample, if the series is not absent.
func (r *ring) last() (float64, bool) {
	if r.next == 0 {
		return 0, false
	}
	v := r.v[(r.next-1)%len(r.v)]
	return v, !math.IsNaN(v)
}

// before is the newest sample at or before a time.
func (r *ring) before(at int) (float64, bool) {
	for i := r.next - 1; i >= 0 && i >= r.next-len(r.at); i-- {
		if j := i % len(r.at); r.at[j] <= at {
			return r.v[j], !math.IsNaN(r.v[j])
		}
	}
	return 0, false
}

// since appends the samples later than a time, oldest first, without the absent ones.
func (r *ring) since(at int, dst []sample) []sample { return r.between(at, math.MaxInt, dst) }

// between is since without the samples later than to.
func (r *ring) between(at, to int, dst []sample) []sample {
	from := max(0, r.next-len(r.at))
	for i := from; i < r.next; i++ {
		if j := i % len(r.at); r.at[j] > at && r.at[j] <= to && !math.IsNaN(r.v[j]) {
			dst = append(dst, sample{float64(r.at[j]), r.v[j]})
		}
	}
	return dst
}

type sample struct{ at, v float64 }

// rate is Prometheus's rate() of a counter over the window that ends at end, in units per step: what is missing to the
// borders of the window is extrapolated where it is less than 1.1 of the samples' distance.
func rate(s []sample, end, window float64) (float64, bool) {
	if len(s) < 2 {
		return 0, false
	}
	first, last := s[0], s[len(s)-1]
	increase := last.v - first.v
	for i := 1; i < len(s); i++ {
		if s[i].v < s[i-1].v {
			increase += s[i-1].v
		}
	}
	sampled := last.at - first.at
	if sampled <= 0 {
		return 0, false
	}
	average := sampled / float64(len(s)-1)
	toStart, toEnd := first.at-(end-window), end-last.at
	if toStart >= average*1.1 {
		toStart = average / 2
	}
	if increase > 0 && first.v >= 0 {
		toStart = math.Min(toStart, sampled*(first.v/increase))
	}
	if toEnd >= average*1.1 {
		toEnd = average / 2
	}
	return increase * (sampled + toStart + toEnd) / sampled / window, true
}

// slope is Prometheus's deriv(): the slope of the least-squares line, per step.
func slope(s []sample) (float64, bool) {
	if len(s) < 2 {
		return 0, false
	}
	var n, sx, sy, sxy, sxx float64
	for _, p := range s {
		x := p.at - s[0].at
		n, sx, sy, sxy, sxx = n+1, sx+x, sy+p.v, sxy+x*p.v, sxx+x*x
	}
	den := sxx - sx*sx/n
	if den == 0 {
		return 0, false
	}
	return (sxy - sx*sy/n) / den, true
}

// peaks is the largest value over a long window: of what was pushed, the samples that no later one reaches, oldest and
// largest first.
type peaks []sample

func (p *peaks) push(at int, v float64) {
	if math.IsNaN(v) {
		return
	}
	s := *p
	for len(s) > 0 && s[len(s)-1].v <= v {
		s = s[:len(s)-1]
	}
	*p = append(s, sample{float64(at), v})
}

// since drops what is not later than a time and returns the largest of the rest, NaN where there is nothing.
func (p *peaks) since(at int) float64 {
	for len(*p) > 0 && (*p)[0].at <= float64(at) {
		*p = (*p)[1:]
	}
	if len(*p) == 0 {
		return math.NaN()
	}
	return (*p)[0].v
}

func extremes(s []sample) (lo, hi float64) {
	lo, hi = math.Inf(1), math.Inf(-1)
	for _, p := range s {
		lo, hi = min(lo, p.v), max(hi, p.v)
	}
	return lo, hi
}
