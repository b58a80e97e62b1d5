package tune

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"kafka_burndown_exporter/internal/cli"
	"kafka_burndown_exporter/internal/human"
	"kafka_burndown_exporter/internal/scale"
	"kafka_burndown_exporter/lab/recording"
	"kafka_burndown_exporter/lab/scenario"
	"kafka_burndown_exporter/lab/simulate"
)

// Limits bound the search.
type Limits struct {
	Min, Max int // replicas; 0: the presets'
	Preset   string
	// Reversals is how many changes of direction an hour a recommendation may have; 0: DefaultReversals.
	Reversals float64
	// Prometheus and Bootstrap go into the manifests, and where they are not empty, Name, Namespace and Target.
	Prometheus, Bootstrap   string
	Name, Namespace, Target string
	// Kubernetes is the release whose HPA runs them; empty is the oldest known.
	Kubernetes scale.Kubernetes
	// Present is what there is today, to compare with; nil: nothing.
	Present *simulate.Candidate
	// Trace keeps the course of what WriteHTML draws.
	Trace bool
}

// DefaultReversals is a change of direction every quarter of an hour.
const DefaultReversals = 4

// Variant is one point of the search.
type Variant struct {
	Metric, Threshold, Preset string
	// Objective is what the exporter's pilot aims at; 0: nothing asks it.
	Objective time.Duration
	Manifest  []byte
	Result    simulate.Result
	// Front says that no other variant is better in both age and replica-minutes.
	Front bool
	cand  *simulate.Candidate
	m     *draft
}

// Tuning is the outcome of a search.
type Tuning struct {
	Scenario    *scenario.Scenario
	Service     *scenario.Service
	Load        simulate.Load
	Searched    int
	Coarse      *simulate.Window // what the first pass ran over, nil: there was none
	Limits      Limits
	Variants    []*Variant // those run in full, best first
	Recommended *Variant
	Why         []string
	Lints       []simulate.Lint
	Recordings  []recording.Coverage
	drawn       []*simulate.Result
	present     *simulate.Result // among drawn
}

// coarseSteps and coarseLength are the steps and the length of the first pass over a long workload.
const (
	coarseSteps  = 5 * time.Second
	coarseLength = 36 * time.Hour
)

// finalists is how many variants of a coarse pass are run in full, besides its front.
const finalists = 10

// Search tries metrics, thresholds and behaviours for one service. Long workloads are searched in coarse steps first.
func Search(ctx context.Context, sc *scenario.Scenario, service string, limits Limits, query QueryText, progress func(done, total int)) (*Tuning, error) {
	svc := sc.Service(service)
	if svc == nil {
		var names []string
		for _, s := range sc.Services {
			names = append(names, s.Name)
		}
		return nil, fmt.Errorf("--service: there is no %q; there is %s", service, strings.Join(names, ", "))
	}
	if limits.Reversals == 0 {
		limits.Reversals = DefaultReversals
	}
	t := &Tuning{Scenario: sc, Service: svc, Load: simulate.MeasureLoad(sc, svc), Limits: limits, Recordings: recording.CoverageOf(sc)}
	all, err := space(sc, svc, &t.Load, limits, query)
	if err != nil {
		return nil, err
	}
	t.Searched = len(all)
	total, base := len(all), 0
	report := func(done int) {
		if progress != nil {
			progress(base+done, total)
		}
	}
	if sc.Duration > 24*time.Hour {
		t.Coarse = busiest(sc, &t.Load)
		total += finalists
		if err := t.run(ctx, all, simulate.Options{Step: coarseSteps, Window: t.Coarse}, report); err != nil {
			return nil, err
		}
		base = len(all)
		all = shortlist(all)
		total = base + len(all)
	}
	if err := t.run(ctx, all, simulate.Options{}, report); err != nil {
		return nil, err
	}
	markFront(all)
	slices.SortStableFunc(all, func(a, b *Variant) int { return simulate.Better(&a.Result, &b.Result) })
	t.Variants = all
	t.recommend()
	t.explainDesired()
	t.doubt()
	if err := t.head(); err != nil {
		return nil, err
	}
	t.Lints = simulate.Lints(sc, []*simulate.Candidate{t.Recommended.cand})
	if limits.Trace {
		err = t.trace(ctx)
	}
	return t, err
}

