package scale

import (
	"math"
	"strings"
	"testing"
	"time"
)

func seconds(n int) time.Time { return start.Add(time.Duration(n) * time.Second) }

func steady(n int32, milli ...int64) Observation {
	o := Observation{SpecReplicas: n, StatusReplicas: n, ReadyReplicas: n}
	for _, m := range milli {
		o.Metrics = append(o.Metrics, Reading{Milli: m})
	}
	return o
}

func one(kind TargetKind, target int64) []MetricSpec {
	return []MetricSpec{{Name: "m", Kind: kind, Target: target}}
}

// TestProposals holds the table of a log2×7 gauge and of raw lag to ceil and tolerance.
func TestProposals(t *testing.T) {
	for _, c := range []struct {
		name      string
		kind      TargetKind
		target    float64
		value     float64
		n         int32
		want      int32
		tolerated bool
	}{
		{"log2x7 at 84, lag 30000", Value, 84, Log2x7(30_000, 140), 50, 62, false},
		{"log2x7 at 84, lag 5000", Value, 84, Log2x7(5_000, 140), 50, 50, true},
		{"log2x7 at 100, lag 60000", Value, 100, Log2x7(60_000, 140), 50, 56, false},
		{"log2x7 at 100, lag 30000", Value, 100, Log2x7(30_000, 140), 50, 50, true},
		{"log2x7 as AverageValue", AverageValue, 84, Log2x7(847_000, 140), 50, 2, false},
		{"raw lag as Value", Value, 5000, 300_000, 50, 3000, false},
		{"raw lag as AverageValue", AverageValue, 1000, 847_000, 2, 847, false},
		{"upper end of the band", AverageValue, 1000, 2200, 2, 2, true},
		{"lower end of the band", AverageValue, 1000, 1800, 2, 2, true},
		{"19 held at an ask of 20", AverageValue, 1, 20, 19, 19, true},
		{"zero", AverageValue, 1000, 0, 5, 0, false},
		{"beyond an int32", AverageValue, 0.001, 1e12, 5, math.MaxInt32, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := NewHPA(HPASpec{MinReplicas: 1, MaxReplicas: math.MaxInt32, Metrics: one(c.kind, Milli(c.target))})
			d := h.Reconcile(start, steady(c.n, Milli(c.value)))
			if p := d.Proposals[0]; p.Replicas != c.want || p.Tolerated != c.tolerated {
				t.Errorf("%+v, want %d, tolerated %v", p, c.want, c.tolerated)
			}
		})
	}
}

// TestValueCompounds: the log bounds the gain per sync, not where it ends.
func TestValueCompounds(t *testing.T) {
	no := time.Duration(0)
	h := NewHPA(HPASpec{MaxReplicas: 1000, Metrics: one(Value, 84_000), Behavior: &Behavior{
		Up: &Rules{Window: &no, Policies: []Policy{{Type: Percent, Value: 900, Period: time.Second}}},
	}})
	n := int32(50)
	for i, want := range []int32{76, 116, 176, 267, 405} {
		n = h.Reconcile(seconds(15*i), steady(n, Milli(Log2x7(300_000, 140)))).Desired
		if n != want {
			t.Fatalf("sync %d: %d, want %d", i, n, want)
		}
	}
}

func TestStatusUnlikeSpec(t *testing.T) {
	h := NewHPA(HPASpec{MaxReplicas: 20, Metrics: one(AverageValue, 1000_000)})
	// A rollout's surge: the dead band is around the pods that exist, and holding means their number.
	obs := Observation{SpecReplicas: 4, StatusReplicas: 5, ReadyReplicas: 4, Metrics: []Reading{{Milli: 5_200_000}}}
	if d := h.Reconcile(start, obs); d.Desired != 5 || !d.Proposals[0].Tolerated {
		t.Errorf("%s", &d)
	}
	v := NewHPA(HPASpec{MaxReplicas: 20, Metrics: one(Value, 1000_000), Behavior: &Behavior{Down: &Rules{Window: new(time.Duration)}}})
	v.Reconcile(start, steady(8, 1000_000))
	// Unready pods shrink the answer of Value under load.
	obs = Observation{SpecReplicas: 8, StatusReplicas: 8, ReadyReplicas: 4, Metrics: []Reading{{Milli: 1_500_000}}}
	if d := v.Reconcile(seconds(15), obs); d.Desired != 6 {
		t.Errorf("%s", &d)
	}
	obs = Observation{SpecReplicas: 6, Metrics: []Reading{{Milli: 1_500_000}}}
	if d := v.Reconcile(seconds(30), obs); d.Err == nil || d.Limit != LimitMetricError {
		t.Errorf("no pods: %s", &d)
	}
}

