package simulate

import (
	"math"
	"testing"
	"time"

	"kafka_burndown_exporter/collector"
	"kafka_burndown_exporter/internal/lag"
	"kafka_burndown_exporter/lab/promql"
	"kafka_burndown_exporter/rules"
)

const (
	aWeek = 7 * 24 * time.Hour
	// A message that waits longer makes the rules doubt the capacity.
	behindSeconds = 5
	everSeen      = "consumergroup:kafka_group_member_capacity:max7d"
	lastMinutes   = "consumergroup:kafka_group_member_capacity:rate2m"
)

// baseOnly is a Prometheus with the rules on top of the base, fed with what the base would record, every 15 s.
type baseOnly struct {
	server  *promql.Server
	queries map[string]*promql.Query
	series  map[string]promql.Ref
	now     int64
}

func newBaseOnly(t *testing.T, queries ...string) *baseOnly {
	t.Helper()
	b := &baseOnly{server: promql.NewServer(promql.Options{}), queries: map[string]*promql.Query{}, series: map[string]promql.Ref{},
		now: 15_000}
	data, err := rules.Files.ReadFile(rules.Recording)
	if err != nil {
		t.Fatal(err)
	}
	if err := b.server.LoadRules(rules.Recording, data); err != nil {
		t.Fatal(err)
	}
	for _, series := range queries {
		if b.queries[series], err = b.server.Register(one(series)); err != nil {
			t.Fatal(err)
		}
	}
	if err := b.server.Start(b.now); err != nil {
		t.Fatal(err)
	}
	for _, signal := range []string{"producer_rate", "consumer_rate", "members", "useful_members", "complete", "lag", "burndown_seconds"} {
		name, err := rules.Shipped().Of(collector.LabelGroup, collector.Named(collector.LevelGroup, signal))
		if err != nil {
			t.Fatal(err)
		}
		b.series[signal] = b.server.Wanted(promql.LabelsOf(promql.NameLabel, name, "job", "k", collector.LabelGroup, "g"))
	}
	return b
}

// step is one evaluation; signals that are not given are absent.
func (b *baseOnly) step(values map[string]float64) {
	for signal, ref := range b.series {
		if v, ok := values[signal]; ok && lag.Known(v) {
			b.server.Store().Append(ref, b.now, v)
		} else {
			b.server.Store().Stale(ref, b.now)
		}
	}
	b.server.Advance(b.now)
	b.now += 15_000
}

func (b *baseOnly) value(series string) (float64, bool) {
	return b.queries[series].At(b.now - 15_000).One()
}

// loop is a group under the desired replicas, evaluation by evaluation: what arrives, what a member can do, and what
// waits. A replica that is asked for is there 45 s later; none goes before it was not asked for in five minutes.
type loop struct {
	*baseOnly
	arriving, perPod float64
	waiting          float64
	replicas         float64
	asked, consumed  []float64 // newest last
	longest          float64   // seconds of messages that waited
}

func newLoop(t *testing.T, arriving, perPod, replicas, waiting float64) *loop {
	return &loop{baseOnly: newBaseOnly(t, desiredReplicas, everSeen), arriving: arriving, perPod: perPod, replicas: replicas,
		waiting: waiting}
}

func keep(v []float64, n int, x float64) []float64 {
	v = append(v, x)
	return v[max(0, len(v)-n):]
}

func (l *loop) run(d time.Duration) {
	l.longest = 0
	for range d / (15 * time.Second) {
		consumed := min(l.arriving+l.waiting/15, l.replicas*l.perPod)
		l.waiting += 15 * (l.arriving - consumed)
		l.longest = max(l.longest, l.waiting/l.arriving)
		l.consumed = keep(l.consumed, 8, consumed)
		mean := 0.0
		for _, v := range l.consumed {
			mean += v / float64(len(l.consumed))
		}
		l.step(map[string]float64{"producer_rate": l.arriving, "consumer_rate": mean, "members": l.replicas, "useful_members": 20,
			"complete": 1, "lag": l.waiting, "burndown_seconds": l.waiting / mean})
		if v, ok := l.value(desiredReplicas); ok {
			l.asked = keep(l.asked, 21, v)
		}
		if n := len(l.asked); n > 3 {
			then, most := l.asked[n-4], 0.0
			for _, v := range l.asked[:n-3] {
				most = max(most, v)
			}
			if then > l.replicas || most < l.replicas {
				l.replicas = max(then, most)
			}
		}
	}
}