func (t *Tuning) run(ctx context.Context, vs []*Variant, opt simulate.Options, progress func(int)) error {
	cands := make([]*simulate.Candidate, len(vs))
	for i, v := range vs {
		cands[i] = v.cand
	}
	results, err := simulate.RunAll(ctx, t.Scenario, cands, opt, progress)
	if err != nil {
		return err
	}
	for i, v := range vs {
		for _, r := range results[i] {
			if r.Service == t.Service.Name {
				v.Result = r
			}
		}
	}
	return nil
}

// shortlist keeps the front and the best of a coarse pass.
func shortlist(all []*Variant) []*Variant {
	markFront(all)
	slices.SortStableFunc(all, func(a, b *Variant) int { return simulate.Better(&a.Result, &b.Result) })
	var out []*Variant
	for i, v := range all {
		if i < finalists || (v.Front && v.Result.PercentileAge < 20*all[0].Result.PercentileAge+60) {
			out = append(out, v)
		}
	}
	return out
}

// markFront marks the Pareto front of age at the objective's percentile and replica-minutes, one of each that did the same.
func markFront(vs []*Variant) {
	for i, v := range vs {
		beaten := func(o *Variant) bool {
			a, b := &o.Result, &v.Result
			return a.PercentileAge <= b.PercentileAge && a.ReplicaMinutes <= b.ReplicaMinutes &&
				(a.PercentileAge < b.PercentileAge || a.ReplicaMinutes < b.ReplicaMinutes)
		}
		v.Front = !slices.ContainsFunc(vs, beaten) && !slices.ContainsFunc(vs[:i], v.same)
	}
}

// calm reports whether a variant changes direction no more often than allowed.
func (t *Tuning) calm(v *Variant) bool {
	return float64(v.Result.Reversals) <= t.Limits.Reversals*t.Scenario.Duration.Hours()
}

// recommend picks the cheapest calm variant that meets the objective; among those within 5 % of its cost the calmest.
func (t *Tuning) recommend() {
	best := t.Variants[0]
	if i := slices.IndexFunc(t.Variants, func(v *Variant) bool { return t.calm(v) && v.Result.Meets }); i > 0 {
		best = t.Variants[i]
		cheaper := t.Variants[0]
		t.Why = append(t.Why, fmt.Sprintf("%s is cheaper (%s replica-minutes), but turns round %.1f times an hour; %s are allowed.",
			cheaper.name(), human.Compact(cheaper.Result.ReplicaMinutes), float64(cheaper.Result.Reversals)/t.Scenario.Duration.Hours(),
			human.Number(t.Limits.Reversals)))
	}
	pick := best
	if best.Result.Meets {
		for _, v := range t.Variants {
			close := v.Result.Meets && v.Result.ReplicaMinutes >= best.Result.ReplicaMinutes && v.Result.ReplicaMinutes <= 1.05*best.Result.ReplicaMinutes
			if close && v.Result.Changes+3*v.Result.Reversals < pick.Result.Changes+3*pick.Result.Reversals {
				pick = v
			}
		}
	}
	t.Recommended = pick
	obj, r := &t.Service.Objective, &pick.Result
	goal := fmt.Sprintf("age ≤ %s for %s %% of the time", human.CompactSpan(obj.MaxAge.Seconds()), human.Number(obj.Percentile))
	if !r.Meets {
		t.Why = append(t.Why, fmt.Sprintf("No variant meets the objective (%s); this one comes closest with %s.", goal, human.CompactSpan(r.PercentileAge)))
		if why := t.Load.Ceiling(); why != "" {
			t.Why = append(t.Why, why)
		}
		return
	}
	t.Why = append(t.Why, fmt.Sprintf("It meets the objective (%s) with %s at %s replica-minutes, %s.", goal, human.CompactSpan(r.PercentileAge),
		human.Compact(r.ReplicaMinutes), costText(r, t.Scenario.Duration)))
	if pick != best {
		t.Why = append(t.Why, fmt.Sprintf("%s is %s cheaper, and changes the replicas %d times (%d reversals) instead of %d (%d).",
			best.name(), strings.TrimPrefix(human.Change(r.ReplicaMinutes, best.Result.ReplicaMinutes), "+"),
			best.Result.Changes, best.Result.Reversals, r.Changes, r.Reversals))
	}
}

