package pilot

import "math"

// capacity is what a member can do, measured on members that have a backlog: they are not waiting for messages.
type capacity struct {
	known    bool
	value    float64 // messages/s
	variance float64 // relative
	// What was known before the present assignment's runs, which are weighed against it as they grow.
	base, baseVariance float64
	agedAt             float64

	best    float64 // the greatest measured
	retryAt float64 // when best is tried again, 0: never
	wait    float64 // until then, seconds

	shownAt float64 // when it was last measured or tried
	idle    float64 // how long it may not have been measured before more is tried, seconds
}

const (
	// surely is the relative variance of a measurement beyond its commits: 3 %.
	surely = 0.03 * 0.03
	// contradicts is how many standard deviations evidence has to differ to replace what was known.
	contradicts = 3
	// more is by how much, relatively, most members have to do more than the capacity for it to be corrected.
	more = 1.03
	// fell is the part of the best capacity below which it counts as fallen.
	fell = 0.8
	// longestRetry is the longest time between two tries, in seconds.
	longestRetry = 7200
	// retryQuiet is how long, in seconds, nobody must have been saturated before a try.
	retryQuiet = 120
	// triedVariance and shownVariance are the relative variances of a capacity that is tried again, and of one that most
	// members were seen to do.
	triedVariance, shownVariance = 0.04, 0.01
	// grown is the factor by which more is tried of a capacity that nobody showed for long: just so little that it does
	// not count as a fall when it fails.
	grown = 1.25
	// commitJitter is the standard deviation of a run's ends, as part of the commit period.
	commitJitter = 0.4
)

func (c *capacity) forget(k *Constants) {
	*c = capacity{variance: 1, baseVariance: 1, wait: k.Retry, idle: k.Grow}
}

// settle makes what was learned the base of what follows.
func (c *capacity) settle() { c.base, c.baseVariance = c.value, c.variance }

// revert takes back what was learned since the assignment stands.
func (c *capacity) revert() {
	c.known = c.baseVariance < 1
	c.value, c.variance = c.base, c.baseVariance
}

// set replaces everything that was known.
func (c *capacity) set(value, variance float64) {
	c.known = true
	c.value, c.base, c.variance, c.baseVariance = value, value, variance, variance
	c.best = max(c.best, value)
}

// measure learns from what members did.
func (p *Pilot) measure(o *Observation) {
	c := &p.capacity
	c.baseVariance = min(1, c.baseVariance+p.c.Doubt*(p.now-c.agedAt)/600)
	c.agedAt = p.now
	sum, seconds := p.runs(p.measurable(o))
	p.show(o)
	if p.work.saturated > 0 || p.work.behind > p.free() {
		p.work.lateAt = p.now
	}
	if seconds > 0 {
		each := max(1, float64(p.work.saturated))
		jitter := commitJitter * max(p.commits.period, p.dt/2) * each / seconds
		per := 1.0
		if p.shared {
			per = max(1, float64(o.Members))
		}
		c.best = max(c.best, p.shown.most)
		c.observe(sum/seconds/per, jitter*jitter/each+surely, p.now)
	}
	c.reconsider(p)
}

// measurable reports that it is known what every member does: nothing is being moved, and the description is as young as
// the offsets.
func (p *Pilot) measurable(o *Observation) bool {
	return o.Members == 0 || o.Stable && (o.DescribedAt.IsZero() || p.now-p.since(o.DescribedAt) < p.dt)
}

// runs prolongs and ends the members' runs. It returns what those that are long enough did, and in how long.
func (p *Pilot) runs(stable bool) (done, seconds float64) {
	least := max(p.c.Run, 2*p.dt, 2*p.commits.period)
	now := tenths(p.now)
	p.work.saturated = 0
	for i := range p.members {
		m := &p.members[i]
		m.add(now, m.did)
		if m.odd && m.on {
			p.capacity.revert()
		}
		if !stable || m.odd || float64(m.waiting) <= p.backlog(m) {
			m.run = run{}
			continue
		}
		p.work.saturated++
		switch {
		case m.on && m.did > 0:
			m.last = now
			m.done += m.did
		case !m.on && m.did > 0 && p.now-p.assignedAt >= p.dt:
			m.run = run{on: true, from: now, last: now}
		}
		if s := m.seconds(); s >= least && !m.partial {
			done += float64(m.done)
			seconds += s
		}
	}
	return done, seconds
}

// backlog is how much a member has to have before it for sure not to have waited for messages since the last wave: what
// it does in the uncertainty of its commits, and in fetching.
func (p *Pilot) backlog(m *member) float64 {
	recent := float64(m.recent)
	if m.on && m.last > m.from {
		recent = float64(m.done) / m.seconds()
	}
	return (p.commits.slack(p.dt) + fetching) * max(recent, 0.3*p.shown.most)
}

// fetching is what a consumer may have fetched and not handled, in seconds of its work.
const fetching = 2

// observe weighs a measurement against what was known.
func (c *capacity) observe(value, variance, now float64) {
	c.shownAt = now
	switch wb, wo := 1/c.baseVariance, 1/variance; {
	case !c.known, c.baseVariance >= 1,
		math.Abs(value-c.base) > contradicts*c.base*math.Sqrt(c.baseVariance+variance):
		if !c.known {
			c.baseVariance = 1
		}
		c.value, c.variance, c.known = value, variance, true
	default:
		c.value, c.variance = (c.base*wb+value*wo)/(wb+wo), 1/(wb+wo)
	}
	if c.value >= fell*c.best {
		c.best, c.retryAt = max(c.best, c.value), 0
	} else if c.retryAt < now {
		c.retryAt = now + c.wait
	}
}

// reconsider corrects what is known where quiet times say otherwise.
func (c *capacity) reconsider(p *Pilot) {
	if !c.known {
		return
	}
	quiet := p.now - p.work.lateAt
	if p.shown.usual > more*c.value && quiet > shiftLength {
		c.set(p.shown.usual, shownVariance)
	}
	if c.retryAt > 0 && p.now >= c.retryAt && quiet >= retryQuiet {
		c.set(c.best, triedVariance)
		c.retryAt, c.wait, c.shownAt = 0, min(2*c.wait, longestRetry), p.now
	}
	if p.now-c.shownAt >= c.idle && quiet >= c.idle && p.objective() >= p.c.Probe {
		c.set(grown*c.value, triedVariance)
		c.shownAt, c.idle = p.now, min(2*c.idle, longestRetry)
	}
}
