package pilot

import "math"

// decide is the law.
func (p *Pilot) decide(o *Observation) Decision {
	k, why := p.ask(o)
	p.patience.asked = p.whole(k)
	d := Decision{
		Known: true, Members: k, Capacity: math.NaN(), Saturated: p.saturated(o), Reason: why,
		Rate: p.rate.now + p.rate.trend*p.c.Lead, Behind: p.work.behind,
	}
	if p.capacity.known {
		d.Capacity = p.capacity.value
	}
	d.Replicas = p.replicas(o, k)
	return d
}

// saturated is the number of members that work at their capacity, -1 where it is not known.
func (p *Pilot) saturated(o *Observation) int {
	switch {
	case !p.measurable(o), p.shared && o.Assignor != Shared:
		return -1
	case p.shared && p.work.saturated > 0:
		return o.Members
	}
	return p.work.saturated
}

// ask is the number of members that the law wants.
func (p *Pilot) ask(o *Observation) (int, Reason) {
	switch {
	case p.idle():
		p.patience.asked = 0
		return 0, ReasonIdle
	case p.capacity.known:
		return p.settle(p.want(p.capacity.value))
	case o.Members == 0: // those that were asked for may be crash-looping; where nobody was, one shows what it can do
		return max(1, p.patience.asked), ReasonCapacityUnknown
	}
	return p.unmeasured(o.Members), ReasonCapacityUnknown
}

// idle reports that nothing waits and nothing was produced for a whole window.
func (p *Pilot) idle() bool { return p.rate.long <= 1e-9 && p.work.lag == 0 }

// want is the number of members that a capacity calls for.
func (p *Pilot) want(capacity float64) (int, Reason) {
	rate, why := p.demand(p.c.Drain)
	k := p.carries(rate, capacity)
	if !p.enough(k, rate, capacity) {
		why = ReasonCeiling
	}
	if why == ReasonCeiling || why == ReasonBacklog || why == ReasonUrgent {
		if most := p.helps(capacity); k > most {
			return most, ReasonStuck
		}
	}
	return k, why
}

// helps is the greatest number of members that helps: what the producer rate needs, and one useful count more for each
// partition that is late. Where one of many is, the others need no more members for it. In a share group all can help.
func (p *Pilot) helps(capacity float64) int {
	if p.useful.assignor == Shared {
		return maxMembers
	}
	k := p.carries(p.rate.now+max(0, p.rate.trend)*p.c.Lead, capacity)
	for range min(p.work.late, len(p.useful.counts)) {
		k = p.useful.above(k)
	}
	return k
}

// unmeasured is what is asked for while nobody has shown a capacity: as many as there are. Fewer where what a member was
// seen to do says that they suffice, or one step fewer after a quiet while; more only once messages get late, and then
// not fewer until they are in time again.
func (p *Pilot) unmeasured(members int) int {
	k, s := p.present(members), &p.shown
	saturated, late := p.work.saturated > 0, p.work.behind > p.free()
	if s.most > 0 && !saturated {
		rate, _ := p.demand(p.c.Drain)
		k = min(k, p.carries(max(p.rate.now, rate), s.most))
	}
	if saturated && late {
		switch {
		case s.most > 0:
			want, _ := p.want(s.most)
			k = max(members, want)
		case p.now-p.assignedAt >= blindAfter:
			k = p.atMost(2 * members)
		}
	}
	if !saturated && k > 1 {
		k = p.probe(k)
	}
	if late {
		k = max(k, p.patience.asked)
	}
	return k
}

// present is how many members there are, with those that were asked for and may only be away for a moment.
func (p *Pilot) present(members int) int {
	if was := p.patience.asked; was > members && p.now-p.assignedAt < p.c.Quiet {
		return was
	}
	return members
}

// blindAfter is how long, in seconds, a group has to be late before it is doubled although nothing is known of it.
const blindAfter = 30

// probe is one step down from a number of members after a quiet while, if messages would not be late by the time that a
// failure is seen and undone.
func (p *Pilot) probe(members int) int {
	if p.now-p.work.lateAt < p.c.Quiet || p.now-p.assignedAt < p.c.Quiet {
		return members
	}
	down := p.useful.below(members)
	bought := 1 / (1 - min(0.9, 5./6*p.objective()/(p.c.Probe+p.commits.period)))
	if s := p.shown.most; s > 0 && p.rate.now*p.fullestOf(down) <= bought*s || p.rate.now <= 0 {
		return down
	}
	return members
}

// atMost is k, bounded by the ceiling.
func (p *Pilot) atMost(k int) int {
	if p.useful.ceiling > 0 {
		return min(k, p.useful.ceiling)
	}
	return k
}
