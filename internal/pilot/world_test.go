package pilot

import (
	"math"
	"slices"
	"testing"
	"time"
)

var t0 = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// world is a consumer group with its topics, second by second, and a pilot that observes it.
type world struct {
	*testing.T
	pilot *Pilot
	now   int // seconds
	wave  int // seconds between waves

	topics   []Topic
	rates    []float64 // messages/s into each partition
	end      []float64
	read     []float64
	done     []float64 // committed
	known    func(i int) bool
	frozen   map[int]bool // partitions that their member cannot get past
	assignor Assignor
	ceiling  int
	hidden   bool // assignments are not told
	holds    func(i int) int

	members    int
	perReplica int                 // members a pod brings; 1
	starting   []int               // when pods that were asked for join
	delay      int                 // seconds from the ask to the join
	capacity   func(m int) float64 // messages/s of a member
	commit     int                 // seconds between commits
	rested     int                 // until when nobody consumes
	follow     bool                // replicas follow the decision
	asked      int                 // replicas in the spec

	decided Decision
	asks    []Decision
	late    int // seconds in which some partition was behind by more than the objective
}

// newWorld has one topic of n partitions with a rate in all, and members of a capacity each.
func newWorld(t *testing.T, n int, rate float64, members int, capacity float64) *world {
	w := &world{
		T: t, wave: 10, members: members, asked: members, perReplica: 1, delay: 20, commit: 5,
		capacity: func(int) float64 { return capacity }, known: func(int) bool { return true }, frozen: map[int]bool{},
	}
	w.topic("t", n, rate)
	w.pilot = New(Options{})
	return w
}

// topic adds a topic.
func (w *world) topic(name string, n int, rate float64) {
	w.topics = append(w.topics, Topic{Name: name, Partitions: n})
	for range n {
		w.rates = append(w.rates, rate/float64(n))
		w.end, w.read, w.done = append(w.end, 1000), append(w.read, 1000), append(w.done, 1000)
	}
}

// produce sets the rate in messages/s of everything, shares as before.
func (w *world) produce(rate float64) {
	sum := 0.0
	for _, r := range w.rates {
		sum += r
	}
	for i := range w.rates {
		w.rates[i] *= rate / sum
	}
}

// holder is the member that holds a partition.
func (w *world) holder(i int) int {
	if w.members == 0 {
		return -1
	}
	if w.holds != nil {
		return w.holds(i)
	}
	if w.assignor == Range {
		at := i
		for _, t := range w.topics {
			if at < t.Partitions {
				return rangeOf(at, t.Partitions, w.members)
			}
			at -= t.Partitions
		}
	}
	return i % w.members
}

// second lets the world live for one.
func (w *world) second() {
	for len(w.starting) > 0 && w.starting[0] <= w.now {
		w.starting = w.starting[1:]
		w.change(w.members + w.perReplica)
	}
	left := make([]float64, max(2, w.members))
	for m := range left {
		left[m] = w.capacity(m)
	}
	for i := range w.end {
		w.end[i] += w.rates[i]
	}
	for range 3 { // a member shares its time among its partitions
		open := make([]int, len(left))
		for i := range w.end {
			if m := w.reader(i); m >= 0 && w.end[i] > w.read[i] {
				open[m]++
			}
		}
		share := slices.Clone(left)
		for m := range share {
			share[m] /= float64(max(1, open[m]))
		}
		for i := range w.end {
			if m := w.reader(i); m >= 0 && w.end[i] > w.read[i] && w.now >= w.rested {
				n := min(share[m], w.end[i]-w.read[i], left[m])
				w.read[i] += n
				left[m] -= n
			}
		}
	}
	if w.now%w.commit == 0 {
		copy(w.done, w.read)
	}
	w.now++
}

// reader is who reads a partition, -1 where nobody can.
func (w *world) reader(i int) int {
	if w.frozen[i] || w.members == 0 {
		return -1
	}
	return w.holder(i)
}

// change makes it another number of members: what was read is committed, and everybody rests for a moment.
func (w *world) change(n int) {
	if n == w.members {
		return
	}
	w.members, w.rested = n, w.now+3
	copy(w.done, w.read)
}

// run lets the world live for some seconds and the pilot observe it.
func (w *world) run(seconds int) {
	for range seconds {
		w.second()
		if w.now%w.wave == 0 {
			w.observe()
		}
		if w.behind() > w.pilot.objective() {
			w.late++
		}
	}
}

// behind is the age in seconds of the oldest message that was not read.
func (w *world) behind() float64 {
	worst := 0.0
	for i := range w.end {
		if w.rates[i] > 0 && !w.frozen[i] {
			worst = max(worst, (w.end[i]-w.read[i])/w.rates[i])
		}
	}
	return worst
}

// seen is what a wave reads now.
func (w *world) seen() *Observation {
	o := &Observation{
		At: t0.Add(time.Duration(w.now) * time.Second), Topics: w.topics, Members: w.members, Ceiling: w.ceiling,
		Stable: w.now >= w.rested && w.members > 0, Assignor: w.assignor,
	}
	if w.perReplica > 1 {
		o.Replicas = w.members / w.perReplica
	}
	for i := range w.end {
		q := Partition{End: int64(w.end[i]), Committed: int64(w.done[i]), Start: Unknown, Member: int32(w.holder(i))}
		if !w.known(i) {
			q.End = Unknown
		}
		if w.hidden || w.assignor == Shared && w.members > len(w.end) {
			q.Member = NoMember
		}
		o.Partitions = append(o.Partitions, q)
	}
	return o
}

func (w *world) observe() {
	w.decided = w.pilot.Observe(w.seen())
	w.asks = append(w.asks, w.decided)
	if d := w.decided; d.Known && (d.Replicas < 0 || d.Members < 0 || math.IsInf(d.Rate, 0) || math.IsInf(d.Behind, 0) || d.Rate < 0) {
		w.Fatalf("at %d: %+v", w.now, d)
	}
	if !w.follow || !w.decided.Known {
		return
	}
	switch want := max(1, w.decided.Replicas); {
	case want > w.asked:
		for range want - w.asked {
			w.starting = append(w.starting, w.now+w.delay)
		}
		w.asked = want
	case want < w.asked:
		w.asked, w.starting = want, nil
		w.change(min(w.members, want*w.perReplica))
	}
}

// least is the smallest ask since the n-th.
func (w *world) least(from int) int {
	n := math.MaxInt
	for _, d := range w.asks[from:] {
		if d.Known {
			n = min(n, d.Replicas)
		}
	}
	return n
}

// settled wants the group to be in time, with so many replicas.
func (w *world) settled(story string, low, high int) {
	w.Helper()
	if w.asked < low || w.asked > high || w.behind() > w.pilot.objective() {
		w.Errorf("%s: %d replicas, want %d to %d; behind by %.0f s; %+v", story, w.asked, low, high, w.behind(), w.decided)
	}
}
