package report

import (
	"io"

	"kafka_burndown_exporter/internal/human"
	"kafka_burndown_exporter/lab/recording"
	"kafka_burndown_exporter/lab/simulate"
)

// WriteText prints the report for a terminal. events adds every change of replicas.
func WriteText(w io.Writer, r *simulate.Report, events bool) error {
	p := NewPrinter(w)
	name := r.Scenario.Name
	if r.Scenario.Title != "" {
		name += ": " + r.Scenario.Title
	}
	p.Line("%s (%s, seed %d)", name, human.Duration(r.Scenario.Duration), r.Scenario.Seed)
	if text := simulate.Versions(r.Kubernetes); text != "" {
		p.Line("%s", text)
	}
	for _, text := range recording.Notes(r.Recordings) {
		p.Line("%s", text)
	}
	for _, note := range r.Notes() {
		p.Line("note: %s", note)
	}
	for i := range r.Comparisons {
		comparison(p, r, &r.Comparisons[i], events)
	}
	published(p, r)
	lintText(p, r)
	return p.Err()
}

func comparison(p *Printer, r *simulate.Report, c *simulate.Comparison, events bool) {
	p.Line("")
	p.Line("%s (group %s)", c.Service.Name, c.Service.Group)
	rows := [][]string{make([]string, 0, len(columns))}
	for _, col := range columns {
		rows[0] = append(rows[0], col.Head)
	}
	for i := range c.Results {
		var row []string
		for _, col := range columns {
			row = append(row, col.Value(&c.Results[i]))
		}
		rows = append(rows, row)
	}
	p.Table(rows, func(i int) bool { return columns[i].left })
	for _, text := range r.Conclusion(c) {
		p.Line("%s", text)
	}
	for i := range c.Results {
		if res := &c.Results[i]; res.Title != "" || res.Verdict != "" {
			p.Line("  %s: %s", res.Candidate, joined(res.Title, res.Verdict))
		}
	}
	if !events {
		return
	}
	for i := range c.Results {
		p.Line("")
		p.Line("  %s, changes:", c.Results[i].Candidate)
		for _, e := range c.Results[i].Events {
			p.Line("  %9s  lag %6s  %s", human.Clock(e.At), human.Compact(e.Lag), e.Why)
		}
	}
}

func joined(title, verdict string) string {
	switch {
	case verdict == "":
		return title
	case title == "":
		return verdict
	}
	return title + "; " + verdict
}

func lintText(p *Printer, r *simulate.Report) {
	if len(r.Lints) == 0 {
		return
	}
	p.Line("")
	p.Line("Lints")
	for _, l := range r.Lints {
		p.Line("  %-7s %s, %s: %s: %s", l.Severity, l.Candidate, l.Object, l.Field, l.Reason)
		p.Line("          fix: %s", l.Fix)
	}
}
