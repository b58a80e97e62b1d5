package simulate

import (
	"math"
	"testing"
	"time"

	"kafka_burndown_exporter/internal/lag"
	"kafka_burndown_exporter/lab/scenario"
)

func TestRateExtrapolatesLikePrometheus(t *testing.T) {
	cases := []struct {
		name string
		s    []sample
		want float64
		ok   bool
	}{
		{"one sample", []sample{{100, 5}}, 0, false},
		{"whole window", []sample{{0, 1000}, {30, 1300}, {60, 1600}, {90, 1900}, {120, 2200}}, 10, true},
		{"reset", []sample{{0, 1000}, {30, 1300}, {60, 0}, {90, 300}, {120, 600}}, 7.5, true},
		{"missing start: half a distance is added", []sample{{60, 1000}, {90, 1300}, {120, 1600}}, 600 * (60 + 15) / 60.0 / 120, true},
		{"never below zero", []sample{{90, 0}, {120, 300}}, 300.0 / 120, true},
	}
	for _, c := range cases {
		got, ok := rate(c.s, 120, 120)
		if ok != c.ok || math.Abs(got-c.want) > 1e-9 {
			t.Errorf("%s: %v, %v; want %v, %v", c.name, got, ok, c.want, c.ok)
		}
	}
}

func TestSlopeIsTheLeastSquaresLine(t *testing.T) {
	got, ok := slope([]sample{{10, 1}, {20, 3}, {30, 5}})
	if !ok || math.Abs(got-0.2) > 1e-12 {
		t.Errorf("slope is %v, %v", got, ok)
	}
	if _, ok := slope([]sample{{10, 1}}); ok {
		t.Error("one sample has a slope")
	}
}

// drive runs a small plant with its pipeline.
func drive(t *testing.T, rate float64, replicas, seconds int, each func(step int, p *prometheus)) *prometheus {
	t.Helper()
	plant, _ := small(t, rate, replicas, nil)
	plant.sc.Start = time.Unix(1_767_225_600, 0)
	plant.sc.Pipeline = scenario.DefaultPipeline()
	e := newExporter(plant)
	p := newPrometheus(e, clock{time.Second})
	for step := range seconds {
		if each != nil {
			each(step, p)
		}
		if step%10 == 0 {
			e.sample(step)
		}
		if step%15 == 4 {
			p.scrapeAll(step)
		}
		if step%15 == 9 {
			p.evaluateBase(step)
			p.evaluateRecording(step)
		}
		plant.advance(step)
	}
	return p
}

func value(t *testing.T, p *prometheus, series int) float64 {
	t.Helper()
	v, ok := p.rules[0].series[series].last()
	if !ok {
		return math.NaN()
	}
	return v
}

func TestRulesSeeWhatThePlantDoes(t *testing.T) {
	p := drive(t, 150, 2, 1800, nil)
	for name, c := range map[string]struct {
		series     int
		want, near float64
	}{
		"producer rate":       {recProduced, 150, 8},
		"consumer rate":       {recConsumed, 100, 5},
		"members":             {recMembers, 2, 0},
		"useful members":      {recUseful, 4, 0},
		"capacity per member": {recCapacity, 50, 2.5},
		"lag":                 {recLag, 50 * 1780, 2500},
		"desired":             {recDesired, 4, 0},
	} {
		if got := value(t, p, c.series); !(math.Abs(got-c.want) <= c.near) {
			t.Errorf("%s is %v, want %v ± %v", name, got, c.want, c.near)
		}
	}
}

func TestCapacityIsThePriorUntilAQuarterOfAnHourIsMeasured(t *testing.T) {
	early := drive(t, 150, 2, 600, nil)
	if got := value(t, early, recCapacity); got != 45 {
		t.Errorf("capacity after ten minutes is %v, want the prior of 45", got)
	}
	if got := value(t, early, recCapacity1h); lag.Known(got) {
		t.Errorf("max1h after ten minutes is %v, want none", got)
	}
}

func TestLostScrapesAreBridgedForAMinute(t *testing.T) {
	lost := func(from int) func(int, *prometheus) {
		return func(step int, p *prometheus) { p.exp.plant.lostScrape = step >= from }
	}
	if got := value(t, drive(t, 80, 2, 600, lost(570)), recLag); math.IsNaN(got) {
		t.Error("two lost scrapes make the lag absent")
	}
	if got := value(t, drive(t, 80, 2, 600, lost(500)), recLag); !math.IsNaN(got) {
		t.Errorf("after 100 s without a scrape the lag is %v, want none", got)
	}
}

func TestUnreadPartitionsWithholdTheTotals(t *testing.T) {
	p := drive(t, 80, 2, 600, func(step int, p *prometheus) {
		p.exp.plant.partial = 0
		if step > 400 {
			p.exp.plant.partial = 0.25
		}
	})
	if got := value(t, p, recLag); !math.IsNaN(got) {
		t.Errorf("lag from three of four partitions is %v, want none", got)
	}
}