func TestLimits(t *testing.T) {
	failed := Observation{SpecReplicas: 5, StatusReplicas: 5, ReadyReplicas: 5, Metrics: []Reading{{Err: errTest}, {Milli: 1000}}}
	up := failed
	up.Metrics = []Reading{{Err: errTest}, {Milli: 9000}}
	refused := steady(5, 9000, 9000)
	refused.UpdateFails = true
	for _, c := range []struct {
		name   string
		obs    Observation
		want   int32
		limit  Limit
		winner int
		text   string
	}{
		{"zero is left alone", steady(0, 9000, 9000), 0, LimitZero, -1, "disabled"},
		{"above max", steady(40, 1, 1), 10, LimitMax, -1, "40 → 10"},
		{"below min", steady(1, 1, 1), 2, LimitMin, -1, "1 → 2"},
		{"max", steady(8, 20_000, 1000), 10, LimitMax, 0, "limited by max"},
		{"up policy", steady(2, 20_000, 1000), 6, LimitUpPolicy, 0, "scale-up policies"},
		{"the second metric wins", steady(5, 1000, 7000), 7, LimitNone, 1, "as proposed"},
		{"down window", steady(5, 2000, 3000), 5, LimitDownWindow, 1, "scale-down window"},
		{"an error forbids to scale down", failed, 5, LimitMetricError, -1, "failed metric"},
		{"an error does not forbid to scale up", up, 9, LimitNone, 1, "5 → 9"},
		{"refused", refused, 5, LimitUpdate, 0, "refused"},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := NewHPA(HPASpec{MinReplicas: 2, MaxReplicas: 10, Behavior: &Behavior{}, Metrics: []MetricSpec{
				{Name: "a", Target: 1000}, {Name: "b", Target: 1000},
			}})
			d := h.Reconcile(start, c.obs)
			if d.Desired != c.want || d.Limit != c.limit || d.Winner != c.winner || !strings.Contains(d.String(), c.text) {
				t.Errorf("%s (limit %d, winner %d)", &d, d.Limit, d.Winner)
			}
		})
	}
}

// TestOutdatedSlotStillCounts: an old event of one direction counts in the other's longer period until its slot is
// taken.
func TestOutdatedSlotStillCounts(t *testing.T) {
	no := time.Duration(0)
	h := NewHPA(HPASpec{MaxReplicas: 100, Metrics: one(AverageValue, 1000), Behavior: &Behavior{
		Up:   &Rules{Window: &no, Policies: []Policy{{Type: Pods, Value: 4, Period: 15 * time.Second}}},
		Down: &Rules{Window: &no, Policies: []Policy{{Type: Pods, Value: 1, Period: 600 * time.Second}}},
	}})
	h.Reconcile(seconds(0), steady(10, 10_000))
	if d := h.Reconcile(seconds(15), steady(10, 100_000)); d.Desired != 14 {
		t.Fatalf("up: %s", &d)
	}
	// 14 − 4 added − 1: the scale-down may undo the addition, too.
	if d := h.Reconcile(seconds(120), steady(14, 1000)); d.Desired != 9 {
		t.Fatalf("down: %s", &d)
	}
}

func TestDisabledAndMin(t *testing.T) {
	no := time.Duration(0)
	policies := []Policy{{Type: Pods, Value: 1, Period: time.Minute}, {Type: Percent, Value: 100, Period: time.Minute}}
	for sel, want := range map[SelectPolicy]int32{SelectDisabled: 10, SelectMin: 11, SelectMax: 20, "": 20} {
		h := NewHPA(HPASpec{MaxReplicas: 100, Metrics: one(AverageValue, 1000),
			Behavior: &Behavior{Up: &Rules{Window: &no, Select: sel, Policies: policies}}})
		if d := h.Reconcile(start, steady(10, 1)); d.Scaled() {
			t.Fatalf("%s", &d)
		}
		h = NewHPA(h.Spec())
		h.recommendations = []recommendation{{100, start}}
		if d := h.Reconcile(seconds(15), steady(10, 100_000)); d.Desired != want {
			t.Errorf("%q: %s, want %d", sel, &d, want)
		}
	}
}

