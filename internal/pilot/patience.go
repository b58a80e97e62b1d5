package pilot

import "math"

// patience keeps the ask from following every fall, and remembers counts that did not suffice.
type patience struct {
	asked int // members, in the wave before; 0: none

	loweredAt   float64 // when fewer were asked for last
	loweredRate float64 // the producer rate then

	failed     int     // so many did not suffice
	failedRate float64 // at this rate
	failedAt   float64
	wait       float64 // seconds, until it is tried again
}

const (
	// regret is how long, in seconds, after fewer were asked for a new rise tells that they did not suffice.
	regret = 900
	// sameRate and muchLess are how far, relatively, the rate may rise for that to be said of the count, and has to fall
	// for it to be forgotten.
	sameRate, muchLess = 1.1, 0.93
	// longestWait is the longest time, in seconds, for which a count is not tried again.
	longestWait = 7200
)

func (t *patience) forget() { *t = patience{loweredAt: math.Inf(-1), failedAt: math.Inf(-1)} }

// settle turns what the law wants into what is asked for.
func (p *Pilot) settle(k int, why Reason) (int, Reason) {
	t, was := &p.patience, p.patience.asked
	if !p.capacity.known || was == 0 {
		return k, why
	}
	if k < was {
		rate, _ := p.demand(p.c.DrainDown)
		down := p.carries(rate, p.capacity.value)
		if p.now-p.rate.restless < p.c.Settle || down >= was {
			return was, ReasonHeld
		}
		if down > k {
			k, why = down, ReasonHeld
		}
	}
	switch {
	case k > was && p.sufficedNot():
		if t.failed == was && p.now-t.failedAt < 2*t.wait {
			t.wait = min(2*t.wait, longestWait)
		} else {
			t.wait = p.c.Failed
		}
		t.failed, t.failedRate, t.failedAt = was, p.rate.now, p.now
		t.loweredAt = math.Inf(-1)
	case k < was:
		if k <= t.failed && p.now-t.failedAt < t.wait && p.rate.now > muchLess*t.failedRate {
			k, why = min(was, p.useful.above(t.failed)), ReasonFailed
		}
		if k < was {
			t.loweredAt, t.loweredRate = p.now, p.rate.now
		}
	}
	return k, why
}

// sufficedNot reports that the count asked for, the group's now, was lowered a while ago and cannot hold the backlog at
// the same rate.
func (p *Pilot) sufficedNot() bool {
	t := &p.patience
	return p.now-t.loweredAt < regret && p.count == t.asked && p.assignedAt > t.loweredAt &&
		p.rate.now < sameRate*t.loweredRate && p.work.behind > 0.5*p.free()
}
