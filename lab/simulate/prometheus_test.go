package simulate

import (
	"math"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"kafka_burndown_exporter/collector"
	"kafka_burndown_exporter/lab/plant"
	"kafka_burndown_exporter/lab/promql"
	"kafka_burndown_exporter/lab/scenario"
	"kafka_burndown_exporter/rules"
)

// recordedAs is a query on what the shipped rules make of a group's exported series.
func recordedAs(t testing.TB, signal string) string {
	t.Helper()
	name, err := rules.Shipped().Of(collector.LabelGroup, collector.Named(collector.LevelGroup, signal))
	if err != nil {
		t.Fatal(err)
	}
	return one(name)
}

func one(series string) string { return "max(" + series + `{consumergroup="g"})` }

const (
	desiredReplicas = "kafka_group_desired_replicas"
	memberCapacity  = "kafka_group_member_capacity"
)

// driven is a small plant with its pipeline, after some seconds.
type driven struct {
	prom    *prometheus
	queries map[string]*promql.Query
	step    int
}

// drive runs a group of four partitions at a constant rate.
func drive(t *testing.T, rate float64, replicas, seconds int, faults []scenario.Fault, queries ...string) *driven {
	t.Helper()
	return run(t, &scenario.Scenario{
		Start: time.Unix(1_767_225_600, 0), Duration: time.Hour, Pipeline: scenario.DefaultPipeline(), Faults: faults,
		Topics:    []scenario.Topic{{Name: "t", Partitions: 4}},
		Producers: []scenario.Producer{{Name: "p", Topic: "t", Profile: scenario.Profile{Points: []scenario.Point{{Rate: rate}}, Scale: 1}}},
		Services: []scenario.Service{{
			Name: "s", Group: "g", Topics: []string{"t"}, Capacity: scenario.Capacity{PerPod: 50}, StartDelay: 10 * time.Second,
			ReadyDelay: 5 * time.Second, SessionTimeout: 45 * time.Second, Assignor: "range", CommitInterval: 5 * time.Second,
			Rebalance: scenario.Rebalance{Pause: 3 * time.Second, Style: "eager"}, OffsetReset: "earliest",
		}},
	}, replicas, seconds, queries...)
}

