package lag

import (
	"testing"
	"time"

	"kafka_burndown_exporter/internal/pilot"
)

// piloted is a tracker with pilots, and a group of members on a topic of four partitions.
func piloted(members int) (*Tracker, *world, *simGroup) {
	opt := testOptions()
	opt.Pilot = func(string) pilot.Options { return pilot.Options{Objective: time.Minute} }
	w := newWorld()
	w.topic("t", 1000, 1000, 1000, 1000)
	g := w.group("g", 1000, 1000, 1000, 1000)
	g.describe(w, members, "t")
	return NewTracker(opt), w, g
}

// step lets ten seconds pass in which each partition gets and the group reads so many messages.
func (w *world) step(g *simGroup, produced, consumed int64) {
	w.now = w.now.Add(10 * time.Second)
	for i := range w.topics["t"].parts {
		w.topics["t"].parts[i].end += produced
		g.commits["t"][i] = min(g.commits["t"][i]+consumed, w.topics["t"].parts[i].end)
	}
	g.members = &Members{At: w.now, State: g.state, Count: g.members.Count, Assignor: "range", Topics: g.members.Topics,
		Assigned: []Assigned{{Topic: "t", Partitions: []int32{0, 1, 2, 3}, Members: spread(4, max(1, g.members.Count))}}}
}

func TestPilotLearnsFromSaturatedMembers(t *testing.T) {
	tracker, w, g := piloted(2)
	var last Group
	for range 30 {
		w.step(g, 1000, 500) // two members, each 2 × 500 in 10 s: 100/s
		last = tracker.Observe(w.wave()).Groups[0]
	}
	d := last.Decision
	if !last.Decided || !d.Known || d.Saturated != 2 || d.Capacity < 95 || d.Capacity > 105 {
		t.Errorf("%+v", d)
	}
	if d.Replicas != 4 { // 400/s at 100/s, and a backlog: all that are useful
		t.Errorf("%d replicas", d.Replicas)
	}
	learned := tracker.Learned()["g"]
	again, w2, g2 := piloted(2)
	again.Restore(map[string]pilot.State{"g": learned, "another": learned})
	for range 5 {
		w2.step(g2, 400, 400)
		last = again.Observe(w2.wave()).Groups[0]
	}
	if c := last.Decision.Capacity; c < 95 || c > 105 {
		t.Errorf("capacity after a restart: %v", c)
	}
	if kept := again.Learned(); len(kept) != 2 {
		t.Errorf("kept after a restart: %v; what was not seen is to stay", kept)
	}
}

func TestNothingIsDesiredOfWhatIsNotKnown(t *testing.T) {
	for _, c := range []struct {
		name   string
		spoil  func(w *world, g *simGroup)
		reason pilot.Reason
	}{
		{"coordinator", func(_ *world, g *simGroup) { g.down = ReasonCoordinator }, pilot.ReasonOffsets},
		{"leader", func(w *world, _ *simGroup) { w.topics["t"].parts[1].down = ReasonLeader }, pilot.ReasonOffsets},
		{"consumers that assign themselves", func(_ *world, g *simGroup) {
			g.protocol, g.state, g.members = "", "Empty", &Members{}
		}, pilot.ReasonMembers},
	} {
		t.Run(c.name, func(t *testing.T) {
			tracker, w, g := piloted(2)
			for range 12 {
				w.step(g, 1000, 500)
				tracker.Observe(w.wave())
			}
			var last Group
			for range 10 {
				w.step(g, 1000, 500)
				c.spoil(w, g)
				last = tracker.Observe(w.wave()).Groups[0]
			}
			if d := last.Decision; !last.Decided || d.Known || d.Reason != c.reason {
				t.Errorf("%+v", d)
			}
		})
	}
}

func TestWithoutPilotsNothingIsDecided(t *testing.T) {
	w := newWorld()
	w.topic("t", 10)
	w.group("g", 5)
	tracker := NewTracker(testOptions())
	if g := tracker.Observe(w.wave()).Groups[0]; g.Decided {
		t.Errorf("%+v", g.Decision)
	}
	if len(tracker.Learned()) != 0 {
		t.Error("something was learned")
	}
}

func TestBehind(t *testing.T) {
	tracker, w, g := piloted(2)
	w.step(g, 0, 0)
	tracker.Observe(w.wave())
	if tracker.Behind("g") || tracker.Behind("nobody") {
		t.Error("behind without lag")
	}
	w.step(g, 1000, 10)
	tracker.Observe(w.wave())
	if !tracker.Behind("g") {
		t.Error("not behind with lag")
	}
}
