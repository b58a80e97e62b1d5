package plant

import (
	"math"
	"time"

	"kafka_burndown_exporter/internal/scale"
	"kafka_burndown_exporter/lab/scenario"
)

// partition is one partition of a group.
type partition struct {
	log       *topicLog
	end       *float64 // of the log
	number    int
	topic     int // position among the group's topics
	pos       float64
	committed float64
	owner     *member
	// paused is the step from which the partition is consumed again.
	paused int
	// produced is the step in which the oldest unconsumed message was produced.
	produced int
	shared
}

func (p *partition) lag() float64 { return max(0, *p.end-p.pos) }

// member is a member of the group. A crashed one stays until its session times out.
type member struct {
	pod     *pod
	parts   []*partition
	dead    bool
	leaves  int     // step at which a dead member is removed
	commits int     // step of the next commit
	busy    float64 // part of the capacity used in this step
	used    float64 // the same, added up over the metrics window

	// Of a share group:
	starts    int     // step from which on it takes records
	batch     batch   // what it has taken
	own, left float64 // what it can do in this step, and what is left of that
}

// Group is a consumer group with the Deployment behind it.
type Group struct {
	Service *scenario.Service

	parts  []*partition
	units  [][]*partition // what is assigned as one: a partition, or those of a task
	logs   []*topicLog
	sorted []string // its topics
	out    []output
	clock  clock

	members []*member
	pods    []*pod
	spec    int // replicas asked for
	// settled is the step from which the group is Stable.
	settled int

	factor   float64 // of the capacity, in a brown-out
	stopped  bool
	noCommit bool

	// speed is that of the i-th pod, as a factor of the capacity; nil: all are alike.
	speed func(i int) float64
	born  int

	lost     float64
	repeated float64 // records of a share group that were handed out again
	consumed float64 // in this step
	work     []*partition
}

type output struct {
	from  *topicLog // nil: all
	to    int       // index of the topic
	ratio float64
}

// clock turns durations into steps.
type clock struct{ step time.Duration }

func (c clock) steps(d time.Duration) int { return int((d + c.step - 1) / c.step) }

// seconds is the length of a step.
func (c clock) seconds() float64 { return float64(c.step) / float64(time.Second) }

// Lag is how many messages wait.
func (g *Group) Lag() float64 {
	if g.Service.IsShare() {
		return g.sharedLag()
	}
	sum := 0.0
	for _, p := range g.parts {
		sum += p.lag()
	}
	return sum
}

// stable reports whether no rebalance is under way.
func (g *Group) stable(step int) bool { return step >= g.settled }

// rebalance distributes the partitions anew over the members. Those that take part rest until it is over; in a share group
// nobody rests.
func (g *Group) rebalance(step int) {
	if g.Service.IsShare() {
		g.deal()
		return
	}
	slots := make([]slot, len(g.units))
	index := make(map[*member]int, len(g.members))
	for i, m := range g.members {
		index[m] = i
		m.parts = m.parts[:0]
	}
	for i, u := range g.units {
		slots[i] = slot{topic: u[0].topic, owner: unowned}
		if at, ok := index[u[0].owner]; ok && u[0].owner != nil {
			slots[i].owner = at
		}
	}
	eager, assignor := g.Service.Rebalance.Style != "cooperative", g.Service.Assignor
	if g.Service.IsStreams() {
		eager, assignor = false, streamsAssignor
	}
	until := step + g.clock.steps(g.Service.Rebalance.Pause)
	g.settled = until
	for i, to := range assign(assignor, slots, len(g.members)) {
		var owner *member
		if to != unowned {
			owner = g.members[to]
			owner.parts = append(owner.parts, g.units[i]...)
		}
		for _, p := range g.units[i] {
			if eager || owner != p.owner {
				g.commitPartition(p)
				if p.owner != nil || len(g.members) > 0 {
					p.paused = until
				}
			}
			p.owner = owner
		}
	}
}

// streamsAssignor is that of streams groups, as their coordinator names it.
const streamsAssignor = "sticky"

// commitPartition commits the position, unless the owner is dead: then consumption goes back to the last commit.
func (g *Group) commitPartition(p *partition) {
	if p.owner != nil && p.owner.dead || g.noCommit {
		p.pos = p.committed
		return
	}
	p.committed = p.pos
}

// consume lets every member work for one step and returns what was consumed.
func (g *Group) consume(step int, topics []*topicLog) {
	g.consumed = 0
	budget := g.Service.Capacity.PerPod / float64(g.Service.MembersPerPod()) * g.clock.seconds() * g.factor
	if g.stopped {
		budget = 0
	}
	if g.Service.IsShare() {
		g.consumeShared(step, budget, topics)
		return
	}
	for _, m := range g.members {
		m.busy = 0
		if m.dead || budget <= 0 {
			continue
		}
		own := budget
		if m.pod != nil {
			own *= m.pod.speed
		}
		done := g.serve(m, step, own, topics)
		g.consumed += done
		m.busy = done / own
	}
	if !g.noCommit {
		g.commit(step)
	}
}