func TestResourceMetrics(t *testing.T) {
	ready := func(usage int64) Pod {
		u := PodUsage{RequestMilli: 1000, Measured: true, UsageMilli: usage, At: seconds(3600), Window: time.Minute}
		return Pod{Phase: PodRunning, Ready: true, Started: start, ReadyChanged: seconds(20), CPU: u, Memory: u}
	}
	change := func(p Pod, f func(*Pod)) Pod { f(&p); return p }
	missing := change(ready(0), func(p *Pod) { p.CPU.Measured, p.Memory.Measured = false, false })
	unready := change(ready(1000), func(p *Pod) { p.Ready = false })
	young := change(ready(5000), func(p *Pod) { p.Started, p.ReadyChanged = seconds(3500), seconds(3590) })
	for _, c := range []struct {
		name     string
		resource Resource
		kind     TargetKind
		target   int64
		pods     []Pod
		want     int32
		fails    bool
	}{
		{"over the target", CPU, Utilization, 50, []Pod{ready(1000), ready(1000)}, 4, false},
		{"in the dead band", CPU, Utilization, 50, []Pod{ready(540), ready(540)}, 2, false},
		{"a missing pod is idle upwards", CPU, Utilization, 50, []Pod{ready(1000), missing}, 2, false},
		{"a missing pod is full downwards", CPU, Utilization, 50, []Pod{ready(100), missing}, 2, false},
		{"an unready pod is idle upwards", CPU, Utilization, 50, []Pod{ready(2000), unready}, 4, false},
		{"unready since it ran does not count for memory", Memory, Utilization, 50, []Pod{ready(1000), unready}, 4, false},
		{"cpu of a start is not believed", CPU, Utilization, 50, []Pod{ready(500), young}, 2, false},
		{"failed pods are ignored", CPU, Utilization, 50, []Pod{ready(1000), change(ready(9000), func(p *Pod) { p.Phase = PodFailed })}, 2, false},
		{"pending only", CPU, Utilization, 50, []Pod{change(ready(1000), func(p *Pod) { p.Phase = PodPending })}, 0, true},
		{"no pods", CPU, Utilization, 50, nil, 0, true},
		{"no request", CPU, Utilization, 50, []Pod{change(ready(1000), func(p *Pod) { p.CPU.RequestMilli = 0 })}, 0, true},
		{"average value needs no request", CPU, AverageValue, 500, []Pod{change(ready(1000), func(p *Pod) { p.CPU.RequestMilli = 0 })}, 2, false},
		{"average value, missing pod downwards", CPU, AverageValue, 500, []Pod{ready(100), missing}, 2, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := NewHPA(HPASpec{MaxReplicas: 100, Metrics: []MetricSpec{{Resource: c.resource, Kind: c.kind, Target: c.target}}})
			n := int32(max(len(c.pods), 1))
			d := h.Reconcile(seconds(3620), Observation{SpecReplicas: n, StatusReplicas: n, ReadyReplicas: n, Pods: c.pods})
			p := d.Proposals[0]
			if (p.Err != nil) != c.fails || p.Replicas != c.want {
				t.Errorf("%+v, want %d", p, c.want)
			}
		})
	}
}

// TestEventsNotedLate: an event as old as its policy's period is free, and counts one sync longer if it was noted late.
func TestEventsNotedLate(t *testing.T) {
	for delay, want := range map[time.Duration][]int32{0: {7, 7, 12, 12}, time.Millisecond: {7, 7, 7, 12}} {
		h := NewHPA(HPASpec{MaxReplicas: 20, Metrics: one(AverageValue, 1000), Behavior: &Behavior{
			Up: &Rules{Policies: []Policy{{Type: Pods, Value: 5, Period: 30 * time.Second}}},
		}})
		h.DelayEvents(delay)
		n := int32(2)
		for i, w := range want {
			if n = h.Reconcile(seconds(15*i), steady(n, 20_000)).Desired; n != w {
				t.Errorf("delayed by %v: %d replicas at sync %d, want %d", delay, n, i, w)
			}
		}
	}
}
