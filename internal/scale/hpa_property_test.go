package scale

import (
	"math/rand/v2"
	"testing"
	"time"
)

// randomSpec draws an HPA as the API server would accept it.
func randomSpec(r *rand.Rand) HPASpec {
	spec := HPASpec{MinReplicas: 1 + r.Int32N(5)}
	spec.MaxReplicas = spec.MinReplicas + r.Int32N(60)
	for range 1 + r.IntN(3) {
		spec.Metrics = append(spec.Metrics, MetricSpec{Kind: TargetKind(r.IntN(2)), Target: 1 + r.Int64N(1_000_000)})
	}
	if r.IntN(3) > 0 {
		spec.Behavior = &Behavior{Up: randomRules(r), Down: randomRules(r)}
	}
	return spec
}

func randomRules(r *rand.Rand) *Rules {
	if r.IntN(4) == 0 {
		return nil
	}
	rules := &Rules{Select: []SelectPolicy{"", SelectMax, SelectMin, SelectDisabled}[r.IntN(4)]}
	if r.IntN(2) == 0 {
		w := time.Duration(r.IntN(600)) * time.Second
		rules.Window = &w
	}
	if r.IntN(2) == 0 {
		tolerance := float64(r.IntN(30)) / 100
		rules.Tolerance = &tolerance
	}
	for range r.IntN(3) {
		rules.Policies = append(rules.Policies, Policy{
			Type: []PolicyType{Pods, Percent}[r.IntN(2)], Value: 1 + r.Int32N(100), Period: time.Duration(1+r.IntN(120)) * time.Second,
		})
	}
	return rules
}

// TestDecisionsStayInBounds: whatever happens, a target within min and max stays there, direction and limits agree,
// and the memory does not grow without end.
func TestDecisionsStayInBounds(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		spec := randomSpec(r)
		h := NewHPA(spec)
		n, now := spec.MinReplicas, start
		for range 400 {
			obs := Observation{SpecReplicas: n, StatusReplicas: n, ReadyReplicas: r.Int32N(n + 1)}
			failed := 0
			for range spec.Metrics {
				reading := Reading{Milli: r.Int64N(30_000_000)}
				if r.IntN(10) == 0 {
					reading, failed = Reading{Err: errTest}, failed+1
				}
				obs.Metrics = append(obs.Metrics, reading)
			}
			d := h.Reconcile(now, obs)
			switch {
			case d.Desired < spec.MinReplicas || d.Desired > spec.MaxReplicas:
				t.Fatalf("%+v: %s is out of bounds", spec, &d)
			case failed > 0 && d.Winner < 0 && d.Scaled():
				t.Fatalf("%+v: %s without a metric", spec, &d)
			case failed == len(spec.Metrics) && d.Scaled():
				t.Fatalf("%+v: %s though every metric failed", spec, &d)
			case d.Desired < n && h.spec.Behavior != nil && h.down.sel == SelectDisabled:
				t.Fatalf("%+v: %s though scaling down is disabled", spec, &d)
			case d.Desired > n && h.spec.Behavior != nil && h.up.sel == SelectDisabled:
				t.Fatalf("%+v: %s though scaling up is disabled", spec, &d)
			}
			n, now = d.Desired, now.Add(15*time.Second)
		}
		if len(h.recommendations) > 60 || len(h.upEvents) > 20 || len(h.downEvents) > 20 {
			t.Fatalf("%+v: %d recommendations, %d and %d events are kept", spec, len(h.recommendations), len(h.upEvents), len(h.downEvents))
		}
	}
}

// TestMoreUsageNeverMeansFewer: from equal memories, a higher metric never gives fewer replicas.
func TestMoreUsageNeverMeansFewer(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 2000 {
		spec := randomSpec(r)
		spec.Metrics = spec.Metrics[:1]
		n := spec.MinReplicas + r.Int32N(spec.MaxReplicas-spec.MinReplicas+1)
		a, b := NewHPA(spec), NewHPA(spec)
		first := steady(n, r.Int64N(30_000_000))
		x, y := a.Reconcile(start, first).Desired, b.Reconcile(start, first).Desired
		if x != y {
			t.Fatalf("equal inputs gave %d and %d", x, y)
		}
		low := r.Int64N(30_000_000)
		high := low + r.Int64N(30_000_000)
		dl, dh := a.Reconcile(seconds(15), steady(x, low)), b.Reconcile(seconds(15), steady(x, high))
		if dh.Desired < dl.Desired {
			t.Fatalf("%+v: %d gives %s, %d gives %s", spec, low, &dl, high, &dh)
		}
	}
}

func FuzzReconcile(f *testing.F) {
	f.Add(int32(1), int32(20), int64(1000), int64(5000), int32(2), int32(2), int32(2), false)
	f.Fuzz(func(t *testing.T, lo, hi int32, target, usage int64, spec, status, ready int32, value bool) {
		if lo < 1 || hi < lo || target < 1 || spec < 0 || status < 0 || ready < 0 {
			return
		}
		kind := AverageValue
		if value {
			kind = Value
		}
		h := NewHPA(HPASpec{MinReplicas: lo, MaxReplicas: hi, Metrics: one(kind, target)})
		obs := Observation{SpecReplicas: spec, StatusReplicas: status, ReadyReplicas: ready, Metrics: []Reading{{Milli: usage}}}
		d := h.Reconcile(start, obs)
		if d.Scaled() && (d.Desired < lo || d.Desired > hi) {
			t.Fatalf("%s", &d)
		}
	})
}

func BenchmarkReconcile(b *testing.B) {
	h := NewHPA(HPASpec{MinReplicas: 1, MaxReplicas: 80, Metrics: one(Value, 100_000), Behavior: &Behavior{}})
	obs := steady(50, 0)
	now := start
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		obs.Metrics[0].Milli = int64(80_000 + i%50_000)
		obs.SpecReplicas = h.Reconcile(now, obs).Desired
		now = now.Add(15 * time.Second)
	}
}
