package simulate

import (
	"context"
	"fmt"
	"io"
	"slices"

	"kafka_burndown_exporter/lab/recording"
	"kafka_burndown_exporter/lab/units"
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
	cands := []*Candidate{t.Limits.Present}
	for _, v := range shown {
		cands = append(cands, v.cand)
	}
	if t.Limits.Present == nil {
		cands = cands[1:]
	}
	results, err := runAll(ctx, t.Scenario, cands, Options{Trace: true}, nil)
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
	obj := &t.Service.Objective
	c := Comparison{Service: t.Service}
	s := htmlService{Name: t.Service.Name, Group: t.Service.Group, Objective: c.objective(), Conclusion: t.Why, Tune: true,
		Manifest: string(t.Recommended.Manifest)}
	apply := t.Recommended.name()
	var highlight *Result
	for i, r := range t.drawn {
		if r.Candidate == t.Recommended.cand.Name {
			highlight = r
		}
		entry := htmlEntry{Number: i + 1, Color: i % len(palette), Name: r.Candidate}
		if r == t.present {
			entry.Title = "what there is"
			entry.Manifests = t.Limits.Present.manifests(t.Service.Name)
		}
		s.Legend = append(s.Legend, entry)
	}
	s.Headline = newHeadline(apply, &t.Recommended.Result, t.present, t.Service, t.Scenario.Duration)
	if err := s.draw(t.drawn, highlight, obj.MaxAge.Seconds(), obj.MaxLag); err != nil {
		return err
	}
	var dots []dot
	for _, v := range t.Variants {
		d := newDot(&v.Result, 0, grey, false)
		d.radius = 2
		dots = append(dots, d)
	}
	for i, r := range t.drawn {
		dots = append(dots, newDot(r, i+1, paint(i), r == highlight))
	}
	if err := s.scatter(dots, obj.MaxAge.Seconds()); err != nil {
		return err
	}
	s.Scatter.Caption += ", grey: all variants"
	rows := t.rows()
	s.Head = rows[0]
	for _, row := range rows[1:] {
		best := row[0] == t.Recommended.Metric && row[1] == t.Recommended.Threshold && row[2] == t.Recommended.Preset
		s.Rows = append(s.Rows, htmlRow{Cells: row, Best: best})
	}
	page := htmlPage{
		Title: "tune: " + t.Service.Name,
		Meta: fmt.Sprintf("%d variants on %s of %s. Load %s to %s messages/s (mean %s), %s a replica, %d useful replicas. Replayed through %s.",
			t.Searched, units.Rough(t.Scenario.Duration), t.Scenario.Name, units.Count(t.Load.Low), units.Count(t.Load.Peak), units.Count(t.Load.Mean),
			units.Count(t.Load.Capacity), t.Load.Partitions, engine(versions(t.Limits.Kubernetes))),
		Recording: recording.Notes(t.Recordings), Columns: tuneColumns(), Services: []htmlService{s}, Lints: t.Lints,
	}
	return reportTemplate.Execute(w, &page)
}

// tuneColumns explain the table of a search, with the words of the report's columns where they are the same.
func tuneColumns() []column {
	out := []column{
		{Head: "metric", Help: "the trigger's metric, and the one beside it"}, {Head: "threshold", Help: "their targets"},
		{Head: "profile", Help: "the tuning profile: behaviour and bounds"}, {Head: "bounds", Help: "minReplicaCount to maxReplicaCount"},
	}
	for _, head := range []string{"objective", "max age", "peak lag", "replica-min", "cost", "changes"} {
		i := slices.IndexFunc(columns, func(c column) bool { return c.Head == head })
		out = append(out, columns[i])
	}
	return append(out, column{Head: "*", Help: "no other variant is better in both age and replica-minutes"})
}
