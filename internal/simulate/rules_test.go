package simulate

import (
	"math"
	"testing"
	"time"

	"kafka_burndown_exporter/internal/lag"
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
	plant.sc.Pipeline.SampleInterval, plant.sc.Pipeline.RuleInterval = 10*time.Second, 15*time.Second
	plant.sc.Pipeline.RateWindow = 2 * time.Minute
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