// run runs a scenario's groups with the queries, without warm-up.
func run(t *testing.T, sc *scenario.Scenario, replicas, seconds int, queries ...string) *driven {
	t.Helper()
	world := plant.New(sc, plant.Options{Step: time.Second})
	for _, g := range world.Groups {
		g.Start(replicas)
	}
	e := plant.NewExporter(world)
	p, err := newPrometheus(world, e, &Phase{Recording: 7 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	d := &driven{prom: p, queries: map[string]*promql.Query{}}
	for _, text := range queries {
		if d.queries[text], err = p.server.Register(text); err != nil {
			t.Fatal(err)
		}
	}
	if err := p.start(0); err != nil {
		t.Fatal(err)
	}
	e.Begin(p.reads(collector.DesiredNames()))
	for step := range seconds {
		if step%10 == 0 {
			e.Sample(step)
		}
		if step%15 == 4 {
			p.scrape(step)
		}
		p.advance(step)
		world.Advance(step)
		d.step = step
	}
	return d
}

func (d *driven) value(query string) float64 { return d.at(query, d.step) }

func (d *driven) at(query string, step int) float64 {
	v, ok := d.queries[query].At(d.prom.millis(step)).One()
	if !ok {
		return math.NaN()
	}
	return v
}

func TestRecordedSeriesOfASteadyGroup(t *testing.T) {
	cases := map[string]struct {
		query      string
		want, near float64
	}{
		"producer rate":       {recordedAs(t, "producer_rate"), 150, 8},
		"consumer rate":       {recordedAs(t, "consumer_rate"), 100, 5},
		"members":             {recordedAs(t, "members"), 2, 0},
		"useful members":      {recordedAs(t, "useful_members"), 4, 0},
		"capacity per member": {one(memberCapacity), 50, 2.5},
		"lag":                 {recordedAs(t, "lag"), 50 * 1780, 2500},
		"desired":             {one(desiredReplicas), 4, 0},
		"a partition, as it was scraped": {
			`kafka_consumergroup_lag{consumergroup="g",topic="t",partition="2",job="kafka-burndown-exporter"}`, 50 * 1780 / 4, 700,
		},
	}
	var queries []string
	for _, c := range cases {
		queries = append(queries, c.query)
	}
	d := drive(t, 150, 2, 1800, nil, queries...)
	for name, c := range cases {
		if got := d.value(c.query); !(math.Abs(got-c.want) <= c.near) {
			t.Errorf("%s is %v, want %v ± %v", name, got, c.want, c.near)
		}
	}
}

// The capacity is absent until members were seen to work through a backlog, and what is asked for stands on it from then on.
func TestCapacityIsMeasuredInAMinute(t *testing.T) {
	d := drive(t, 150, 2, 120, nil, one(memberCapacity), one(desiredReplicas))
	if got := d.at(one(memberCapacity), 10); !math.IsNaN(got) {
		t.Errorf("capacity after ten seconds is %v, want none", got)
	}
	if got := d.value(one(memberCapacity)); math.Abs(got-50) > 2.5 {
		t.Errorf("capacity after two minutes is %v, want 50", got)
	}
	if got := d.value(one(desiredReplicas)); got != 4 {
		t.Errorf("%v replicas are asked for, want 4", got)
	}
}

func TestLostScrapesAreBridgedForAMinute(t *testing.T) {
	lag := recordedAs(t, "lag")
	lost := func(from time.Duration) []scenario.Fault {
		return []scenario.Fault{{Kind: scenario.FaultScrapes, At: from, For: time.Hour}}
	}
	if got := drive(t, 80, 2, 600, lost(570*time.Second), lag).value(lag); math.IsNaN(got) {
		t.Error("two lost scrapes make the lag absent")
	}
	if got := drive(t, 80, 2, 600, lost(500*time.Second), lag).value(lag); !math.IsNaN(got) {
		t.Errorf("after 100 s without a scrape the lag is %v, want none", got)
	}
}

func TestUnreadPartitionsWithholdTheTotals(t *testing.T) {
	lag := recordedAs(t, "lag")
	d := drive(t, 80, 2, 600, []scenario.Fault{{Kind: scenario.FaultPartial, At: 400 * time.Second, For: time.Hour, Factor: 0.25}}, lag)
	if got := d.value(lag); !math.IsNaN(got) {
		t.Errorf("lag from three of four partitions is %v, want none", got)
	}
}

// The rules on top are evaluated at their own times, on what the base rules recorded last.
func TestRulesHaveTheirOwnTimes(t *testing.T) {
	base, top := recordedAs(t, "lag"), one("consumergroup:kafka_group_lag:log2x7")
	d := drive(t, 300, 2, 600, nil, base, top)
	moved := map[string]map[int]bool{base: {}, top: {}}
	for step := 500; step < 590; step++ {
		for _, query := range []string{base, top} {
			if d.at(query, step) != d.at(query, step-1) {
				moved[query][step%15] = true
			}
		}
	}
	if len(moved[base]) != 1 || !moved[base][0] || len(moved[top]) != 1 || !moved[top][7] {
		t.Errorf("the base moved at %v, the rules on top at %v; want 0 and 7 of 15 s", moved[base], moved[top])
	}
}

// The exporter's own rates are believed; the consumer rate waits until the series covers the window.
func TestRatesAreTheExporters(t *testing.T) {
	produced, consumed := recordedAs(t, "producer_rate"), recordedAs(t, "consumer_rate")
	early := drive(t, 80, 2, 100, nil, produced, consumed)
	if got := early.value(produced); math.IsNaN(got) {
		t.Error("no producer rate after 100 s")
	}
	if got := early.value(consumed); !math.IsNaN(got) {
		t.Errorf("the consumer rate is %v after 100 s, want none", got)
	}
	if got := drive(t, 80, 2, 300, nil, consumed).value(consumed); math.Abs(got-80) > 4 {
		t.Errorf("the consumer rate is %v, want 80", got)
	}
}

// Whatever stands in the rule file is what is simulated, without a change of code: a constant, a window, a name.
func TestTheRuleFileDecides(t *testing.T) {
	edited := func(edits ...string) *scenario.Scenario {
		sc := load(t, "ride-hailing")
		for _, name := range []string{rules.BaseBurndownExporter, rules.Recording} {
			data, err := rules.Files.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			text := strings.NewReplacer(edits...).Replace(string(data))
			sc.Pipeline.RuleTexts = append(sc.Pipeline.RuleTexts, scenario.RuleText{Name: name, Data: []byte(text)})
		}
		return sc
	}
	replicas := func(sc *scenario.Scenario) (float64, error) {
		for _, c := range candidates(t, sc) {
			if c.Name == "log2x7-84" {
				res, err := Run(t.Context(), sc, c, Options{Window: &Window{From: 2 * time.Hour, Length: time.Hour}})
				if err != nil {
					return 0, err
				}
				return res[0].ReplicaMinutes, nil
			}
		}
		t.Fatal("no candidate is called log2x7-84")
		return 0, nil
	}
	shipped, err := replicas(edited())
	if err != nil {
		t.Fatal(err)
	}
	if plain, err := replicas(load(t, "ride-hailing")); err != nil || plain != shipped {
		t.Errorf("the shipped files give %v, %v; read from a copy %v", plain, err, shipped)
	}
	if steeper, err := replicas(edited("clamp(7 * log2(", "clamp(9 * log2(")); err != nil || !(steeper > 1.1*shipped) {
		t.Errorf("at 9 times the logarithm the candidate takes %v replica-minutes, %v; at 7 times %v", steeper, err, shipped)
	}
	if _, err := replicas(edited("record: consumergroup:kafka_group_lag:log2x7", "record: consumergroup:kafka_group_lag:other")); err == nil ||
		!strings.Contains(err.Error(), "never answered") {
		t.Errorf("under another name: error %v", err)
	}
}

// A scenario's own rule files are read with it.
func TestRuleFilesOfAScenario(t *testing.T) {
	files := fstest.MapFS{
		"rules/own.yaml": {Data: []byte(`groups: [{name: own, rules: [{record: "lag:doubled", expr: "2 * max(kafka_group_lag)"}]}]`)},
		"s.yaml": {Data: []byte(`
name: own
duration: 10m
pipeline: {rules: [rules/own.yaml], labels: {namespace: kafka}}
topics: [{name: t, partitions: 2}]
producers: [{name: p, topic: t, profile: {points: [{at: 0s, rate: 10}]}}]
services: [{name: s, group: g, topics: [t], capacity: {perPod: 5}}]
`)},
	}
	sc, err := scenario.LoadFS(files, "s.yaml")
	if err != nil {
		t.Fatal(err)
	}
	const doubled, lag = "lag:doubled", `kafka_group_lag{namespace="kafka"}`
	d := run(t, sc, 1, 300, doubled, lag)
	if a, b := d.value(doubled), d.value(lag); !(a > 1000) || math.Abs(a-2*b) > 300 {
		t.Errorf("doubled %v, lag %v", a, b)
	}
}
