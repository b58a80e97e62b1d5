package scale

import (
	"errors"
	"testing"
	"time"
)

func n32(v int32) *int32 { return &v }

func lagTrigger(activation float64) Trigger {
	return Trigger{Type: PrometheusTrigger, Prometheus: &Prometheus{Threshold: 100, ActivationThreshold: activation}}
}

var (
	errTest = errors.New("no answer")
	start   = time.Unix(1_000_000, 0)
)

func value(v float64) Source {
	return SourceFunc(func(time.Time, int) Answer { return Answer{Value: v} })
}

func failing() Source { return SourceFunc(func(time.Time, int) Answer { return Answer{Err: errTest} }) }

func TestPoll(t *testing.T) {
	cooldown := func(so ScaledObject, d time.Duration) ScaledObject { so.Cooldown = &d; return so }
	zero := ScaledObject{Triggers: []Trigger{lagTrigger(0)}}
	idle := ScaledObject{MinReplicas: n32(3), IdleReplicas: n32(0), Triggers: []Trigger{lagTrigger(0)}}
	fixed := ScaledObject{MinReplicas: n32(2), Triggers: []Trigger{lagTrigger(0)}}
	fallback := func(so ScaledObject, replicas int32) ScaledObject {
		so.Fallback = &Fallback{FailureThreshold: 3, Replicas: replicas}
		return so
	}
	paused := func(so ScaledObject, p Pause) ScaledObject { so.Paused = p; return so }
	young := func(so ScaledObject) ScaledObject { so.InitialCooldown = time.Hour; return so }
	for _, c := range []struct {
		name     string
		so       ScaledObject
		current  int32
		src      Source
		want     int32
		action   PollAction
		isActive bool
	}{
		{"first message activates", zero, 0, value(1), 1, PollActivated, true},
		{"activation is strict", ScaledObject{Triggers: []Trigger{lagTrigger(1)}}, 0, value(1), 0, PollNothing, false},
		{"above the activation", ScaledObject{Triggers: []Trigger{lagTrigger(1)}}, 0, value(2), 1, PollActivated, true},
		{"never active goes at once", zero, 5, value(0), 0, PollDeactivated, false},
		{"initial cooldown holds", young(zero), 5, value(0), 5, PollCooling, false},
		{"active stays", zero, 5, value(9), 5, PollNothing, true},
		{"idle to minimum", idle, 0, value(1), 3, PollActivated, true},
		{"between idle and minimum", idle, 2, value(1), 3, PollActivated, true},
		{"to idle", idle, 7, value(0), 0, PollDeactivated, false},
		{"below the minimum", fixed, 1, value(0), 2, PollToMin, false},
		{"at the minimum", fixed, 2, value(0), 2, PollNothing, false},
		{"zero below the minimum, active", fixed, 0, value(5), 2, PollActivated, true},
		{"error without fallback", zero, 5, failing(), 5, PollError, false},
		{"error before the fallback", fallback(zero, 4), 5, failing(), 5, PollError, false},
		{"error with a fallback of 0", fallback(zero, 0), 5, failing(), 0, PollDeactivated, false},
		{"forced", paused(zero, Pause{ForceActivation: true}), 0, value(0), 1, PollActivated, true},
		{"paused", paused(zero, Pause{All: true}), 5, value(0), 5, PollPaused, false},
		{"paused at", paused(zero, Pause{Replicas: n32(7)}), 5, value(0), 7, PollPaused, false},
		{"scale-in paused", paused(zero, Pause{In: true}), 5, value(0), 5, PollPaused, false},
		{"scale-out paused", paused(zero, Pause{Out: true}), 0, value(9), 0, PollPaused, true},
		{"scale-out paused does not keep", paused(zero, Pause{Out: true}), 5, value(0), 0, PollDeactivated, false},
		{"cpu alone is active", ScaledObject{MinReplicas: n32(1), Triggers: []Trigger{{Type: CPUTrigger, Resource: &ResourceTarget{Target: 60}}}},
			3, failing(), 3, PollNothing, true},
		{"cpu beside does not activate", ScaledObject{Triggers: []Trigger{lagTrigger(0), {Type: CPUTrigger, Resource: &ResourceTarget{Target: 60}}}},
			5, value(0), 0, PollDeactivated, false},
		{"cooldown 0", cooldown(zero, 0), 5, value(0), 0, PollDeactivated, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			k := NewKEDA(c.so, start)
			d := k.Poll(start.Add(time.Minute), Workload{SpecReplicas: c.current, ReadyReplicas: c.current}, false, c.src)
			if d.Desired != c.want || d.Action != c.action || d.Active != c.isActive {
				t.Errorf("%s, active %v; want %d, %v, active %v", &d, d.Active, c.want, c.action, c.isActive)
			}
		})
	}
}

func TestPollCooldown(t *testing.T) {
	k := NewKEDA(ScaledObject{Triggers: []Trigger{lagTrigger(0)}}, start)
	w := Workload{SpecReplicas: 5, ReadyReplicas: 5}
	// Kept in whole seconds: active at 0.9 s counts from 0 s.
	if d := k.Poll(start.Add(900*time.Millisecond), w, false, value(1)); !d.Active {
		t.Fatal("not active")
	}
	for _, step := range []struct {
		after  time.Duration
		src    Source
		action PollAction
	}{
		{30 * time.Second, value(0), PollCooling},
		{60 * time.Second, failing(), PollError},
		{300 * time.Second, value(0), PollCooling},
		{300*time.Second + time.Millisecond, value(0), PollDeactivated},
	} {
		if d := k.Poll(start.Add(step.after), w, false, step.src); d.Action != step.action {
			t.Errorf("after %v: %v, want %v", step.after, d.Action, step.action)
		}
	}
}

// TestPollPartialErrorDoesNotTouch: an active target with a failing trigger keeps its old last active time.
func TestPollPartialErrorDoesNotTouch(t *testing.T) {
	k := NewKEDA(ScaledObject{Triggers: []Trigger{lagTrigger(0), lagTrigger(0)}}, start)
	w := Workload{SpecReplicas: 5, ReadyReplicas: 5}
	k.Poll(start, w, false, value(1))
	partial := SourceFunc(func(_ time.Time, i int) Answer {
		if i == 1 {
			return Answer{Err: errTest}
		}
		return Answer{Value: 1}
	})
	if d := k.Poll(start.Add(400*time.Second), w, false, partial); d.Action != PollError || !d.Active {
		t.Fatalf("%v, active %v", d.Action, d.Active)
	}
	if d := k.Poll(start.Add(430*time.Second), w, false, value(0)); d.Action != PollDeactivated {
		t.Errorf("%v: the partial error moved the last active time", d.Action)
	}
}

func TestPollRefused(t *testing.T) {
	k := NewKEDA(ScaledObject{Triggers: []Trigger{lagTrigger(0)}}, start)
	d := k.Poll(start, Workload{UpdateFails: true}, false, value(1))
	if d.Action != PollRefused || d.Scaled() || !k.lastActive.IsZero() {
		t.Errorf("%s, last active %v", &d, k.lastActive)
	}
}