// enough is the least that a recommendation should rest on.
const enough = time.Hour

// doubt warns where the workload is too short to recommend anything with confidence.
func (t *Tuning) doubt() {
	known := t.Scenario.Duration
	for i := range t.Recordings {
		known = min(known, t.Recordings[i].Known())
	}
	if known < enough {
		t.Why = append(t.Why, fmt.Sprintf("Warning: it rests on %s of production, and an hour is the least to see a load's course: take it as a "+
			"first guess, and tune again on a day or more.", human.Rough(known)))
	}
}

// head heads the recommended manifest with what it is for and what is expected of it.
func (t *Tuning) head() error {
	r, obj, l := &t.Recommended.Result, &t.Service.Objective, &t.Load
	title := t.Scenario.Title
	if title == "" {
		title = t.Scenario.Name
	}
	t.Recommended.m.Comment = []string{
		"Found by kafka_burndown_lab tune.",
		fmt.Sprintf("Workload: %s, %s of group %s: %s to %s messages/s (mean %s), %s messages/s a replica, %d useful replicas.",
			comment(title), human.Duration(t.Scenario.Duration), comment(t.Service.Group), human.Compact(l.Low), human.Compact(l.Peak), human.Compact(l.Mean), human.Compact(l.Capacity), l.Partitions),
		fmt.Sprintf("Objective: age of at most %s for %s %% of the time.", human.CompactSpan(obj.MaxAge.Seconds()), human.Number(obj.Percentile)),
		fmt.Sprintf("Expected: %s at that percentile (%s), %s at most, peak lag %s, %d to %d replicas, %s replica-minutes, %d changes.",
			human.CompactSpan(r.PercentileAge), map[bool]string{true: "met", false: "missed"}[r.Meets], human.CompactSpan(r.MaxAge), human.Compact(r.PeakLag),
			r.MinReplicas, r.MaxReplicas, human.Compact(r.ReplicaMinutes), r.Changes),
	}
	if t.Recommended.Objective > 0 {
		t.Recommended.m.Comment = append(t.Recommended.m.Comment, "The exporter is started with "+comment(t.objectiveFlag())+".")
	}
	var err error
	t.Recommended.Manifest, err = t.Recommended.m.text()
	return err
}

// comment makes one line of text from outside.
func comment(s string) string { return cli.Printable(strings.Join(strings.Fields(s), " ")) }

// same reports whether two variants did the same.
func (v *Variant) same(o *Variant) bool {
	a, b := &v.Result, &o.Result
	return a.PercentileAge == b.PercentileAge && a.ReplicaMinutes == b.ReplicaMinutes && a.Changes == b.Changes
}

func (v *Variant) name() string { return v.Metric + " at " + v.Threshold + " (" + v.Preset + ")" }

// objectiveFlag is the exporter's flag for what its pilot aims at.
func (t *Tuning) objectiveFlag() string {
	return fmt.Sprintf("--desired.objective-for='%s=%s'", regexp.QuoteMeta(t.Service.Group), cli.Span(t.Recommended.Objective))
}

// explainDesired says what the exporter has to be told, or how far the best variant of its desired replicas is from the
// recommendation.
func (t *Tuning) explainDesired() {
	if t.Recommended.Objective > 0 {
		t.Why = append(t.Why, "Start the exporter with "+t.objectiveFlag()+".")
		return
	}
	for _, v := range t.Variants {
		if v.Objective > 0 {
			v.Result.Candidate = v.name()
			t.Why = append(t.Why, simulate.Standing(&v.Result, &t.Recommended.Result))
			return
		}
	}
	t.Why = append(t.Why, "No desired-replicas variant came into the last round.")
}

func costText(r *simulate.Result, d time.Duration) string {
	if r.Cost == 0 {
		return "without a price"
	}
	return fmt.Sprintf("%.2f in %s (%.2f a month)", r.Cost, human.Duration(d), r.Cost*30*24/d.Hours())
}

// busiest is the stretch of the workload with the highest rate in its middle, as long as the first pass.
func busiest(sc *scenario.Scenario, l *simulate.Load) *simulate.Window {
	length := min(coarseLength, sc.Duration)
	from := l.Highest - length/2
	from = min(max(from, 0), sc.Duration-length).Truncate(time.Minute)
	return &simulate.Window{From: from, Length: length}
}
