package pilot

import (
	"encoding/json"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestRestartWithoutState: never fewer than there are, unless what was seen since shows that fewer suffice; and no
// panic: never more while messages are in time.
func TestRestartWithoutState(t *testing.T) {
	for name, c := range map[string]struct{ rate, least, most float64 }{
		"just enough":  {580, 6, 6},
		"twice enough": {300, 3, 6},
		"a backlog":    {700, 6, 12},
	} {
		w := newWorld(t, 12, c.rate, 6, 100)
		w.follow = true
		w.run(60)
		if n := w.least(0); n < 6 {
			t.Errorf("%s: asked for %d of 6 in the first minute", name, n)
		}
		w.run(3600)
		w.settled(name, int(c.least), int(c.most))
	}
}

// TestRestartInTheMiddleOfABacklog: the members that drain it are not taken away, whatever the producers do.
func TestRestartInTheMiddleOfABacklog(t *testing.T) {
	w := newWorld(t, 12, 50, 6, 100)
	for i := range w.end {
		w.end[i] += 5000
	}
	w.run(50)
	if n := w.least(0); n < 6 {
		t.Errorf("asked for %d of 6: %+v", n, w.decided)
	}
	w.follow = true
	w.run(300)
	if w.behind() > 60 {
		t.Errorf("behind by %.0f s: %+v", w.behind(), w.decided)
	}
}

// TestRestartWithState: capacity, commit period and members of a replica are known at once.
func TestRestartWithState(t *testing.T) {
	w := newWorld(t, 12, 300, 4, 100)
	w.run(300)
	w.produce(800)
	w.run(200)
	saved, err := json.Marshal(w.pilot.Save())
	if err != nil {
		t.Fatal(err)
	}
	var state State
	if err := json.Unmarshal(saved, &state); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(w.pilot.Save(), state); diff != "" {
		t.Error(diff)
	}

	fresh := newWorld(t, 12, 700, 4, 100)
	fresh.pilot.Restore(state)
	fresh.run(40)
	if d := fresh.decided; !(math.Abs(d.Capacity-100) < 3) || d.Members < 7 {
		t.Errorf("%+v from %s", d, saved)
	}
}

// TestStateThatCannotBe is ignored.
func TestStateThatCannotBe(t *testing.T) {
	for _, s := range []State{
		{Capacity: -1}, {Capacity: math.NaN()}, {Capacity: math.Inf(1)}, {Shown: math.Inf(1)}, {CommitPeriod: -5},
		{MembersPerReplica: math.NaN()}, {MembersPerReplica: -3},
	} {
		w := newWorld(t, 12, 300, 4, 100)
		w.pilot.Restore(s)
		w.run(300)
		if d := w.decided; !d.Known || d.Replicas < 3 || d.Replicas > 4 || !math.IsNaN(d.Capacity) {
			t.Errorf("%+v: %+v", s, d)
		}
	}
}

// TestTwoPilots that started at different times differ by at most one useful count.
func TestTwoPilots(t *testing.T) {
	w := newWorld(t, 20, 400, 5, 100)
	w.follow = true
	w.run(300)
	other := New(Options{})
	apart := 0
	for i := range 360 {
		switch i {
		case 60:
			w.produce(900)
		case 200:
			w.produce(300)
		}
		w.run(10)
		a, b := w.decided, other.Observe(w.seen())
		if i < 120 || !b.Known {
			continue
		}
		at := func(k int) (n int) {
			for k > 0 && n < len(w.pilot.useful.counts) && w.pilot.useful.counts[n] < k {
				n++
			}
			return n
		}
		if d := at(a.Members) - at(b.Members); d < -1 || d > 1 {
			apart++
		}
	}
	if apart > 0 {
		t.Errorf("more than one useful count apart in %d waves", apart)
	}
}
