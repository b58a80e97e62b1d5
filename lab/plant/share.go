package plant

import "math"

// A share group's members take records, not partitions: a partition serves several members, a record that was taken is
// locked for the others until it is acknowledged, handed back, or the lock times out, and the broker tells how many
// records are not acknowledged. Records are done out of order, so that what is not done is kept as ranges of offsets.

// span is a range of offsets of a partition.
type span struct{ from, to float64 }

func (s span) size() float64 { return s.to - s.from }

// lock is a range that is handled, whose acknowledgement failed, and that nobody may take before a step.
type lock struct {
	span
	until int
}

// shared is what a partition of a share group has beside its log.
type shared struct {
	next   float64 // the first offset that was never taken
	back   []span  // taken once, and to be taken again
	locked []lock
	out    float64 // records that are taken or locked
	takers float64 // members that could take records in this round
	offer  float64 // records that each of them can take
}

// available is how many records can be taken.
func (p *partition) available() float64 {
	n := *p.end - p.next
	for _, s := range p.back {
		n += s.size()
	}
	return max(0, n)
}

// giveBack lets a range be taken again.
func (p *partition) giveBack(s span) {
	p.out -= s.size()
	p.back = append(p.back, s)
}

// lock keeps a range from being taken until a step.
func (p *partition) lock(s span, until int) { p.locked = append(p.locked, lock{s, until}) }

// unlock gives back what has been locked for too long.
func (p *partition) unlock(step int) {
	kept := p.locked[:0]
	for _, l := range p.locked {
		if l.until > step {
			kept = append(kept, l)
			continue
		}
		p.giveBack(l.span)
	}
	p.locked = kept
}

// piece is a range that a member has taken; done of it is handled.
type piece struct {
	span
	p    *partition
	done float64
}

func (t *piece) left() float64 { return t.size() - t.done }

// batch is what a member has taken and not acknowledged.
type batch struct {
	pieces []piece
	until  int // step in which its lock times out
	// late says that it has: the member goes on with it, and its acknowledgement will be refused.
	late bool
}

func (b *batch) open() bool { return len(b.pieces) > 0 }

func (b *batch) close() { b.pieces, b.late = b.pieces[:0], false }

// deal gives every partition to so many members that all have one, and every member to the same number of partitions, as
// Kafka's assignor for share groups does.
func (g *Group) deal() {
	k, n := len(g.members), len(g.parts)
	if k == 0 {
		return
	}
	each := float64((k+n-1)/n*n) / float64(k)
	for i, m := range g.members {
		m.parts = m.parts[:0]
		for j := ceil(each * float64(i)); j < ceil(each*float64(i+1)); j++ {
			p := g.parts[j%n]
			m.parts = append(m.parts, p)
			if p.owner = m; k > n { // one of several
				p.owner = nil
			}
		}
	}
}

func ceil(v float64) int { return int(math.Ceil(v - 1e-9)) }

// consumeShared lets the members of a share group work for one step.
func (g *Group) consumeShared(step int, budget float64, topics []*topicLog) {
	for _, p := range g.parts {
		p.unlock(step)
	}
	for _, m := range g.members {
		m.busy, m.own, m.left = 0, 0, 0
		if m.dead || step < m.starts {
			continue
		}
		if m.left = budget; m.pod != nil {
			m.left *= m.pod.speed
		}
		m.own = m.left
		if m.batch.open() && !m.batch.late && step >= m.batch.until {
			g.expire(m)
		}
	}
	for {
		g.take(step)
		worked := false
		for _, m := range g.members {
			if m.left > tiny && m.batch.open() {
				g.handle(m, step, topics)
				worked = true
			}
		}
		if !worked {
			break
		}
	}
	for _, m := range g.members {
		if m.own > 0 {
			m.busy = 1 - m.left/m.own
		}
	}
	g.settle()
}

// tiny is less than any record.
const tiny = 1e-6

