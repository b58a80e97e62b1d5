package pilot

// work is what a group has before it in this wave.
type work struct {
	behind    float64 // seconds that it is behind where it is furthest behind
	lag       float64 // messages, as committed
	saturated int     // members with a backlog
	fullest   float64 // share of the fullest member; 0: not every partition is held
	lateAt    float64 // when a member was last saturated, or messages waited for longer than is free
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
	w.behind, w.lag, w.fullest = 0, 0, 0
	at, waiting, held := 0, 0.0, true
	total := p.produced()
	for t := range p.topics {
		tp := &p.topics[t]
		for range tp.n {
			pt := &p.parts[at]
			at++
			b, share := p.waiting(pt), tp.share(pt, total, len(p.topics))
			waiting += b
			w.lag += float64(pt.end - pt.pos)
			if r := share * ref; r > 0 {
				w.behind = max(w.behind, b/r-slack)
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
