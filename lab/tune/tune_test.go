package tune

import (
	"context"
	"fmt"
	"math"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"kafka_burndown_exporter/internal/cli"
	"kafka_burndown_exporter/lab/recording"
	"kafka_burndown_exporter/lab/scenario"
	"kafka_burndown_exporter/lab/simulate"
	"kafka_burndown_exporter/rules"
)

func shippedQuery(t testing.TB) QueryText {
	t.Helper()
	all, err := rules.TriggerQueries()
	if err != nil {
		t.Fatal(err)
	}
	return func(name, group, threshold string) (string, error) {
		for _, q := range all.Queries {
			if q.Name == name {
				return q.Expr(group, threshold), nil
			}
		}
		return "", fmt.Errorf("no query %q", name)
	}
}

func load(t testing.TB, name string) *scenario.Scenario {
	t.Helper()
	sc, err := scenario.Load("../../scenarios/" + name + ".yaml")
	if err != nil {
		t.Fatal(err)
	}
	return sc
}

// week is a week of one-minute history with a busy weekend.
func week(t testing.TB) *scenario.Scenario {
	t.Helper()
	s := &scenario.Series{MaxGap: 90 * time.Second}
	for m := range 7 * 24 * 60 {
		hour := float64(m) / 60
		rate := 600 + 450*math.Cos((hour-19)/24*2*math.Pi)
		if day, h := m/1440, math.Mod(hour, 24); day >= 4 && day < 6 && h >= 18 && h < 22 {
			rate *= 1.6
		}
		s.Times = append(s.Times, time.Duration(m)*time.Minute)
		s.Values = append(s.Values, rate*(1+0.05*math.Sin(float64(m)*1.7)))
	}
	sc, err := recording.Replay("week", &recording.History{From: time.Unix(1_767_225_600, 0), Produced: s}, recording.Workload{
		Service: "consumer", Namespace: "default", Group: "consumer", Topic: "events", Partitions: 12, Capacity: 150,
		StartDelay: 30 * time.Second, RebalancePause: 5 * time.Second, Cost: 0.05,
		Objective: scenario.Objective{MaxAge: 30 * time.Second, Percentile: 99, MaxLag: 1000},
	})
	if err != nil {
		t.Fatal(err)
	}
	return sc
}

// BenchmarkTuneWeek is tune on a week of one-minute history of one group.
func BenchmarkTuneWeek(b *testing.B) {
	sc, query := week(b), shippedQuery(b)
	for b.Loop() {
		if _, err := Search(context.Background(), sc, "consumer", Limits{}, query, nil); err != nil {
			b.Fatal(err)
		}
	}
}

func TestTuneRecommendsWhatMeetsTheObjective(t *testing.T) {
	sc := load(t, "payments")
	done, total := 0, 0
	progress := func(d, all int) { done, total = d, all }
	tn, err := Search(context.Background(), sc, "analytics-consumer", Limits{Preset: "quick", Max: 6}, shippedQuery(t), progress)
	if err != nil {
		t.Fatal(err)
	}
	if done != total || done != tn.Searched || len(tn.Variants) != tn.Searched {
		t.Errorf("progress %d of %d, searched %d, shown %d", done, total, tn.Searched, len(tn.Variants))
	}
	rec := tn.Recommended
	for _, v := range tn.Variants {
		if v.Result.Meets && tn.calm(v) && 1.05*v.Result.ReplicaMinutes < rec.Result.ReplicaMinutes {
			t.Errorf("%s meets the objective for less than %s", v.name(), rec.name())
		}
		if v.m.Max > 6 || v.Result.MaxReplicas > 6 {
			t.Errorf("%s goes to %d replicas", v.name(), v.Result.MaxReplicas)
		}
		for _, o := range tn.Variants {
			beaten := o.Result.PercentileAge < v.Result.PercentileAge && o.Result.ReplicaMinutes < v.Result.ReplicaMinutes
			if v.Front && beaten {
				t.Errorf("%s is on the front, but %s is better", v.name(), o.name())
			}
		}
	}
	var b strings.Builder
	if err := tn.WriteText(&b); err != nil {
		t.Fatal(err)
	}
	_, manifest, ok := strings.Cut(b.String(), "\n---\n")
	if !ok || manifest != string(rec.Manifest) || !strings.Contains(b.String(), "Recommended: "+rec.name()) {
		t.Errorf("output:\n%s", b.String())
	}
	if _, err := simulate.FromYAML(sc, "again", []byte(manifest)); err != nil {
		t.Error(err)
	}
}

