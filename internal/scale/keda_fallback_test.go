package scale

import (
	"errors"
	"testing"
	"time"
)

func TestFallbackValue(t *testing.T) {
	for _, c := range []struct {
		name     string
		behavior FallbackBehavior
		kind     TargetKind
		spec     int32
		ready    int32
		want     int64
		fails    bool
	}{
		{"static", FallbackStatic, AverageValue, 9, 9, 600_000, false},
		{"unset is static", "", AverageValue, 9, 9, 600_000, false},
		{"current", FallbackCurrentReplicas, AverageValue, 9, 9, 900_000, false},
		{"higher: current", FallbackCurrentReplicasIfHigher, AverageValue, 9, 9, 900_000, false},
		{"higher: fallback", FallbackCurrentReplicasIfHigher, AverageValue, 3, 3, 600_000, false},
		{"lower: current", FallbackCurrentReplicasIfLower, AverageValue, 3, 3, 300_000, false},
		{"lower: fallback", FallbackCurrentReplicasIfLower, AverageValue, 9, 9, 600_000, false},
		{"Value divides by the ready", FallbackStatic, Value, 9, 4, 150_000, false},
		{"Value without a ready pod", FallbackStatic, Value, 9, 0, 0, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			trigger := lagTrigger(0)
			trigger.Kind = c.kind
			k := NewKEDA(ScaledObject{
				MinReplicas: n32(1), Triggers: []Trigger{trigger},
				Fallback: &Fallback{FailureThreshold: 2, Replicas: 6, Behavior: c.behavior},
			}, start)
			w := Workload{SpecReplicas: c.spec, ReadyReplicas: c.ready}
			for i := range 2 {
				if r := k.Metrics(start, w, failing(), nil)[0]; !errors.Is(r.Err, errTest) {
					t.Fatalf("failure %d: %+v, want the error", i+1, r)
				}
			}
			r := k.Metrics(start, w, failing(), nil)[0]
			if (r.Err != nil) != c.fails || r.Milli != c.want {
				t.Errorf("third failure: %+v, want %d", r, c.want)
			}
			if k.Metrics(start, w, value(5), nil); k.Failures(0) != 0 {
				t.Errorf("%d failures after a success", k.Failures(0))
			}
		})
	}
}

// TestFallbackCountsPollsAndCalls: at minReplicaCount 0 both paths ask, and both count.
func TestFallbackCountsPollsAndCalls(t *testing.T) {
	so := ScaledObject{Triggers: []Trigger{lagTrigger(0)}, Fallback: &Fallback{FailureThreshold: 3, Replicas: 6}}
	k := NewKEDA(so, start)
	w := Workload{SpecReplicas: 2, ReadyReplicas: 2}
	k.Poll(start, w, true, failing())
	k.Metrics(start, w, failing(), nil)
	k.Poll(start, w, true, failing())
	if k.Failures(0) != 3 {
		t.Fatalf("%d failures, want 3", k.Failures(0))
	}
	if r := k.Metrics(start, w, failing(), nil)[0]; r.Err != nil || r.Milli != 600_000 {
		t.Errorf("fourth failure: %+v", r)
	}
	// The fallback counts as active, so nothing goes to zero.
	if d := k.Poll(start.Add(time.Hour), w, true, failing()); !d.Active || d.Scaled() {
		t.Errorf("%s, active %v", &d, d.Active)
	}
}

// TestFallbackHPAObservations: from minReplicaCount 1 on, a poll takes over what a healthy HPA asked for and counts
// nothing itself; while the HPA is not active, it asks.
func TestFallbackHPAObservations(t *testing.T) {
	so := ScaledObject{MinReplicas: n32(1), Triggers: []Trigger{lagTrigger(0)}, Fallback: &Fallback{FailureThreshold: 9, Replicas: 6}}
	k := NewKEDA(so, start)
	w := Workload{SpecReplicas: 2, ReadyReplicas: 2}
	asked := 0
	src := SourceFunc(func(time.Time, int) Answer { asked++; return Answer{Err: errTest} })
	k.Metrics(start, w, src, nil)
	k.Poll(start, w, true, src)
	if asked != 1 || k.Failures(0) != 1 {
		t.Errorf("asked %d times, %d failures; want 1, 1", asked, k.Failures(0))
	}
	k.Poll(start, w, false, src)
	if asked != 2 || k.Failures(0) != 2 {
		t.Errorf("asked %d times, %d failures; want 2, 2", asked, k.Failures(0))
	}
}

// TestCachedMetrics: the HPA gets the last poll's value, and a cached fallback resets the counter it came from.
func TestCachedMetrics(t *testing.T) {
	trigger := lagTrigger(0)
	trigger.UseCachedMetrics = true
	k := NewKEDA(ScaledObject{
		MinReplicas: n32(1), Triggers: []Trigger{trigger}, Fallback: &Fallback{FailureThreshold: 0, Replicas: 6},
	}, start)
	w := Workload{SpecReplicas: 2, ReadyReplicas: 2}
	if r := k.Metrics(start, w, value(7), nil)[0]; r.Milli != 7000 {
		t.Errorf("without a poll %+v, want a live value", r)
	}
	k.Poll(start, w, true, value(8))
	if r := k.Metrics(start, w, value(9), nil)[0]; r.Milli != 8000 {
		t.Errorf("after a poll %+v, want its value", r)
	}
	k.Poll(start, w, true, failing())
	if k.Failures(0) != 1 {
		t.Fatalf("%d failures", k.Failures(0))
	}
	if r := k.Metrics(start, w, value(9), nil)[0]; r.Milli != 600_000 || k.Failures(0) != 0 {
		t.Errorf("%+v, %d failures; want the cached fallback and 0", r, k.Failures(0))
	}
}