// serve shares a member's budget among its partitions: each gets the same, what one does not need goes to the others.
func (g *Group) serve(m *member, step int, budget float64, topics []*topicLog) float64 {
	open, total := g.work[:0], 0.0
	for _, p := range m.parts {
		if avail := *p.end - p.pos; avail > 0 && step >= p.paused {
			open = append(open, p)
			total += avail
		}
	}
	g.work = open
	if total <= budget {
		for _, p := range open {
			g.advance(p, *p.end-p.pos, topics)
		}
		return total
	}
	left := budget
	for len(open) > 0 {
		share, rest := left/float64(len(open)), open[:0]
		for _, p := range open {
			if avail := *p.end - p.pos; avail <= share {
				g.advance(p, avail, topics)
				left -= avail
				continue
			}
			rest = append(rest, p)
		}
		if len(rest) == len(open) {
			for _, p := range open {
				g.advance(p, share, topics)
			}
			break
		}
		open = rest
	}
	return budget
}

func (g *Group) advance(p *partition, n float64, topics []*topicLog) {
	p.pos += n
	if p.pos > *p.end {
		p.pos = *p.end
	}
	g.emit(p, n, topics)
}

// emit produces what follows from n messages of a partition.
func (g *Group) emit(p *partition, n float64, topics []*topicLog) {
	for i := range g.out {
		if o := &g.out[i]; o.from == nil || o.from == p.log {
			topics[o.to].produce(n * o.ratio)
		}
	}
}

func (g *Group) commit(step int) {
	interval := g.clock.steps(g.Service.CommitInterval)
	for _, m := range g.members {
		if m.dead || step < m.commits {
			continue
		}
		m.commits = step + interval
		for _, p := range m.parts {
			p.committed = p.pos
		}
	}
}

// deletes reports whether one of the group's logs has lost messages.
func (g *Group) deletes() bool {
	for _, l := range g.logs {
		if l.trimmed {
			return true
		}
	}
	return false
}

// reset handles positions that retention has passed: auto.offset.reset decides where to go on.
func (g *Group) reset() {
	if !g.deletes() {
		return
	}
	if g.Service.IsShare() {
		g.trim()
		return
	}
	for _, p := range g.parts {
		start := p.log.start[p.number]
		if p.pos >= start {
			continue
		}
		to := start
		if g.Service.OffsetReset == "latest" {
			to = *p.end
		}
		g.lost += to - p.pos
		p.pos = to
	}
}

// Age is how long the oldest unconsumed message has waited, in steps.
func (g *Group) Age(step int) float64 {
	worst := 0
	for _, p := range g.parts {
		if *p.end-p.pos < 1 {
			p.produced = step
			continue
		}
		// The message at the position counts once it is whole.
		p.produced = p.log.past.reached(p.produced, p.number, p.pos+0.5)
		worst = max(worst, step-p.produced)
	}
	return float64(worst)
}

// Idle counts pods whose members have no partition.
func (g *Group) Idle() int {
	n := 0
	for _, p := range g.pods {
		parts := 0
		for _, m := range p.members {
			parts += len(m.parts)
		}
		if len(p.members) > 0 && parts == 0 {
			n++
		}
	}
	return n
}

func floor64(v float64) int64 { return int64(math.Floor(v + 1e-6)) }

// Replicas is how many are asked for.
func (g *Group) Replicas() int { return g.spec }

// Pods is how many there are, ready or not.
func (g *Group) Pods() int { return len(g.pods) }

// Members is how many the group has, dead ones whose session has not timed out included.
func (g *Group) Members() int { return len(g.members) }

// Consumed is how many messages were consumed in the last step.
func (g *Group) Consumed() float64 { return g.consumed }

// Lost is how many messages retention has deleted before they were consumed.
func (g *Group) Lost() float64 { return g.lost }

// Produced is how many messages the group's topics have received since the warm-up began.
func (g *Group) Produced() float64 {
	sum := 0.0
	for _, l := range g.logs {
		for _, e := range l.end {
			sum += e
		}
	}
	return sum
}

// Offsets appends to buf what Kafka says of the group's partitions at this moment. A share group commits nothing.
func (g *Group) Offsets(buf []scale.PartitionOffsets) []scale.PartitionOffsets {
	for _, p := range g.parts {
		committed := floor64(p.committed)
		if g.Service.IsShare() {
			committed = scale.NoOffset
		}
		buf = append(buf, scale.PartitionOffsets{
			Topic: p.log.topic.Name, Partition: int32(p.number),
			Committed: committed, End: floor64(p.log.end[p.number]), Start: floor64(p.log.start[p.number]),
		})
	}
	return buf
}