func (l *loop) capacity() float64 {
	v, ok := l.value(everSeen)
	if !ok {
		return math.NaN()
	}
	return v
}

// Members that are given 80 % of their capacity show 80 % of it. To forget the rest every week would add a quarter to the
// replicas every week.
func TestAConstantLoadDoesNotAddReplicas(t *testing.T) {
	l := newLoop(t, 800, 200, 4, 200_000) // a queue at first: the members show 200
	l.run(24 * time.Hour)
	if math.Abs(l.capacity()-200) > 0.1 || l.replicas != 5 {
		t.Fatalf("after a day: capacity %v, %v replicas; want 200 and 5", l.capacity(), l.replicas)
	}
	l.run(2 * aWeek)
	if math.Abs(l.capacity()-200) > 0.1 || l.replicas != 5 {
		t.Errorf("after two weeks more: capacity %v, %v replicas; want 200 and 5", l.capacity(), l.replicas)
	}
}

// A capacity that falls to the half makes messages wait, whatever the load. In the week after so much of that is learned
// that none waits any more, nor a week after another load.
func TestAFallOfCapacityIsLearned(t *testing.T) {
	if testing.Short() {
		t.Skip("weeks of evaluations")
	}
	for _, arriving := range []float64{1200} {
		l := newLoop(t, arriving, 200, 2, 500_000)
		l.run(2 * aWeek)
		if math.Abs(l.capacity()-200) > 0.1 || l.waiting > 1 {
			t.Fatalf("%v/s: before the fall the capacity is %v, want 200, and %v messages wait", arriving, l.capacity(), l.waiting)
		}
		l.perPod = 100
		l.run(24 * time.Hour)
		if l.longest < behindSeconds || l.longest > 60 {
			t.Errorf("%v/s: after the fall messages wait up to %v s, want more than %v and less than a minute", arriving, l.longest,
				behindSeconds)
		}
		for _, load := range []float64{1, 0.5} {
			l.arriving = load * arriving
			l.run(aWeek)
			l.run(24 * time.Hour)
			if l.longest > behindSeconds {
				t.Errorf("%v/s: a week later messages still wait up to %v s", l.arriving, l.longest)
			}
		}
		if got := l.capacity(); got > 150 || got < 79 {
			t.Errorf("%v/s: in the end the capacity is %v, want about 100", arriving, got)
		}
	}
}

func TestWhatIsKnownGoesWithTheGroup(t *testing.T) {
	l := newLoop(t, 800, 200, 4, 200_000)
	l.run(24 * time.Hour)
	without := func(members float64) (float64, bool) {
		for range (aWeek + 2*time.Hour) / (15 * time.Second) {
			l.step(map[string]float64{"members": members})
		}
		return l.value(everSeen)
	}
	if v, ok := without(0); !ok || math.Abs(v-200) > 0.1 {
		t.Errorf("after a week at zero the capacity is %v, %v; want 200", v, ok)
	}
	if v, ok := without(lag.Absent); ok {
		t.Errorf("after a week without the group its capacity is %v, want none", v)
	}
}

// A change of membership that is seen a minute late must not pass for capacity.
func TestMembersThatAreSeenLateTeachNothing(t *testing.T) {
	b := newBaseOnly(t, lastMinutes)
	best := 0.0
	for step := range 200 {
		members, consumed := 2.0, 200.0
		if step >= 100 { // 8 members consume; the mean of two minutes follows, the members are seen 75 s later
			consumed = 200 + 600*min(1, float64(step-99)/8)
		}
		if step >= 105 {
			members = 8
		}
		b.step(map[string]float64{"consumer_rate": consumed, "members": members, "useful_members": 20, "complete": 1})
		if v, ok := b.value(lastMinutes); ok {
			best = max(best, v)
		}
	}
	if now, ok := b.value(lastMinutes); best != 100 || !ok || now != 100 {
		t.Errorf("at most %v, at last %v; want 100", best, now)
	}
}