// take lets every member that has nothing take records. What comes in while they wait is even among them, up to what one
// takes at a time.
func (g *Group) take(step int) {
	for _, p := range g.parts {
		p.takers = 0
	}
	waits := func(m *member) bool { return m.left > tiny && !m.batch.open() }
	for _, m := range g.members {
		if waits(m) {
			for _, p := range m.parts {
				p.takers++
			}
		}
	}
	for _, p := range g.parts {
		p.offer = p.available() / max(1, p.takers)
	}
	most := float64(max(1, g.Service.Fetch))
	for _, m := range g.members {
		if !waits(m) {
			continue
		}
		offered := 0.0
		for _, p := range m.parts {
			offered += p.offer
		}
		if offered < tiny {
			continue
		}
		part := min(1, most/offered)
		for _, p := range m.parts {
			m.batch.take(p, p.offer*part)
		}
		m.batch.until = step + g.clock.steps(g.Service.LockTimeout)
	}
}

// take takes records of a partition, those that were handed back first.
func (b *batch) take(p *partition, n float64) {
	p.out += n
	for n > tiny && len(p.back) > 0 {
		s := p.back[0]
		if s.size() > n {
			s.to = s.from + n
			p.back[0].from = s.to
		} else {
			p.back = p.back[1:]
		}
		b.pieces = append(b.pieces, piece{span: s, p: p})
		n -= s.size()
	}
	if n > 0 {
		b.pieces = append(b.pieces, piece{span: span{p.next, p.next + n}, p: p})
		p.next += n
	}
}

// handle works on a member's batch, and acknowledges it where all of it is done.
func (g *Group) handle(m *member, step int, topics []*topicLog) {
	for i := range m.batch.pieces {
		t := &m.batch.pieces[i]
		n := min(m.left, t.left())
		t.done += n
		m.left -= n
		g.emit(t.p, n, topics)
		if !m.batch.late {
			g.consumed += n
		}
		if t.left() > tiny {
			return
		}
	}
	for _, t := range m.batch.pieces {
		switch {
		case m.batch.late:
		case g.noCommit:
			t.p.lock(t.span, max(m.batch.until, step+1))
		default:
			t.p.out -= t.size()
		}
	}
	m.batch.close()
}

// expire hands back what a member has held for too long. It goes on and does not know.
func (g *Group) expire(m *member) {
	m.batch.late = true
	for _, t := range m.batch.pieces {
		t.p.giveBack(t.span)
		g.repeated += t.size()
	}
}

// release hands back what a member that leaves has not handled; it acknowledges the rest. Of a crashed one the broker hands
// everything back when its connection ends.
func (g *Group) release(m *member) {
	if m.batch.late {
		m.batch.close()
	}
	for _, t := range m.batch.pieces {
		if m.dead {
			t.p.giveBack(t.span)
			g.repeated += t.size()
			continue
		}
		t.p.out -= t.done
		t.p.giveBack(span{t.from + t.done, t.to})
	}
	m.batch.close()
}

// settle tells each partition's oldest record that is not handled, and as its commit how many are acknowledged, which is
// the log end less what the broker calls lag.
func (g *Group) settle() {
	for _, p := range g.parts {
		p.pos = p.next
		for _, s := range p.back {
			p.pos = min(p.pos, s.from)
		}
		for _, l := range p.locked {
			p.pos = min(p.pos, l.from)
		}
		p.committed = *p.end - p.available() - p.out
	}
	for _, m := range g.members {
		for i := range m.batch.pieces {
			if t := &m.batch.pieces[i]; !m.batch.late && t.left() > tiny {
				t.p.pos = min(t.p.pos, t.from+t.done)
			}
		}
	}
}

// sharedLag is how many messages of a share group are not handled.
func (g *Group) sharedLag() float64 {
	sum := 0.0
	for _, p := range g.parts {
		sum += p.available() + p.out
	}
	for _, m := range g.members {
		for i := range m.batch.pieces {
			if !m.batch.late {
				sum -= m.batch.pieces[i].done
			}
		}
	}
	return max(0, sum)
}

// trim takes away what retention has deleted and nobody has taken.
func (g *Group) trim() {
	for _, p := range g.parts {
		start := p.log.start[p.number]
		if p.next < start {
			g.lost += start - p.next
			p.next = start
		}
		kept := p.back[:0]
		for _, s := range p.back {
			cut := span{max(s.from, start), s.to}
			if cut.size() <= 0 {
				g.lost += s.size()
				continue
			}
			g.lost += s.size() - cut.size()
			kept = append(kept, cut)
		}
		p.back = kept
	}
	g.settle()
}
