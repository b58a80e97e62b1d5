package pilot

// member is what is remembered of one member while the assignment stands.
type member struct {
	run
	shift
	waiting float32 // messages not read yet, in this wave
	share   float32 // of production
	recent  float32 // messages/s, by its partitions' commits
	did     float32 // messages committed in this wave
	partial bool    // not all of its partitions that wait have moved in the run
	odd     bool    // it commits, and one of its partitions halts: what it does is not what it can do
}

// run is a time in which a member had a backlog in every wave.
type run struct {
	on         bool
	from, last int32   // from one commit to another, tenths of a second
	done       float32 // committed in between
}

// seconds of the run.
func (r *run) seconds() float64 { return float64(r.last-r.from) / 10 }

// shift is what a member did over the last one to two minutes.
type shift struct {
	since         int32   // tenths of a second
	count         float32 // messages committed since
	before        float32 // the same of the whole minute before
	beforeSeconds float32
}

// shiftLength is how long, in seconds, one half of a shift is.
const shiftLength = 60

// add takes in what was committed by now.
func (s *shift) add(now int32, count float32) {
	s.count += count
	if age := float64(now-s.since) / 10; age >= shiftLength {
		s.before, s.beforeSeconds = s.count, float32(age)
		s.since, s.count = now, 0
	}
}

// rate in messages/s; false while it is too short to tell.
func (s *shift) rate(now int32) (float64, bool) {
	t := float64(s.beforeSeconds) + float64(now-s.since)/10
	return float64(s.before+s.count) / max(t, 1), t >= shiftLength
}

// assigned notes whether the assignment is another one than in the last wave: then what a member did says nothing.
func (p *Pilot) assigned(o *Observation) {
	p.shared = shared(o)
	n := o.Members
	if p.shared {
		n = min(n, 1) // all do one member's work together
	}
	changed := !o.Stable || len(p.members) != n || p.count != o.Members
	for i := 0; !changed && i < len(p.parts); i++ {
		changed = p.parts[i].member != p.owner(&o.Partitions[i])
	}
	p.count = o.Members
	if !changed {
		return
	}
	p.assignedAt = p.now
	if cap(p.members) < n {
		p.members = make([]member, n)
	}
	p.members = p.members[:n]
	clear(p.members)
	for i := range p.members {
		p.members[i].since = tenths(p.now)
	}
	p.capacity.settle()
}

// owner is the index of the member that holds a partition, NoMember where nobody does.
func (p *Pilot) owner(q *Partition) int32 {
	switch {
	case p.shared && len(p.members) > 0:
		return 0
	case q.Member < 0 || int(q.Member) >= len(p.members):
		return NoMember
	}
	return q.Member
}

// shared reports that nobody holds a partition for itself, or that it is not told who does. A share group that has members
// for all partitions shares them.
func shared(o *Observation) bool {
	held := 0
	for i := range o.Partitions {
		if o.Partitions[i].Member >= 0 {
			held++
		}
	}
	if o.Assignor == Shared {
		return held == 0 || held < len(o.Partitions)
	}
	return held == 0 && o.Stable
}
