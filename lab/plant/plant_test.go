package plant

import (
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"kafka_burndown_exporter/lab/scenario"
)

func TestAssignors(t *testing.T) {
	two := []slot{{0, -1}, {0, -1}, {0, -1}, {0, -1}, {0, -1}, {1, -1}, {1, -1}, {1, -1}, {1, -1}, {1, -1}}
	owned := []slot{{0, 0}, {0, 0}, {0, 0}, {0, 1}, {0, 1}, {0, -1}}
	cases := []struct {
		assignor string
		slots    []slot
		members  int
		want     []int
	}{
		{"range", two, 3, []int{0, 0, 1, 1, 2, 0, 0, 1, 1, 2}},
		{"range", two, 6, []int{0, 1, 2, 3, 4, 0, 1, 2, 3, 4}},
		{"roundrobin", two, 3, []int{0, 1, 2, 0, 1, 2, 0, 1, 2, 0}},
		{"range", two, 0, []int{-1, -1, -1, -1, -1, -1, -1, -1, -1, -1}},
		{"cooperative-sticky", owned, 2, []int{0, 0, 0, 1, 1, 1}},
		{"sticky", owned, 3, []int{0, 0, 2, 1, 1, 2}},
	}
	for _, c := range cases {
		if d := cmp.Diff(c.want, assign(c.assignor, c.slots, c.members)); d != "" {
			t.Errorf("%s over %d members (-want +got):\n%s", c.assignor, c.members, d)
		}
	}
}

// small is a plant of one service at a constant rate.
func small(t *testing.T, rate float64, replicas int, change func(*scenario.Scenario)) (*Plant, *Group) {
	t.Helper()
	sc := &scenario.Scenario{
		Duration: time.Hour, Topics: []scenario.Topic{{Name: "t", Partitions: 4}},
		Producers: []scenario.Producer{{Name: "p", Topic: "t", Profile: scenario.Profile{Points: []scenario.Point{{Rate: rate}}, Scale: 1}}},
		Services: []scenario.Service{{
			Name: "s", Group: "g", Topics: []string{"t"}, Capacity: scenario.Capacity{PerPod: 50}, StartDelay: 10 * time.Second,
			ReadyDelay: 5 * time.Second, SessionTimeout: 45 * time.Second, Assignor: "range", CommitInterval: 5 * time.Second,
			Rebalance: scenario.Rebalance{Pause: 3 * time.Second, Style: "eager"}, OffsetReset: "earliest",
		}},
	}
	if change != nil {
		change(sc)
	}
	p := New(sc, Options{Step: time.Second})
	p.Groups[0].Start(replicas)
	return p, p.Groups[0]
}

func steps(p *Plant, from, to int) {
	for step := from; step < to; step++ {
		p.Advance(step)
	}
}

func TestLagIsWhatCapacityLeaves(t *testing.T) {
	p, g := small(t, 150, 2, nil)
	steps(p, 0, 100)
	if lag := g.Lag(); math.Abs(lag-5000) > 1 {
		t.Errorf("lag after 100 s of 150/s against 100/s is %v, want 5000", lag)
	}
	// What was consumed is the first 10000 messages: the oldest waiting was produced 100 − 10000/150 s ago.
	if age := g.Age(99); math.Abs(age-33) > 2 {
		t.Errorf("age is %v s, want about 33", age)
	}
}

func TestPodsJoinAfterTheirDelayAndPauseTheGroup(t *testing.T) {
	p, g := small(t, 80, 2, nil)
	steps(p, 0, 10)
	g.ScaleTo(10, 4)
	steps(p, 10, 20)
	if len(g.members) != 2 {
		t.Errorf("%d members before the start delay", len(g.members))
	}
	steps(p, 20, 22)
	if len(g.members) != 4 || g.consumed != 0 || g.stable(21) {
		t.Errorf("%d members consumed %v, stable %v, in an eager rebalance", len(g.members), g.consumed, g.stable(21))
	}
	if ready := g.Ready(21); ready != 2 {
		t.Errorf("%d pods are Ready before their probe", ready)
	}
	steps(p, 22, 40)
	if g.Lag() > 1 || g.Ready(39) != 4 {
		t.Errorf("lag %v, %d ready", g.Lag(), g.Ready(39))
	}
}

func TestCooperativeRebalanceKeepsWhatStays(t *testing.T) {
	p, g := small(t, 80, 2, func(sc *scenario.Scenario) {
		sc.Services[0].Assignor, sc.Services[0].Rebalance.Style = "cooperative-sticky", "cooperative"
	})
	steps(p, 0, 10)
	g.ScaleTo(10, 3)
	steps(p, 10, 21)
	if g.consumed <= 40 || g.consumed >= 80 {
		t.Errorf("%v consumed of 80 while one of four partitions moves", g.consumed)
	}
}

func TestCrashRepeatsWhatWasNotCommittedAndLosesNothing(t *testing.T) {
	p, g := small(t, 80, 2, nil)
	steps(p, 0, 28)
	before := g.parts[0].pos
	g.crash(28, 1)
	steps(p, 28, 74)
	if len(g.members) != 2 {
		t.Errorf("%d members after the session timed out", len(g.members))
	}
	if g.parts[0].committed < before-5*20-1 {
		t.Errorf("went back from %v to %v: more than one commit interval", before, g.parts[0].committed)
	}
	steps(p, 74, 500)
	if g.Lag() > 1 || g.lost != 0 {
		t.Errorf("lag %v, lost %v", g.Lag(), g.lost)
	}
}

func TestRetentionLosesMessagesOnce(t *testing.T) {
	p, g := small(t, 80, 0, func(sc *scenario.Scenario) { sc.Topics[0].Retention = 30 * time.Second })
	steps(p, 0, 100)
	want := 80.0 * (100 - 30)
	if math.Abs(g.lost-want) > 161 {
		t.Errorf("lost %v of a topic that keeps 30 s, want about %v", g.lost, want)
	}
	if lag := g.Lag(); lag > 80*32 {
		t.Errorf("lag %v counts what is gone", lag)
	}
}

func TestScaleDownTakesUnreadyThenNewest(t *testing.T) {
	p, g := small(t, 80, 2, nil)
	steps(p, 0, 10)
	g.ScaleTo(10, 4)
	oldest := g.pods[0]
	g.ScaleTo(11, 2)
	if len(g.pods) != 2 || g.pods[0] != oldest || g.pods[1].ready > 0 {
		t.Errorf("pods left: %+v", g.pods)
	}
}

func TestPastReachesBackFurtherThanItsRing(t *testing.T) {
	var h past
	h.init(1)
	for i := range 20_000 {
		h.record([]float64{float64(i + 1)})
	}
	for _, offset := range []float64{100, 10_000, 19_990} {
		if got := h.reached(0, 0, offset+0.5); math.Abs(float64(got)-(offset-1)) > coarseStep {
			t.Errorf("offset %v was reached after step %d", offset, got)
		}
	}
	if hint := h.reached(19_000, 0, 500); hint > 500 {
		t.Errorf("going back ends at %d", hint)
	}
}
