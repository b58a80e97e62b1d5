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
		m.waiting, m.share, m.recent, m.partial = 0, 0, 0, false
		m.odd = m.odd && m.did == 0 // it committed: now it shows
	}
	ref := max(p.rate.long, 1e-9)
	slack := p.commits.slack(p.dt)
	w := &p.work
	w.behind, w.lag, w.fullest, w.late, w.stuck = 0, 0, 0, 0, 0
	free := p.free()
	at, waiting, held := 0, 0.0, true
	total := p.produced()
	for t := range p.topics {
		tp := &p.topics[t]
		spread := p.spread(tp, total)
		for range tp.n {
			pt := &p.parts[at]
			at++
			share, b, overdue := spread.share(pt), 0.0, 0.0
			if pt.end > pt.pos {
				b, overdue = p.waiting(pt), p.halts(pt)
				w.lag += float64(pt.end - pt.pos)
			}
			if overdue > 0 {
				m := &p.members[pt.member]
				m.odd = m.odd || m.did > 0
				if m.odd && overdue > p.c.Stuck {
					pt.flags |= stuck
				}
			}
			if pt.has(stuck) {
				w.stuck++
				b = 0
			}
			waiting += b
			if r := share * ref; r > 0 && b > slack*r {
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
			m.partial = m.partial || pt.end > pt.pos && pt.moved <= m.from && !p.shared
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

// halts is for how many seconds a partition with a backlog has not moved, once its member would have committed it if it
// read it. 0: it moves, or nothing waits.
func (p *Pilot) halts(pt *partition) float64 {
	since := p.now - max(float64(pt.moved)/10, p.assignedAt)
	if pt.member == NoMember || p.shared || !p.commits.overdue(since, p.dt) {
		return 0
	}
	return since
}
