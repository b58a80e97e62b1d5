package pilot

// free is the age, in seconds, that asks for nothing. What commits do not let see cannot ask either.
func (p *Pilot) free() float64 { return max(p.c.Free*p.objective(), 0.5*p.commits.period) }

// urgent is the age, in seconds, from which on a backlog is urgent.
func (p *Pilot) urgent() float64 {
	return max(p.c.Urgent*p.objective(), p.free()+0.5*p.commits.period)
}

// blind is how much too rare commits are to see by, 0 to 1: it grows once they are rarer than half the objective.
func (p *Pilot) blind() float64 {
	return min(1, max(0, p.commits.period/(0.5*p.objective())-1))
}

// demand is the rate in messages/s that members have to carry: the producer rate, and what of the backlog is to be
// worked off, in drain seconds where it is not urgent.
func (p *Pilot) demand(drain float64) (rate float64, why Reason) {
	c := p.c
	rate = p.rate.now + p.rate.trend*c.Lead
	ref := max(rate, p.rate.long)
	slow := (p.work.behind - p.free()) * ref / drain
	if slow < 0 { // less than the rate does, as long as the objective has room; not where commits hide how much
		slow = min(0, p.work.behind-c.Free*p.objective()) * ref / drain * (1 - p.blind())
	}
	slow = max(slow, -c.Under*rate)
	fast := (p.work.behind - p.urgent()) * ref / c.DrainUrgent
	switch {
	case fast > slow:
		why = ReasonUrgent
	case slow > 0:
		why = ReasonBacklog
	}
	return max(0, rate/(1-c.Blind*p.blind())+max(slow, fast)), why
}
