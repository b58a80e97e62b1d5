package pilot

import "math"

// rate estimates what is produced, over a window that reaches back to the last change that was no noise.
type rate struct {
	slots []slot // newest last

	now      float64 // messages/s
	trend    float64 // messages/s², 0 while there is none
	long     float64 // messages/s over the objective, at least the window
	noise    float64 // variance of the rate of one slot
	before   float64 // the rate of the slot before
	since    float64 // when the present level began
	restless float64 // when the rate was last seen to change
}

// slot is what happened between two waves, or a few of them.
type slot struct {
	seconds, produced, consumed, members float32 // members in member-seconds
}

const (
	// maxSlots bounds a group's memory: 1 KB.
	maxSlots = 64
	// noiseMemory is the part that a new slot has in the variance; one outlier counts at most as three deviations.
	noiseMemory = 0.05
	noiseMost   = 9
	// noiseLeast is the least standard deviation, as part of the rate.
	noiseLeast = 0.01
	// trendSlots is the least number of slots for a straight line.
	trendSlots = 6
)

// push adds a slot. Slots are joined where there would be too many of them for the span in seconds.
func (r *rate) push(s slot, span float64) {
	if n := len(r.slots); n > 0 {
		if l := &r.slots[n-1]; float64(l.seconds+s.seconds) <= span/(maxSlots-4) {
			l.seconds += s.seconds
			l.produced += s.produced
			l.consumed += s.consumed
			l.members += s.members
			return
		}
	}
	if len(r.slots) == maxSlots {
		copy(r.slots, r.slots[1:])
		r.slots[maxSlots-1] = s
		return
	}
	r.slots = append(r.slots, s)
}

// span is how far back, in seconds, the slots have to reach.
func (p *Pilot) span() float64 { return max(p.c.Window, p.objective()) }

// near makes up for waves that are a little early.
const near = 0.5 // seconds

// over sums the slots of the last seconds up: the fewest that cover them.
func (r *rate) over(seconds float64) (sum slot) {
	for i := len(r.slots) - 1; i >= 0 && (float64(sum.seconds) < seconds-near); i-- {
		s := &r.slots[i]
		sum.seconds += s.seconds
		sum.produced += s.produced
		sum.consumed += s.consumed
		sum.members += s.members
	}
	return sum
}

// between is the rate of production between two ages in seconds, 0 where nothing is known of that time.
func (r *rate) between(from, to float64) float64 {
	a, b := r.over(from), slot{}
	if to > 0 {
		b = r.over(to)
	}
	if a.seconds <= b.seconds {
		return 0
	}
	return float64(a.produced-b.produced) / float64(a.seconds-b.seconds)
}

// estimate takes the newest slot in.
func (r *rate) estimate(p *Pilot) {
	c, n := p.c, len(r.slots)
	newest := r.slots[n-1]
	dt := float64(newest.seconds)
	x := float64(newest.produced) / dt
	r.vary(x)
	window := max(min(c.Window, p.now-r.since), 2*dt)
	r.now, r.trend = r.between(window, 0), 0
	short := r.between(c.Short, 0)
	deviation := math.Sqrt(max(r.noise, max(x, r.now)/dt)/max(1, c.Short/dt)) + noiseLeast*r.now
	switch {
	case math.Abs(short-r.now) > c.Sigma*deviation:
		r.jump(p, short)
	case window >= c.Window/2:
		r.line(c, window, dt)
	}
	r.now = max(r.now, 0)
	r.long = max(r.now, r.between(p.span(), 0))
}

// vary takes the difference of two slots' rates into the noise.
func (r *rate) vary(x float64) {
	if len(r.slots) > 2 {
		v := (x - r.before) * (x - r.before) / 2
		if r.noise == 0 {
			r.noise = v
		}
		r.noise += noiseMemory * (min(v, noiseMost*(r.noise+1e-9)) - r.noise)
	}
	r.before = x
}

// jump begins a new level: what was before is forgotten. A rise that has lasted for two windows is a trend.
func (r *rate) jump(p *Pilot, short float64) {
	w := p.c.Short
	r.since, r.restless = p.now-w, p.now
	r.now = short
	before := r.between(2*w, w)
	if rise := (short - before) / w; rise > 0 {
		r.now += rise * w / 2
		r.trend = max(0, min(rise, (before-r.between(3*w, 2*w))/w))
	}
}

// line looks for a slow rise: the straight line through the window, where it is no chance.
func (r *rate) line(c *Constants, window, dt float64) {
	var n, sx, sy, sxx, sxy, syy float64
	age := 0.0
	for i := len(r.slots) - 1; i >= 0 && age < window-near; i-- {
		s := &r.slots[i]
		x, y := -age-float64(s.seconds)/2, float64(s.produced/s.seconds)
		age += float64(s.seconds)
		n, sx, sy, sxx, sxy, syy = n+1, sx+x, sy+y, sxx+x*x, sxy+x*y, syy+y*y
	}
	spread := sxx - sx*sx/n
	if n < trendSlots || spread <= 0 {
		return
	}
	slope := (sxy - sx*sy/n) / spread
	rest := max(0, syy-sy*sy/n-slope*slope*spread)
	if slope > c.Slope*math.Sqrt(max(rest/(n-2), max(r.now, 1)/dt)/spread) {
		r.now, r.trend = sy/n-slope*sx/n, slope
	}
}
