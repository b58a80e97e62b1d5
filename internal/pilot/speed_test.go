package pilot

import (
	"math"
	"testing"
	"time"
)

// TestSpeed: where time runs ten times as fast, the same group is asked for the same.
func TestSpeed(t *testing.T) {
	const speed = 10
	w := newWorld(t, 20, 80, 1, 100)
	fast := New(Options{Speed: speed})
	for i := range 360 {
		switch i {
		case 30:
			w.produce(650)
		case 120:
			w.change(10)
		case 200:
			w.produce(250)
		}
		w.run(w.wave)
		o := w.seen()
		o.At = t0.Add(o.At.Sub(t0) / speed)
		got, want := fast.Observe(o), w.decided
		if got.Known != want.Known || got.Replicas != want.Replicas || got.Members != want.Members || got.Reason != want.Reason ||
			got.Saturated != want.Saturated {
			t.Fatalf("wave %d: %+v, want %+v", i, got, want)
		}
		if c := want.Capacity * speed; !(math.Abs(got.Capacity-c) <= 1e-6*c) && !math.IsNaN(c) {
			t.Fatalf("wave %d: capacity %v, want %v", i, got.Capacity, c)
		}
	}
	if math.IsNaN(w.decided.Capacity) {
		t.Error("the capacity was never measured")
	}
	if at, want := fast.Save().At, t0.Add(time.Duration(w.now)*time.Second/speed); at.Sub(want).Abs() > time.Millisecond {
		t.Errorf("saved at %v, want %v", at, want)
	}
}