// The exporter's desired replicas are searched for their objective alone, and the exporter has to be told which was found.
func TestTuneSearchesThePilotsObjective(t *testing.T) {
	sc := load(t, "ride-hailing")
	sc.Duration = 2 * time.Hour
	tn, err := Search(context.Background(), sc, "driver-matching", Limits{}, shippedQuery(t), nil)
	if err != nil {
		t.Fatal(err)
	}
	objectives := map[time.Duration]bool{}
	profiles := map[string]bool{}
	for _, v := range tn.Variants {
		if v.Objective == 0 {
			profiles[v.Preset] = true
			continue
		}
		if objectives[v.Objective] || v.m.Triggers[0].Name != desiredReplicas || v.Preset != followed().Name {
			t.Errorf("%s: %+v", v.name(), v.m.Triggers)
		}
		objectives[v.Objective] = true
	}
	if len(objectives) != len(pilotSettings(tn.Service)) || len(profiles) != len(Presets()) {
		t.Errorf("objectives %v, plain triggers under %v", objectives, profiles)
	}
	rec := tn.Recommended
	if rec.Objective == 0 {
		t.Fatalf("%s is recommended", rec.name())
	}
	want := "--desired.objective-for='driver-matching=" + cli.Span(rec.Objective) + "'"
	if !strings.Contains(strings.Join(tn.Why, " "), want) || !strings.Contains(string(rec.Manifest), want) {
		t.Errorf("%q is not in %q or in\n%s", want, tn.Why, rec.Manifest)
	}
	// More time costs less, within what a rebalance more or less makes.
	least, most := rec.Result, rec.Result
	for _, v := range tn.Variants {
		if v.Objective == 7*time.Second {
			least = v.Result
		}
		if v.Objective == 40*time.Second {
			most = v.Result
		}
	}
	if least.ReplicaMinutes <= most.ReplicaMinutes {
		t.Errorf("an objective of 7 s takes %v replica-minutes, of 40 s %v", least.ReplicaMinutes, most.ReplicaMinutes)
	}
}

// What tune writes has no serious lint, whatever the metric and the profile.
func TestTunedManifestsAreClean(t *testing.T) {
	sc := load(t, "tuning-profiles")
	svc := &sc.Services[0]
	l := simulate.MeasureLoad(sc, svc)
	all, err := space(sc, svc, &l, Limits{}, shippedQuery(t))
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range all {
		for _, f := range simulate.Lints(sc, []*simulate.Candidate{v.cand}) {
			if f.Severity == "error" {
				t.Errorf("%s: %s: %s", v.name(), f.ID, f.Reason)
			}
		}
	}
}

func TestTuneNamesTheWrongFlag(t *testing.T) {
	sc := load(t, "payments")
	if _, err := Search(context.Background(), sc, "nobody", Limits{}, shippedQuery(t), nil); err == nil || !strings.HasPrefix(err.Error(), "--service: ") {
		t.Errorf("error is %v", err)
	}
	_, err := Search(context.Background(), sc, "analytics-consumer", Limits{Preset: "best"}, shippedQuery(t), nil)
	if err == nil || !strings.HasPrefix(err.Error(), "--preset: ") {
		t.Errorf("error is %v", err)
	}
}

// A profile has one name: as a preset, as a candidate of the scenario, and as a component of deploy/keda.
func TestPresetsAreTheProfilesOfDeploy(t *testing.T) {
	entries, err := os.ReadDir("../../deploy/keda/profiles")
	if err != nil {
		t.Fatal(err)
	}
	var profiles, presets, candidates []string
	for _, e := range entries {
		profiles = append(profiles, e.Name())
	}
	for _, p := range Presets() {
		presets = append(presets, p.Name)
	}
	for _, c := range load(t, "tuning-profiles").Candidates {
		if slices.Contains(profiles, c.Name) {
			candidates = append(candidates, c.Name)
		}
	}
	slices.Sort(presets)
	slices.Sort(candidates)
	if !slices.Equal(presets, profiles) || !slices.Equal(candidates, profiles) {
		t.Errorf("deploy/keda/profiles has %v, presets are %v, candidates %v", profiles, presets, candidates)
	}
}

func TestPresetBounds(t *testing.T) {
	l := simulate.Load{Partitions: 10, Capacity: 100, Low: 80, Mean: 350, Peak: 740}
	want := map[string][2]int{"quick": {1, 10}, "slow": {2, 5}, "known-peaks": {4, 10}, "initial-load": {3, 10}, "consistently-high": {6, 10}}
	for _, p := range Presets() {
		if got := [2]int{p.Min(&l), p.Max(&l)}; got != want[p.Name] {
			t.Errorf("%s: %v, want %v", p.Name, got, want[p.Name])
		}
	}
}

