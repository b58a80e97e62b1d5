package pilot

// partition is what is remembered of one partition.
type partition struct {
	end, pos int64
	member   int32
	moved    int32   // when pos last moved, in tenths of a second
	consumed float32 // messages/s, from commit to commit
	produced float32 // messages, fading
	flags
}

// flags of a partition.
type flags uint8

const (
	seen   flags = 1 << iota // end and pos are of an earlier wave
	begun                    // the group has committed
	steady                   // something was produced in every wave since pos last moved
	stuck                    // it has a backlog and does not move, while others do
)

func (f flags) has(x flags) bool { return f&x != 0 }

// tenths of a second, which fit 6 years into 32 bits.
func tenths(seconds float64) int32 { return int32(seconds*10 + 0.5) }

// consumedMemory is the time, in seconds, over which the rate of a partition's commits is averaged: enough for the
// jitter of commits against waves, and short enough to follow a consumer that speeds up.
const consumedMemory = 30

// position up to which the group has consumed: where it never committed, what is retained waits.
func (q *Partition) position() int64 {
	if q.Committed < 0 {
		return min(q.Start, q.End)
	}
	return min(max(q.Committed, min(q.Start, q.End)), q.End)
}

// takeIn notes what every partition's ends and commits did since the last wave.
func (p *Pilot) takeIn(o *Observation) {
	fade := float32(p.c.Shares / (p.c.Shares + p.dt))
	at, now := 0, tenths(p.now)
	produced, consumed := 0.0, 0.0
	for i := range p.members {
		p.members[i].did = 0
	}
	for t := range p.topics {
		sum := float32(0)
		for range p.topics[t].n {
			q, pt := &o.Partitions[at], &p.parts[at]
			at++
			pos, made := q.position(), int64(0)
			pt.member = p.owner(q)
			if !pt.has(seen) {
				pt.moved, pt.flags = now, seen
			} else {
				made = max(0, q.End-pt.end)
				if made == 0 {
					pt.flags &^= steady
				}
				if done := pos - pt.pos; done != 0 {
					if pt.has(begun) && done > 0 {
						p.commit(pt, float64(done), float64(now-pt.moved)/10)
						consumed += float64(done)
					} else {
						pt.consumed = 0
						p.commits.jumpAt = p.now
					}
					pt.moved = now
					pt.flags = pt.flags&^stuck | steady
				}
			}
			if q.Committed >= 0 {
				pt.flags |= begun
			}
			pt.end, pt.pos = q.End, pos
			pt.produced = pt.produced*fade + float32(made)
			sum += pt.produced
			produced += float64(made)
		}
		p.topics[t].produced = sum
	}
	if p.waves > 1 {
		p.rate.push(slot{float32(p.dt), float32(produced), float32(consumed), float32(float64(o.Members) * p.dt)}, p.span())
	}
}

// commit takes in that a commit moved a partition by done messages, gap seconds after the one before.
func (p *Pilot) commit(pt *partition, done, gap float64) {
	pt.consumed += float32((done/gap - float64(pt.consumed)) * gap / (gap + consumedMemory))
	p.commits.moved(p, gap, pt.has(steady))
	if pt.member != NoMember {
		p.members[pt.member].did += float32(done)
	}
}

// waiting are the messages of a partition that are not read yet: its lag without what is read and not committed, as far
// as the commit period and the rate of its commits tell.
func (p *Pilot) waiting(pt *partition) float64 {
	lag := float64(pt.end - pt.pos)
	since := p.now - float64(pt.moved)/10
	if p.commits.overdue(since, p.dt) {
		return lag
	}
	return max(0, lag-float64(pt.consumed)*min(since, 1.2*p.commits.period)-float64(pt.consumed)*p.dt/2)
}
