package scale

import (
	"testing"
	"time"
)

// In Kubernetes 1.37 a new HPA reconciles at once, before that a sync period after its creation.
func TestFirstReconcile(t *testing.T) {
	for version, want := range map[Kubernetes]time.Duration{"": 15 * time.Second, Kubernetes136: 15 * time.Second, Kubernetes137: 0} {
		so := ScaledObject{Plain: true, Kubernetes: version, Triggers: []Trigger{{
			Type: PrometheusTrigger, Name: "lag", Prometheus: &Prometheus{Query: "q", Threshold: 100},
		}}}
		created := time.Unix(1000, 0)
		a := NewAutoscaler(so, created, nil)
		if got := a.Next().Sub(created); got != want {
			t.Errorf("%q: the first reconcile comes after %v, want %v", version, got, want)
		}
		out := a.Step(a.Next(), Workload{SpecReplicas: 1, StatusReplicas: 1, ReadyReplicas: 1}, SourceFunc(func(time.Time, int) Answer {
			return Answer{Value: 350}
		}))
		if out.Poll != nil || out.HPA == nil || out.Replicas != 4 {
			t.Errorf("%q: %+v", version, out)
		}
		if got := a.Next().Sub(created); got != want+15*time.Second {
			t.Errorf("%q: the second comes after %v", version, got)
		}
	}
}

// A plain HPA goes to zero by itself from Kubernetes 1.37 on, and comes back from where it put the target itself only.
func TestPlainHPAAndZero(t *testing.T) {
	zero := int32(0)
	so := ScaledObject{Plain: true, MinReplicas: &zero, Triggers: []Trigger{{
		Type: PrometheusTrigger, Name: "lag", Prometheus: &Prometheus{Query: "q", Threshold: 100},
	}}}
	window := time.Duration(0)
	so.Behavior = &Behavior{Down: &Rules{Window: &window}}
	lag := 0.0
	source := SourceFunc(func(time.Time, int) Answer { return Answer{Value: lag} })
	run := func(a *Autoscaler, n int32) int32 {
		w := Workload{SpecReplicas: n, StatusReplicas: n, ReadyReplicas: n}
		return a.Step(a.Next(), w, source).Replicas
	}
	for version, floor := range map[Kubernetes]int32{Kubernetes136: 1, Kubernetes137: 0} {
		so.Kubernetes = version
		a := NewAutoscaler(so, time.Unix(1000, 0), nil)
		lag = 0
		if n := run(a, 2); n != floor {
			t.Fatalf("%s: at a lag of 0 it stands at %d, want %d", version, n, floor)
		}
		if n := run(a, floor); n != floor {
			t.Errorf("%s: it leaves %d for %d", version, floor, n)
		}
		lag = 350
		if n := run(a, floor); n != 4 {
			t.Errorf("%s: at a lag of 350 it stands at %d", version, n)
		}
		// Somebody else stops the consumers: that is respected.
		if n := run(a, 0); n != 0 {
			t.Errorf("%s: it wakes what it did not put to sleep: %d", version, n)
		}
	}
}