// TestUnreachableKafka: KEDA cannot rebuild the trigger, so it stops counting, and other triggers fail with it.
func TestUnreachableKafka(t *testing.T) {
	kafka := Trigger{Type: KafkaTrigger, Kafka: &Kafka{Topics: []string{"t"}, LagThreshold: 10}}
	for _, c := range []struct {
		name      string
		threshold int32
		fails     bool
	}{{"threshold above 0", 1, true}, {"threshold 0", 0, false}} {
		t.Run(c.name, func(t *testing.T) {
			k := NewKEDA(ScaledObject{
				MinReplicas: n32(1), Triggers: []Trigger{kafka, lagTrigger(0)}, Fallback: &Fallback{FailureThreshold: c.threshold, Replicas: 6},
			}, start)
			w := Workload{SpecReplicas: 2, ReadyReplicas: 2}
			up := SourceFunc(func(time.Time, int) Answer { return Answer{Value: 5, Partitions: at([3]int64{0, 9, 0})} })
			down := SourceFunc(func(_ time.Time, i int) Answer { return Answer{Value: 5, Unreachable: i == 0} })
			k.Metrics(start, w, up, nil)
			for range 20 {
				r := k.Metrics(start, w, down, nil)
				if (r[0].Err != nil) != c.fails || (r[1].Err != nil) != c.fails {
					t.Fatalf("kafka %+v, prometheus %+v", r[0], r[1])
				}
			}
			if c.fails && k.Failures(0) != 1 {
				t.Errorf("%d failures counted, want 1", k.Failures(0))
			}
			if r := k.Metrics(start, w, up, nil); r[0].Milli != 9000 || r[1].Milli != 5000 {
				t.Errorf("back again: %+v", r)
			}
		})
	}
}

func TestComposite(t *testing.T) {
	named := func(name string) Trigger { tr := lagTrigger(0); tr.Name = name; return tr }
	sum := func(values map[string]any) (float64, bool, error) {
		total := 0.0
		for _, name := range []string{"a", "b"} {
			v, ok := values[name].(float64)
			if !ok && values[name] != nil {
				return 0, false, errTest
			}
			total += v
		}
		return total, values["a"] == nil && values["b"] == nil, nil
	}
	object := func(f *Fallback) ScaledObject {
		return ScaledObject{
			Triggers: []Trigger{named("a"), named("b"), {Type: CPUTrigger, Resource: &ResourceTarget{Target: 60}}}, Fallback: f,
			Modifiers: &Modifiers{Formula: sum, Target: 2, TargetText: "2", ActivationTarget: 10},
		}
	}
	w := Workload{SpecReplicas: 3, ReadyReplicas: 3}
	src := func(a, b Answer) Source {
		return SourceFunc(func(_ time.Time, i int) Answer { return []Answer{a, b, {}}[i] })
	}
	k := NewKEDA(object(nil), start)
	if r := k.Metrics(start, w, src(Answer{Value: 4}, Answer{Value: 5.5}), nil); len(r) != 2 || r[1].Milli != 9500 {
		t.Errorf("formula %+v", r)
	}
	if r := k.Metrics(start, w, src(Answer{Value: 4}, Answer{Err: errTest}), nil); r[1].Err == nil {
		t.Errorf("one trigger failed: %+v", r)
	}
	if d := k.Poll(start, w, true, src(Answer{Value: 4}, Answer{Value: 6})); d.Active {
		t.Error("active at the activation target")
	}
	if d := k.Poll(start, w, true, src(Answer{Value: 4}, Answer{Value: 6.1})); !d.Active || d.ActiveTrigger != CompositeTrigger {
		t.Error("not active above the activation target")
	}
	if d := k.Poll(start, w, true, src(Answer{Value: 40}, Answer{Err: errTest})); d.Active {
		t.Error("active in spite of an error")
	}

	k = NewKEDA(object(&Fallback{FailureThreshold: 0, Replicas: 6}), start)
	if r := k.Metrics(start, w, src(Answer{Value: 4}, Answer{Err: errTest}), nil); r[1].Milli != 12_000 {
		t.Errorf("the fallback of one stands for all: %+v", r)
	}
	k = NewKEDA(object(&Fallback{FailureThreshold: 0, Replicas: 6, Behavior: FallbackScalingModifiers}), start)
	if r := k.Metrics(start, w, src(Answer{Value: 4}, Answer{Err: errTest}), nil); r[1].Milli != 4000 {
		t.Errorf("the formula sees nil: %+v", r)
	}
	if r := k.Metrics(start, w, src(Answer{Err: errTest}, Answer{Err: errTest}), nil); r[1].Milli != 12_000 {
		t.Errorf("a formula of nil is the fallback: %+v", r)
	}
	fraction := object(&Fallback{FailureThreshold: 0, Replicas: 6})
	fraction.Modifiers.TargetText = "2.5"
	k = NewKEDA(fraction, start)
	if r := k.Metrics(start, w, failing(), nil); r[1].Err == nil {
		t.Errorf("a fractional target has no fallback: %+v", r)
	}
}
