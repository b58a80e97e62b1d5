package pilot

import "slices"

// shown is what members were seen to do: a lower bound of their capacity.
type shown struct {
	most  float64 // messages/s, the busiest
	usual float64 // all but a quarter
	at    float64 // when usual was worked out last
	rates []float64
}

const (
	// shownAfter is how long, in seconds, an assignment has to stand: a rebalance commits what others read.
	shownAfter = 90
	// usualEvery is how often, in seconds, the usual is worked out.
	usualEvery = 60
	// doubted is the part of the shown rate below which a measured capacity makes it doubtful, and fading what is left
	// of it from wave to wave then.
	doubted, fading = 0.7, 0.99
	// lessThanUsual is the same for the usual rate.
	lessThanUsual = 0.9
)

// show takes in what members did.
func (p *Pilot) show(o *Observation) {
	s, c := &p.shown, &p.capacity
	saturated := p.work.saturated > 0
	if p.now-p.assignedAt >= shownAfter && !p.commits.jumped(p.now) {
		s.members(p, max(1, o.Members))
	}
	if !c.known && saturated && !p.commits.jumped(p.now) {
		s.together(p)
	}
	if c.known && c.value < doubted*s.most {
		s.most *= fading
	}
	if c.known && saturated && c.value < lessThanUsual*s.usual {
		s.usual = c.value
	}
}

// members looks at what each member did since the assignment stands, of late.
func (s *shown) members(p *Pilot, count int) {
	now := tenths(p.now)
	sure := shiftLength / (shiftLength + p.commits.period) // a window may hold one commit more than its share
	if p.shared {
		sure /= float64(count)
	}
	sort := p.now-s.at >= usualEvery
	s.rates = s.rates[:0]
	for i := range p.members {
		r, ok := p.members[i].rate(now)
		if !ok {
			continue
		}
		s.most = max(s.most, r*sure)
		if sort {
			s.rates = append(s.rates, r*sure)
		}
	}
	if len(s.rates) > 0 {
		s.at = p.now
		slices.Sort(s.rates)
		s.usual = max(s.usual, s.rates[len(s.rates)/4])
	}
}

// together is for the time in which members come and go before anything was measured: what all did, over the seconds
// that all were there.
func (s *shown) together(p *Pilot) {
	span := max(shiftLength, 2*p.commits.period)
	sum := p.rate.over(span)
	if float64(sum.seconds) < span-near || sum.members <= 0 {
		return
	}
	s.most = max(s.most, float64(sum.consumed/sum.members)*span/(span+p.commits.period))
}
