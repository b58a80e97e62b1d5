package tune

import (
	"context"
	"fmt"
	"io"
	"slices"

	"kafka_burndown_exporter/internal/human"
	"kafka_burndown_exporter/lab/report"
	"kafka_burndown_exporter/lab/simulate"
)

// drawnVariants is how many variants a page draws the course of, the recommended one among them.
const drawnVariants = 5

// trace runs again, with their course, what a page draws: the recommended variant, the best others and what there is today.
func (t *Tuning) trace(ctx context.Context) error {
	shown := []*Variant{t.Recommended}
	for _, v := range t.Variants {
		if len(shown) < drawnVariants && !slices.ContainsFunc(shown, v.same) {
			shown = append(shown, v)
		}
	}
	cands := []*simulate.Candidate{t.Limits.Present}
	for _, v := range shown {
		cands = append(cands, v.cand)
	}
	if t.Limits.Present == nil {
		cands = cands[1:]
	}
	results, err := simulate.RunAll(ctx, t.Scenario, cands, simulate.Options{Trace: true}, nil)
	if err != nil {
		return err
	}
	for i, all := range results {
		for j := range all {
			if r := &all[j]; r.Service == t.Service.Name {
				r.Candidate = cands[i].Name
				t.drawn = append(t.drawn, r)
				if cands[i] == t.Limits.Present {
					t.present = r
				}
			}
		}
	}
	return nil
}

// WriteHTML writes the search as a page that needs nothing else. It needs Limits.Trace.
func (t *Tuning) WriteHTML(w io.Writer) error {
	s := report.Search{
		Meta: fmt.Sprintf("%d variants on %s of %s. Load %s to %s messages/s (mean %s), %s a replica, %d useful replicas.",
			t.Searched, human.Rough(t.Scenario.Duration), t.Scenario.Name, human.Compact(t.Load.Low), human.Compact(t.Load.Peak),
			human.Compact(t.Load.Mean), human.Compact(t.Load.Capacity), t.Load.Partitions),
		Kubernetes: t.Limits.Kubernetes, Coverage: t.Recordings, Service: t.Service, Length: t.Scenario.Duration,
		Name: t.Recommended.name(), Result: &t.Recommended.Result, Manifest: t.Recommended.Manifest, Why: t.Why, Lints: t.Lints,
		Drawn: t.drawn, Now: t.Limits.Present, Present: t.present, Columns: columns(),
	}
	for _, v := range t.Variants {
		s.All = append(s.All, &v.Result)
	}
	for _, r := range t.drawn {
		if r.Candidate == t.Recommended.cand.Name {
			s.Highlight = r
		}
	}
	s.Rows, s.Best = t.rows()
	return report.WriteSearch(w, &s)
}

// columns explain the table of a search.
func columns() []report.Column {
	out := []report.Column{
		{Head: "metric", Help: "the trigger's metric, and the one beside it"}, {Head: "threshold", Help: "their targets, or what the exporter aims at"},
		{Head: "profile", Help: "the tuning profile: behaviour and bounds"}, {Head: "bounds", Help: "minReplicaCount to maxReplicaCount"},
	}
	out = append(out, figures...)
	return append(out, report.Column{Head: "*", Help: "no other variant is better in both age and replica-minutes"})
}
