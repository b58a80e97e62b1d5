package simulate

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode/utf8"

	"kafka_burndown_exporter/internal/cli"
	"kafka_burndown_exporter/lab/recording"
	"kafka_burndown_exporter/lab/units"
)

// column is a column of the table of results; the same are used in text and HTML.
type column struct {
	Head, Help string
	value      func(*Result) string
	left       bool
}

var columns = []column{
	{"candidate", "", func(r *Result) string { return r.Candidate }, true},
	{"peak lag", "most messages waiting", func(r *Result) string { return units.Count(r.PeakLag) }, false},
	{"max age", "longest wait of the oldest message", func(r *Result) string { return units.Seconds(r.MaxAge) }, false},
	{"p95 age", "95 % of the time below", func(r *Result) string { return units.Seconds(r.P95Age) }, false},
	{"objective", "age at the objective's percentile, ✓ where met", func(r *Result) string {
		return units.Seconds(r.PercentileAge) + mark(r.Meets)
	}, false},
	{"over", "time above the objective", func(r *Result) string { return units.Seconds(r.Over) }, false},
	{"burndown", "95 % of the exporter's burndown below", func(r *Result) string { return units.Seconds(r.P95Burndown) }, false},
	{"drain", "longest time until drained; > where it never was", func(r *Result) string {
		if !r.Drained {
			return "> " + units.Seconds(r.Drain)
		}
		return units.Seconds(r.Drain)
	}, false},
	{"replica-min", "sum of replicas over time", func(r *Result) string { return units.Count(r.ReplicaMinutes) }, false},
	{"idle", "share of replica-minutes without a partition", func(r *Result) string {
		return strconv.FormatFloat(100*r.IdleMinutes/max(r.ReplicaMinutes, 1e-9), 'f', 0, 64) + " %"
	}, false},
	{"cost", "replica-hours at the service's price", func(r *Result) string { return strconv.FormatFloat(r.Cost, 'f', 2, 64) }, false},
	{"replicas", "fewest to most", func(r *Result) string { return fmt.Sprintf("%d–%d", r.MinReplicas, r.MaxReplicas) }, false},
	{"changes", "changes of the replicas, and reversals of direction", func(r *Result) string {
		return fmt.Sprintf("%d/%d", r.Changes, r.Reversals)
	}, false},
}

func mark(ok bool) string {
	if ok {
		return " ✓"
	}
	return " ✗"
}

// WriteText prints the report for a terminal. events adds every change of replicas.
func (r *Report) WriteText(w io.Writer, events bool) error {
	p := &printer{w: w}
	name := r.Scenario.Name
	if r.Scenario.Title != "" {
		name += ": " + r.Scenario.Title
	}
	p.line("%s (%s, seed %d)", name, units.Duration(r.Scenario.Duration), r.Scenario.Seed)
	if text := versions(r.Kubernetes); text != "" {
		p.line("%s", text)
	}
	for _, text := range recording.Notes(r.Recordings) {
		p.line("%s", text)
	}
	for _, note := range r.notes() {
		p.line("note: %s", note)
	}
	for i := range r.Comparisons {
		r.comparison(p, &r.Comparisons[i], events)
	}
	r.published(p)
	r.lintText(p)
	return p.err
}

func (r *Report) comparison(p *printer, c *Comparison, events bool) {
	p.line("")
	p.line("%s (group %s)", c.Service.Name, c.Service.Group)
	rows := [][]string{make([]string, 0, len(columns))}
	for _, col := range columns {
		rows[0] = append(rows[0], col.Head)
	}
	for i := range c.Results {
		var row []string
		for _, col := range columns {
			row = append(row, col.value(&c.Results[i]))
		}
		rows = append(rows, row)
	}
	p.table(rows, func(i int) bool { return columns[i].left })
	for _, text := range r.Conclusion(c) {
		p.line("%s", text)
	}
	for i := range c.Results {
		if res := &c.Results[i]; res.Title != "" || res.Verdict != "" {
			p.line("  %s: %s", res.Candidate, joined(res.Title, res.Verdict))
		}
	}
	if !events {
		return
	}
	for i := range c.Results {
		p.line("")
		p.line("  %s, changes:", c.Results[i].Candidate)
		for _, e := range c.Results[i].Events {
			p.line("  %9s  lag %6s  %s", units.Clock(e.At), units.Count(e.Lag), e.Why)
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

func (r *Report) lintText(p *printer) {
	if len(r.Lints) == 0 {
		return
	}
	p.line("")
	p.line("Lints")
	for _, l := range r.Lints {
		p.line("  %-7s %s, %s: %s: %s", l.Severity, l.Candidate, l.Object, l.Field, l.Reason)
		p.line("          fix: %s", l.Fix)
	}
}

// printer writes lines that are safe for a terminal, and remembers the first error.
type printer struct {
	w   io.Writer
	err error
}

func (p *printer) line(format string, args ...any) {
	if p.err == nil {
		_, p.err = io.WriteString(p.w, cli.Printable(fmt.Sprintf(strings.TrimRight(format, " ")+"\n", args...)))
	}
}

// table aligns columns; the first row is the head.
func (p *printer) table(rows [][]string, left func(int) bool) {
	widths := make([]int, len(rows[0]))
	for _, row := range rows {
		for i, cell := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	for _, row := range rows {
		var b strings.Builder
		for i, cell := range row {
			pad := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell))
			if left(i) {
				b.WriteString("  " + cell + pad)
			} else {
				b.WriteString("  " + pad + cell)
			}
		}
		p.line("%s", strings.TrimRight(b.String(), " "))
	}
}
