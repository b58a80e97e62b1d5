package pilot

import (
	"math"
	"time"
)

// Pilot decides for one group. It is not safe for concurrent use; different pilots are.
type Pilot struct {
	opt   Options
	c     *Constants
	ratio float64 // members a replica brings, 0: never told

	epoch   time.Time // of the first observation
	now, dt float64   // seconds of the law since epoch; since the last complete observation
	waves   int       // complete observations
	last    Decision  // of the last complete observation
	savedAt time.Time // of the state that was restored

	layout
	parts      []partition
	members    []member
	count      int     // of the members, as told
	shared     bool    // members hold no partitions: all of them count as one
	assignedAt float64 // since when the assignment stands
	empty      int     // successive waves without members
	alone      bool    // the group commits without members: consumers assign themselves, and nobody knows how many

	rate     rate
	commits  commits
	work     work
	capacity capacity
	shown    shown
	patience patience
	useful   useful
}

var defaults = DefaultConstants()

// New returns a pilot that has seen nothing yet.
func New(opt Options) *Pilot {
	if opt.Objective <= 0 {
		opt.Objective = DefaultObjective
	}
	if opt.Hold <= 0 {
		opt.Hold = DefaultHold
	}
	if opt.Constants == nil {
		opt.Constants = &defaults
	}
	if opt.Speed <= 0 {
		opt.Speed = 1
	}
	p := &Pilot{opt: opt, c: opt.Constants, last: unknown(ReasonStarting)}
	p.capacity.forget(p.c)
	p.patience.forget()
	return p
}

// unknown is a decision where the truth is not known.
func unknown(why Reason) Decision {
	return Decision{Capacity: math.NaN(), Saturated: -1, Reason: why, Rate: math.NaN(), Behind: math.NaN()}
}

// seconds of the objective.
func (p *Pilot) objective() float64 { return p.opt.Objective.Seconds() }

// minWaves are the complete observations that a rate and a change of it need.
const minWaves = 3

// Observe takes one wave in and decides. Its cost is linear in the partitions, and it allocates nothing while topics and
// members stay as they are.
func (p *Pilot) Observe(o *Observation) Decision {
	d := p.observe(o)
	d.Capacity *= p.opt.Speed
	d.Rate *= p.opt.Speed
	d.Behind /= p.opt.Speed
	return d
}

// seconds of the law since the first observation.
func (p *Pilot) since(at time.Time) float64 { return at.Sub(p.epoch).Seconds() * p.opt.Speed }

func (p *Pilot) observe(o *Observation) Decision {
	now := p.since(o.At)
	switch {
	case p.waves == 0:
		p.epoch, now = o.At, 0
		if o.At.Sub(p.savedAt).Seconds()*p.opt.Speed > askedFor {
			p.patience.asked = 0
		}
	case now <= p.now:
		return p.last
	}
	if why, ok := complete(o); !ok {
		return p.hold(now, why)
	}
	p.dt, p.now = now-p.now, now
	p.waves++
	p.fit(o)
	p.perReplica(o)
	p.assigned(o)
	p.takeIn(o)
	if p.waves < minWaves {
		p.last = unknown(ReasonStarting)
		return p.last
	}
	if p.alone {
		p.last = unknown(ReasonMembers)
		return p.last
	}
	p.rate.estimate(p)
	p.refresh(o)
	p.wait()
	p.measure(o)
	p.last = p.decide(o)
	return p.last
}

// complete reports whether everything of the group is known.
func complete(o *Observation) (Reason, bool) {
	if o.Members < 0 {
		return ReasonMembers, false
	}
	for i := range o.Partitions {
		if q := &o.Partitions[i]; q.End < 0 || q.Committed == Unknown || q.Committed == NoCommit && q.Start < 0 {
			return ReasonOffsets, false
		}
	}
	return 0, len(o.Partitions) > 0
}

// hold lets the last decision stand for a while.
func (p *Pilot) hold(now float64, why Reason) Decision {
	if p.waves == 0 || now-p.now > p.opt.Hold.Seconds() {
		return unknown(why)
	}
	d := p.last
	d.Reason, d.Saturated = why, -1
	return d
}