func TestBusiestWindowHoldsThePeak(t *testing.T) {
	sc := week(t)
	l := simulate.MeasureLoad(sc, &sc.Services[0])
	w := busiest(sc, &l)
	// Day 4, 19 h is the peak.
	peak := 4*24*time.Hour + 19*time.Hour
	if w.Length != coarseLength || peak < w.From || peak > w.From+w.Length {
		t.Errorf("window is %v for %v", w.From, w.Length)
	}
}

// tune doubts what rests on less than an hour of production.
func TestTuneDoubtsAShortRecording(t *testing.T) {
	for minutes, want := range map[int]bool{40: true, 61: false} {
		tuning := &Tuning{Scenario: &scenario.Scenario{Duration: time.Duration(minutes) * time.Minute}}
		tuning.doubt()
		if got := strings.Contains(strings.Join(tuning.Why, " "), "first guess"); got != want {
			t.Errorf("%d minutes: doubt %v", minutes, got)
		}
	}
	tuning := &Tuning{Scenario: &scenario.Scenario{Duration: 2 * time.Hour},
		Recordings: []recording.Coverage{{Length: 2 * time.Hour, Missing: 90 * time.Minute}}}
	if tuning.doubt(); len(tuning.Why) != 1 || !strings.Contains(tuning.Why[0], "rests on 30m of production") {
		t.Errorf("%q", tuning.Why)
	}
}

// The candidates for a recording: the recorded replicas fall behind where consumption was capped, others follow the load.
func TestCandidatesForARecording(t *testing.T) {
	constant := func(v float64) *scenario.Series {
		s := &scenario.Series{MaxGap: 90 * time.Second}
		for m := range 121 {
			s.Times, s.Values = append(s.Times, time.Duration(m)*time.Minute), append(s.Values, v)
		}
		return s
	}
	h := &recording.History{From: time.Unix(1_767_225_600, 0), Produced: constant(120), Consumed: constant(90),
		Members: constant(2), Replicas: constant(2), Useful: constant(6)}
	sc, err := recording.Replay("r", h, recording.Workload{Service: "s", Group: "g", Topic: "t"})
	if err != nil {
		t.Fatal(err)
	}
	cands, err := Standard(sc, shippedQuery(t))
	if err != nil {
		t.Fatal(err)
	}
	r, err := simulate.Simulate(context.Background(), sc, append(cands, simulate.Recorded(h, "s")), simulate.Options{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	// Recorded consumption was capped at 90: with the two recorded pods the replay falls behind, and does not follow it.
	if res := r.Result("recorded", "s"); res == nil || res.MaxReplicas != 2 || res.PeakLag < 30*7000 {
		t.Errorf("recorded replicas: %+v", res)
	}
	if res := r.Result("desired-replicas", "s"); res == nil || !res.Drained || res.MaxReplicas < 3 {
		t.Errorf("desired replicas: %+v", res)
	}
}

func TestTunePage(t *testing.T) {
	sc := load(t, "payments")
	sc.Duration = time.Hour
	tn, err := Search(context.Background(), sc, "payment-service", Limits{Preset: "quick", Trace: true, Present: &simulate.Candidate{Name: "fixed"}}, shippedQuery(t), nil)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	if err := tn.WriteHTML(&b); err != nil {
		t.Fatal(err)
	}
	page := b.String()
	for _, want := range []string{"now (fixed): ", "kind: ScaledObject", "grey: all variants", "what there is", "<dt>threshold</dt>", "class=\"best\""} {
		if !strings.Contains(page, want) {
			t.Errorf("%q is missing", want)
		}
	}
	if n := strings.Count(page, "class=\"best\""); n != 1 || strings.Contains(page, "NaN") {
		t.Errorf("%d recommended rows, or NaN", n)
	}
	if tn.present == nil || len(tn.drawn) < 2 || len(tn.drawn) > drawnVariants+1 {
		t.Errorf("%d drawn", len(tn.drawn))
	}
}

func TestCalculator(t *testing.T) {
	cases := map[float64][]string{
		100: {"target 100 accepts a lag of 20k", "between 7420 and 54k", "×1.40"},
		130: {"can never scale up: stay below 127.273"},
	}
	for target, want := range cases {
		var b strings.Builder
		if err := WriteCalculator(&b, target); err != nil {
			t.Fatal(err)
		}
		for _, w := range want {
			if !strings.Contains(b.String(), w) {
				t.Errorf("target %v: %q is not in:\n%s", target, w, b.String())
			}
		}
	}
}
