package pilot

import (
	"math"
	"testing"
	"time"
)

// TestCapacityFromSaturatedMembers: half a minute after members got a backlog their capacity is known within 3 %,
// whatever the commit interval.
func TestCapacityFromSaturatedMembers(t *testing.T) {
	for _, commit := range []int{1, 5, 10, 30, 60} {
		w := newWorld(t, 12, 300, 4, 100)
		w.commit = commit
		w.run(600)
		if !math.IsNaN(w.decided.Capacity) {
			t.Errorf("commits every %d s: capacity %v of members that wait for messages", commit, w.decided.Capacity)
		}
		w.produce(800)
		w.run(max(90, 5*commit))
		if c := w.decided.Capacity; !(math.Abs(c-100) <= 3) {
			t.Errorf("commits every %d s: capacity %.1f, want 100", commit, c)
		}
		if w.decided.Saturated != 4 {
			t.Errorf("commits every %d s: %d members saturated, want 4", commit, w.decided.Saturated)
		}
	}
}

// TestFollowsTheLoad: from one member to as many as the load needs and back, in time once the capacity is known.
func TestFollowsTheLoad(t *testing.T) {
	for _, commit := range []int{1, 5, 10, 30} {
		w := newWorld(t, 20, 80, 1, 100)
		w.commit, w.follow = commit, true
		w.run(600)
		w.settled("little", 1, 2)
		w.produce(650)
		w.run(900)
		w.settled("much", 7, 10)
		w.late = 0
		w.produce(250)
		w.run(1800)
		w.settled("less", 3, 4)
		w.produce(850)
		w.run(900)
		high := 10
		if commit == 30 { // nobody was behind for long enough to show a capacity
			high = 20
		}
		w.settled("much again", 10, high)
		if w.late > 30 {
			t.Errorf("commits every %d s: late for %d s with a known capacity", commit, w.late)
		}
	}
}

// TestRareCommitsGetAReserve: where commits are too rare to see a backlog by, some capacity is kept.
func TestRareCommitsGetAReserve(t *testing.T) {
	members := func(commit int) int {
		w := newWorld(t, 100, 450, 5, 100)
		w.commit = commit
		w.pilot.Restore(State{Capacity: 100, Variance: 0.001})
		w.run(1800)
		return w.decided.Members
	}
	if often, rare := members(5), members(60); often != 5 || rare <= often || rare > 7 {
		t.Errorf("%d members with commits every 5 s, %d with commits every 60 s", often, rare)
	}
}

// TestRareCommitsAreNoBacklog: a group that keeps up is not asked to grow, however rarely it commits.
func TestRareCommitsAreNoBacklog(t *testing.T) {
	for _, commit := range []int{30, 60, 155, 300} {
		w := newWorld(t, 8, 200, 4, 100)
		w.commit = commit
		w.run(10 * commit)
		from := len(w.asks)
		w.run(20 * commit)
		for _, d := range w.asks[from:] {
			if d.Replicas > 4 {
				t.Errorf("commits every %d s: %+v", commit, d)
				break
			}
		}
	}
}

// TestAtMostWhatHelps: one partition of ten is stuck, with 60 000 messages from the start or as they come; two members
// do for the others, and one more at most is asked for until the partition counts as stuck.
func TestAtMostWhatHelps(t *testing.T) {
	for _, backlog := range []float64{60_000, 0} {
		w := newWorld(t, 10, 150, 2, 100)
		w.pilot.Restore(State{Capacity: 100, Variance: 0.001})
		w.frozen[3] = true
		w.end[3] += backlog
		most := 0
		for range 60 {
			w.run(10)
			most = max(most, w.decided.Members)
		}
		if most > 3 || w.decided.Members != 2 {
			t.Errorf("backlog %v: asked for up to %d members, in the end %+v", backlog, most, w.decided)
		}
		delete(w.frozen, 3)
		w.run(60)
		if w.decided.Members <= 2 {
			t.Errorf("backlog %v: released: %+v", backlog, w.decided)
		}
	}
}

// TestUnknownPartitions: a third of the partitions cannot be read: the ask stands for as long as offsets are held, then
// it is absent, and it comes back as it was.
func TestUnknownPartitions(t *testing.T) {
	w := newWorld(t, 12, 350, 4, 100)
	w.run(600)
	before := w.decided
	w.known = func(i int) bool { return i%3 != 0 }
	w.run(30)
	if d := w.decided; !d.Known || d.Replicas != before.Replicas || d.Reason != ReasonOffsets {
		t.Errorf("held: %+v, before %+v", d, before)
	}
	w.run(10)
	if d := w.decided; d.Known || d.Reason != ReasonOffsets || !math.IsNaN(d.Rate) {
		t.Errorf("absent: %+v", d)
	}
	w.run(300)
	w.known = func(int) bool { return true }
	w.run(20)
	if d := w.decided; !d.Known || d.Replicas != before.Replicas {
		t.Errorf("back: %+v, before %+v", d, before)
	}
}

// TestUnknownMembers is the same for members that cannot be described.
func TestUnknownMembers(t *testing.T) {
	w := newWorld(t, 12, 350, 4, 100)
	w.run(600)
	o := w.seen()
	for i := range 5 {
		o.At = o.At.Add(10 * time.Second)
		o.Members = -1
		d := w.pilot.Observe(o)
		if known := i < 3; d.Known != known || d.Reason != ReasonMembers {
			t.Errorf("%d: %+v", i, d)
		}
	}
}

// TestNeverObserved: what was never complete is not known.
func TestNeverObserved(t *testing.T) {
	w := newWorld(t, 3, 10, 1, 100)
	for _, o := range []*Observation{
		{At: t0}, {At: t0, Members: 2}, {At: t0, Members: -1, Partitions: []Partition{{}}},
		{At: t0, Members: 1, Partitions: []Partition{{End: 5, Committed: NoCommit, Start: Unknown}}},
	} {
		if d := w.pilot.Observe(o); d.Known || d.Saturated != -1 || !math.IsNaN(d.Capacity) {
			t.Errorf("%+v: %+v", o, d)
		}
	}
	w.run(20)
	if d := w.decided; d.Known || d.Reason != ReasonStarting {
		t.Errorf("%+v", d)
	}
	w.run(10)
	if !w.decided.Known {
		t.Errorf("%+v", w.decided)
	}
}

// TestTimeThatDoesNotPass: an observation that is not younger changes nothing.
func TestTimeThatDoesNotPass(t *testing.T) {
	w := newWorld(t, 3, 100, 1, 60)
	w.run(300)
	for _, age := range []time.Duration{0, time.Second, time.Hour} {
		o := w.seen()
		o.At = o.At.Add(-age)
		o.Partitions[0].End += 1_000_000
		if d := w.pilot.Observe(o); d != w.decided {
			t.Errorf("%+v, want %+v", d, w.decided)
		}
	}
}