// loop is a group under the desired replicas, evaluation by evaluation: what arrives, what a member can do, and what
// waits. A replica that is asked for is there 45 s later; none goes before it was not asked for in five minutes.
type loop struct {
	rules            *recorded
	step             int
	arriving, perPod float64
	waiting          float64
	replicas         float64
	asked, consumed  ring
	scratch          []sample
	longest          float64 // seconds of messages that waited
}

func newLoop(arriving, perPod, replicas, waiting float64) *loop {
	return &loop{rules: newRecorded(clock{15 * time.Second}, 15*time.Second, 0), arriving: arriving, perPod: perPod,
		replicas: replicas, waiting: waiting, asked: newRing(21), consumed: newRing(8)}
}

func (l *loop) run(d time.Duration) {
	l.longest = 0
	for end := l.step + l.rules.clock.steps(d); l.step < end; l.step++ {
		consumed := min(l.arriving+l.waiting/15, l.replicas*l.perPod)
		l.waiting += 15 * (l.arriving - consumed)
		l.longest = max(l.longest, l.waiting/l.arriving)
		l.consumed.push(l.step, consumed)
		l.scratch = l.consumed.since(l.step-8, l.scratch[:0])
		mean := 0.0
		for _, s := range l.scratch {
			mean += s.v / float64(len(l.scratch))
		}
		for series, v := range map[int]float64{
			recProduced: l.arriving, recConsumed: mean, recMembers: l.replicas, recUseful: 20, recComplete: 1,
			recLag: l.waiting, recBurndown: l.waiting / mean,
		} {
			l.rules.series[series].push(l.step, v)
		}
		l.rules.recording(l.step)
		if v, ok := l.rules.series[recDesired].last(); ok {
			l.asked.push(l.step, v)
		}
		l.scratch = l.asked.between(l.step-20, l.step-3, l.scratch[:0])
		then, ok := l.asked.before(l.step - 3)
		if _, most := extremes(l.scratch); ok && (then > l.replicas || most < l.replicas) {
			l.replicas = max(then, most)
		}
	}
}

func (l *loop) capacity() float64 {
	v, _ := l.rules.series[recCapacity7d].last()
	return v
}

// Members that are given 80 % of their capacity show 80 % of it. To forget the rest every week would add a quarter to the
// replicas every week.
func TestAConstantLoadDoesNotAddReplicas(t *testing.T) {
	l := newLoop(800, 200, 4, 200_000) // a queue at first: the members show 200
	l.run(24 * time.Hour)
	if math.Abs(l.capacity()-200) > 0.1 || l.replicas != 5 {
		t.Fatalf("after a day: capacity %v, %v replicas; want 200 and 5", l.capacity(), l.replicas)
	}
	l.run(6 * capacityWeek)
	if math.Abs(l.capacity()-200) > 0.1 || l.replicas != 5 {
		t.Errorf("after six weeks: capacity %v, %v replicas; want 200 and 5", l.capacity(), l.replicas)
	}
}

// A capacity that falls to the half makes messages wait, whatever the load. In the week after so much of that is learned
// that none waits any more, nor a week after another load.
func TestAFallOfCapacityIsLearned(t *testing.T) {
	for _, arriving := range []float64{400, 600, 700, 800, 1000, 1200, 1400, 1600} {
		l := newLoop(arriving, 200, 2, 500_000)
		l.run(2 * capacityWeek)
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
			l.run(capacityWeek)
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
	l := newLoop(800, 200, 4, 200_000)
	l.run(24 * time.Hour)
	without := func(members float64) (float64, bool) {
		for end := l.step + l.rules.clock.steps(capacityWeek+2*time.Hour); l.step < end; l.step++ {
			l.rules.series[recMembers].push(l.step, members)
			l.rules.recording(l.step)
		}
		return l.rules.series[recCapacity7d].last()
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
	r := newRecorded(clock{15 * time.Second}, 15*time.Second, 0)
	best := 0.0
	for step := range 200 {
		members, consumed := 2.0, 200.0
		if step >= 100 { // 8 members consume; the mean of two minutes follows, the members are seen 75 s later
			consumed = 200 + 600*min(1, float64(step-99)/8)
		}
		if step >= 105 {
			members = 8
		}
		for series, v := range map[int]float64{recConsumed: consumed, recMembers: members, recUseful: 20, recComplete: 1} {
			r.series[series].push(step, v)
		}
		r.recording(step)
		if v, ok := r.series[recCapacity2m].last(); ok {
			best = max(best, v)
		}
	}
	if now, ok := r.series[recCapacity2m].last(); best != 100 || !ok || now != 100 {
		t.Errorf("at most %v, at last %v; want 100", best, now)
	}
}
