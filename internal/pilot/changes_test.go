package pilot

import "testing"

// TestCapacityHalves: it is measured anew within minutes, and the old one is tried again after the fall is over.
func TestCapacityHalves(t *testing.T) {
	w := newWorld(t, 20, 450, 6, 100)
	w.pilot.Restore(State{Capacity: 100, Variance: 0.001, Best: 100})
	w.follow = true
	w.run(600)
	w.settled("before", 4, 6)
	w.capacity = func(int) float64 { return 50 }
	w.run(900)
	w.settled("halved", 9, 20)
	if c := w.decided.Capacity; c < 47 || c > 60 {
		t.Errorf("halved: capacity %.1f", c)
	}
	w.capacity = func(int) float64 { return 100 }
	w.run(3600)
	w.settled("over", 4, 7)
}

// TestCapacityDoubles: members that are never behind do not show all they can do. Once an hour that is tried.
func TestCapacityDoubles(t *testing.T) {
	w := newWorld(t, 20, 450, 6, 50)
	w.pilot.Restore(State{Capacity: 50, Variance: 0.001})
	w.follow = true
	w.run(600)
	w.settled("before", 9, 10)
	w.capacity = func(int) float64 { return 100 }
	w.run(8 * 3600)
	w.settled("eight hours later", 4, 7)
	if w.late > 0 {
		t.Errorf("late for %d s", w.late)
	}
}

// TestPodsDiffer: pods of unequal speed: what they do together counts, and the slow ones' backlog asks for more.
func TestPodsDiffer(t *testing.T) {
	w := newWorld(t, 24, 700, 6, 100)
	w.capacity = func(m int) float64 { return []float64{70, 130, 100, 85, 115}[m%5] }
	w.follow = true
	w.run(3600)
	w.late = 0
	w.run(3600)
	w.settled("unequal pods", 8, 12)
	if w.late > 72 {
		t.Errorf("late for %d s of an hour", w.late)
	}
}

// TestIdle: nothing is asked for once nothing was produced for a window and nothing waits, and one at least as soon as
// something does.
func TestIdle(t *testing.T) {
	w := newWorld(t, 6, 100, 1, 100)
	w.run(300)
	saved := w.rates
	w.rates = make([]float64, len(saved))
	w.run(60)
	if d := w.decided; d.Replicas != 1 {
		t.Errorf("a minute after the last message: %+v", d)
	}
	w.run(120)
	if d := w.decided; !d.Known || d.Replicas != 0 || d.Reason != ReasonIdle {
		t.Errorf("idle: %+v", d)
	}
	w.change(0)
	w.run(600)
	if d := w.decided; !d.Known || d.Replicas != 0 {
		t.Errorf("at zero: %+v", d)
	}
	w.rates = saved
	w.run(10)
	if d := w.decided; !d.Known || d.Replicas < 1 {
		t.Errorf("messages at zero: %+v", d)
	}
}

// TestFromZero: with a known capacity the first ask from zero is for all that is needed.
func TestFromZero(t *testing.T) {
	w := newWorld(t, 12, 500, 0, 100)
	w.pilot.Restore(State{Capacity: 100, Variance: 0.001})
	w.run(60)
	if d := w.decided; d.Members < 5 {
		t.Errorf("%+v", d)
	}
}

// TestConsumersThatAssignThemselves: a group that commits without members: nobody knows how many there are.
func TestConsumersThatAssignThemselves(t *testing.T) {
	w := newWorld(t, 6, 100, 2, 100)
	w.run(120)
	fresh := New(Options{})
	var d Decision
	for range 10 {
		w.run(10)
		o := w.seen()
		o.Members, o.Stable = 0, false
		for i := range o.Partitions {
			o.Partitions[i].Member = NoMember
		}
		d = fresh.Observe(o)
	}
	if d.Known || d.Reason != ReasonMembers {
		t.Errorf("%+v", d)
	}
}

// TestDeadBand: one member fewer than useful is not left to the HPA's tolerance: at 19 of 20 members one would hold two
// partitions for ever.
func TestDeadBand(t *testing.T) {
	w := newWorld(t, 20, 1990, 19, 100)
	w.pilot.Restore(State{Capacity: 100, Variance: 0.001})
	w.run(300)
	if d := w.decided; d.Members != 20 || d.Replicas != 21 {
		t.Errorf("%+v", d)
	}
	w.change(20)
	w.run(300)
	if d := w.decided; d.Replicas != 20 {
		t.Errorf("%+v", d)
	}
}

// TestNoise: an even load with noise changes the ask rarely.
func TestNoise(t *testing.T) {
	w := newWorld(t, 20, 460, 5, 100)
	w.pilot.Restore(State{Capacity: 100, Variance: 0.001})
	w.follow = true
	mean := w.rates[0]
	changes, before := 0, w.asked
	for i := range 720 {
		for k := range w.rates { // deterministic, and no two waves alike
			w.rates[k] = mean * (1 + 0.2*float64((i*7919+k*104729)%201-100)/100)
		}
		w.run(10)
		if w.asked != before {
			changes, before = changes+1, w.asked
		}
	}
	if changes > 12 {
		t.Errorf("%d changes in two hours", changes)
	}
}
