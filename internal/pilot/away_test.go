package pilot

import "testing"

// Members that are away for a while are asked for all the same: a crash loop, a rolling update and a slow return must not
// scale a group in.
func TestMembersAreAway(t *testing.T) {
	away := map[string]func(w *world){
		"all of them": func(w *world) {
			w.change(0)
			w.run(200)
			w.change(7)
		},
		"all, and they come back one by one": func(w *world) {
			w.change(0)
			w.run(100)
			for n := 1; n <= 7; n++ {
				w.change(n)
				w.run(20)
			}
		},
		"one after the other": func(w *world) {
			for range 12 {
				w.change(6)
				w.run(10)
				w.change(7)
				w.run(10)
			}
		},
		"those that crash all the time": func(w *world) {
			for n := range 20 {
				w.change(n % 4)
				w.run(10)
			}
			w.change(7)
		},
	}
	for name, leave := range away {
		for _, measured := range []bool{false, true} {
			t.Run(name+map[bool]string{true: ", capacity known", false: ", capacity unknown"}[measured], func(t *testing.T) {
				w := newWorld(t, 20, 640, 7, 110)
				if measured {
					w.produce(1200)
					w.run(60)
					w.produce(640)
				}
				w.run(240)
				before := w.decided
				if measured != (before.Capacity > 0) || before.Replicas < 7 {
					t.Fatalf("%+v", before)
				}
				from := len(w.asks)
				leave(w)
				w.run(100)
				if least := w.least(from); least < min(before.Replicas, 7) {
					t.Errorf("asked for %d while members were away, %d before", least, before.Replicas)
				}
			})
		}
	}
}

// A restart while no member is there does not lower the ask, if what was asked for is known and young.
func TestRestartWhileMembersAreAway(t *testing.T) {
	for _, test := range []struct {
		name  string
		later int // seconds from the last observation to the restart
		least int
	}{
		{"young", 60, 7},
		{"old", 3600, 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t, 20, 640, 7, 110)
			w.run(240)
			saved := w.pilot.Save()
			w.change(0)
			for range test.later {
				w.second()
			}
			w.pilot = New(Options{})
			w.pilot.Restore(saved)
			from := len(w.asks)
			w.run(100)
			if least := w.least(from); least != test.least {
				t.Errorf("asked for %d, want %d", least, test.least)
			}
		})
	}
}
