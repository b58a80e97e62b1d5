package demo

import (
	"math"
	"testing"
	"time"

	"kafka_burndown_exporter/lab/manifest"
)

func TestCeiling(t *testing.T) {
	const idle = "6 partitions: more replicas would idle"
	for name, tc := range map[string]struct {
		useful, allowed int
		want            Ceiling
	}{
		"no ScaledObject":       {6, 0, Ceiling{6, idle}},
		"as many as partitions": {6, 6, Ceiling{6, idle}},
		"more than partitions":  {6, 10, Ceiling{6, idle}},
		"fewer than partitions": {160, 80, Ceiling{80, "maxReplicaCount is 80"}},
	} {
		if got := ceilingOf(tc.useful, tc.allowed); got != tc.want {
			t.Errorf("%s: %+v, want %+v", name, got, tc.want)
		}
	}
}

func TestNote(t *testing.T) {
	for name, tc := range map[string]struct {
		stopped                       bool
		ready, desired, most, allowed int
		want                          string
	}{
		"room":                   {false, 3, 5, 6, 6, ""},
		"asleep":                 {false, 0, 0, 6, 6, ""},
		"asked for the maximum":  {false, 3, 6, 6, 6, "at its maximum: 6 partitions"},
		"at its own maximum":     {false, 80, 80, 160, 80, "at its maximum: maxReplicaCount is 80"},
		"beyond the partitions":  {false, 8, 10, 6, 10, "2 of 8 replicas idle: 6 partitions"},
		"stopped at the maximum": {true, 6, 6, 6, 6, "stopped: it consumes nothing"},
	} {
		v := ServiceState{Stopped: tc.stopped, Ready: tc.ready, Desired: tc.desired, Most: tc.most, Ceiling: ceilingOf(tc.most, tc.allowed)}
		if got := v.note(); got != tc.want {
			t.Errorf("%s: %q, want %q", name, got, tc.want)
		}
	}
}

// TestABurstSaysWhenItEnds, and is not mentioned any more then.
func TestABurstSaysWhenItEnds(t *testing.T) {
	d, _ := idle(t)
	said, err := d.InjectBurst("orders")
	if err != nil {
		t.Fatal(err)
	}
	b := d.generator.extra["orders"]
	if got := d.going(b.until - 1); len(got) != 1 || got[0] != said {
		t.Errorf("while it lasts: %q, said %q", got, said)
	}
	if got := d.going(b.until); len(got) != 0 {
		t.Errorf("when it is over: %q", got)
	}
	if rate, _ := d.scenario.Rater(&d.scenario.Producers[0]).Mean(d.profileTime(b.until - burstLength)); math.Abs(b.rate-max(3*rate, 20)) > 1 {
		t.Errorf("%v more messages/s on %v", b.rate, rate)
	}
	for _, toggle := range []func() (string, error){
		func() (string, error) { return d.ToggleSkew("orders") },
		func() (string, error) { return d.ToggleConsumer("status-consumer") },
	} {
		said, _ := toggle()
		if got := d.going(b.until); len(got) != 1 || got[0] != said {
			t.Errorf("going on: %q, said %q", got, said)
		}
		_, _ = toggle()
		if got := d.going(b.until); len(got) != 0 {
			t.Errorf("after it was undone: %q", got)
		}
	}
}

// TestRatesAreHeldBack until a whole window of them lies behind the beginning.
func TestRatesAreHeldBack(t *testing.T) {
	line, status := newTimeline(), []Status{{Service: "s", Group: "g"}}
	chart := func(string, manifest.Signal) float64 { return 9 }
	line.add(time.Minute, status, chart)
	line.ratesFrom(2 * time.Minute)
	line.add(2*time.Minute-1, status, chart)
	line.add(2*time.Minute, status, chart)
	for i, p := range line.services["s"] {
		if known := !math.IsNaN(p.Produced) && !math.IsNaN(p.Consumed); known != (i == 2) || p.Lag != 9 {
			t.Errorf("point %d: %+v", i, p)
		}
	}
}
