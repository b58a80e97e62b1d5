package pilot

// work is what a group has before it in this wave.
type work struct {
	behind    float64 // seconds that it is behind where it is furthest behind
	lag       float64 // messages, as committed
	saturated int     // members with a backlog
	fullest   float64 // share of the fullest member; 0: not every partition is held
	lateAt    float64 // when a member was last saturated, or messages waited for longer than is free
	late      int     // partitions that are behind by more than is free
	stuck     int     // partitions that more members would not move
}

// wait finds out how far behind the group is.
func (p *Pilot) wait() {
	for i := range p.members {
		m := &p.members[i]
		m.waiting, m.share, m.recent = 0, 0, 0
	}
	ref := max(p.rate.long, 1e-9)
	slack := p.commits.slack(p.dt)
	w := &p.work
	w.behind, w.lag, w.fullest, w.late, w.stuck = 0, 0, 0, 0, 0
	moving := p.rate.over(longGap*p.commits.period+p.dt).consumed > 0
	free := p.free()
	at, waiting, held := 0, 0.0, true
	total := p.produced()
	for t := range p.topics {
		tp := &p.topics[t]
		for range tp.n {
			pt := &p.parts[at]
			at++
			b, share := p.waiting(pt), tp.share(pt, total, len(p.topics))
			w.lag += float64(pt.end - pt.pos)
			if moving && p.stuck(pt) {
				w.stuck++
				b = 0
			}
			waiting += b
			if r := share * ref; r > 0 {
				x := b/r - slack
				w.behind = max(w.behind, x)
				if x > free {
					w.late++
				}
			}
			if pt.member == NoMember {
				held = false
				continue
			}
			m := &p.members[pt.member]
			m.waiting += float32(b)
			m.share += float32(share)
			m.recent += pt.consumed
		}
	}
	w.behind = max(w.behind, waiting/ref)
	for i := range p.members {
		m := &p.members[i]
		if m.share > 0 {
			w.behind = max(w.behind, float64(m.waiting/m.share)/ref)
		}
		w.fullest = max(w.fullest, float64(m.share))
	}
	if !held || p.shared {
		w.fullest = 0
	}
}

// stuck reports a partition with a backlog whose member has not moved it for long, while others of the group move.
func (p *Pilot) stuck(pt *partition) bool {
	since := p.now - max(float64(pt.moved)/10, p.assignedAt)
	return pt.end > pt.pos && pt.member != NoMember && !p.shared && since > p.c.Stuck && p.commits.overdue(since, p.dt)
}
