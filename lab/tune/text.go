package tune

import (
	"fmt"
	"io"
	"slices"

	"kafka_burndown_exporter/internal/human"
	"kafka_burndown_exporter/internal/scale"
	"kafka_burndown_exporter/lab/recording"
	"kafka_burndown_exporter/lab/report"
	"kafka_burndown_exporter/lab/simulate"
)

// shownVariants bounds the table.
const shownVariants = 12

// WriteText prints the front, the best variants, the recommendation with its reason, and its ScaledObject.
func (t *Tuning) WriteText(w io.Writer) error {
	p := report.NewPrinter(w)
	p.Line("tune: %s (group %s), %s of %s", t.Service.Name, t.Service.Group, human.Duration(t.Scenario.Duration), t.Scenario.Name)
	p.Line("load %s to %s messages/s (mean %s), %s a replica, %d useful replicas", human.Compact(t.Load.Low), human.Compact(t.Load.Peak),
		human.Compact(t.Load.Mean), human.Compact(t.Load.Capacity), t.Load.Partitions)
	if text := simulate.Versions(t.Limits.Kubernetes); text != "" {
		p.Line("%s", text)
	}
	for _, text := range recording.Notes(t.Recordings) {
		p.Line("%s", text)
	}
	switch {
	case t.Coarse != nil:
		p.Line("%d variants over the busiest %s (from %s) in steps of %s; the best %d again over everything in steps of 1s",
			t.Searched, human.Duration(t.Coarse.Length), human.Clock(t.Coarse.From.Seconds()), human.Duration(coarseSteps), len(t.Variants))
	default:
		p.Line("%d variants", t.Searched)
	}
	p.Line("")
	rows, _ := t.rows()
	p.Table(rows, func(i int) bool { return i < 3 })
	p.Line("  * on the Pareto front of age and replica-minutes; variants that did the same are shown once")
	p.Line("")
	p.Line("Recommended: %s", t.Recommended.name())
	for _, why := range t.Why {
		p.Line("  %s", why)
	}
	for _, l := range t.Lints {
		p.Line("  %s: %s: %s fix: %s", l.Severity, l.Field, l.Reason, l.Fix)
	}
	p.Line("")
	p.Line("---")
	if err := p.Err(); err != nil {
		return err
	}
	_, err := w.Write(t.Recommended.Manifest)
	return err
}

// figures are the columns of a result.
var figures = report.Columns("objective", "max age", "peak lag", "replica-min", "cost", "changes")

// rows are the table, the head first, and the row of the recommendation.
func (t *Tuning) rows() (rows [][]string, recommended int) {
	head := []string{"metric", "threshold", "profile", "bounds"}
	for _, c := range figures {
		head = append(head, c.Head)
	}
	rows = [][]string{append(head, "")}
	var shown []*Variant
	for _, v := range t.Variants {
		if len(shown) >= shownVariants && !v.Front && v != t.Recommended || slices.ContainsFunc(shown, v.same) && v != t.Recommended {
			continue
		}
		shown = append(shown, v)
		row := []string{v.Metric, v.Threshold, v.Preset, fmt.Sprintf("%d–%d", v.m.Min, v.m.Max)}
		for _, c := range figures {
			row = append(row, c.Value(&v.Result))
		}
		star := ""
		if v.Front {
			star = "*"
		}
		if v == t.Recommended {
			recommended = len(rows)
		}
		rows = append(rows, append(row, star))
	}
	return rows, recommended
}

// WriteCalculator prints what a log2×7 target means in messages, or which target a lag takes: the lag it accepts, and the
// dead band within which the HPA's tolerance changes nothing.
func WriteCalculator(w io.Writer, target float64) error {
	p := report.NewPrinter(w)
	const tolerance = 0.1
	p.Line("log2×7 target %s accepts a lag of %s", threshold3(target), human.Compact(scale.LagForLog2x7(target)))
	p.Line("nothing changes between %s and %s (HPA tolerance 10 %%)", human.Compact(scale.LagForLog2x7(target*(1-tolerance))),
		human.Compact(scale.LagForLog2x7(target*(1+tolerance))))
	p.Line("the largest step up is ×%.2f per sync (the gauge ends at %d)", scale.DefaultLog2x7Max/target, scale.DefaultLog2x7Max)
	if target*(1+tolerance) >= scale.DefaultLog2x7Max {
		p.Line("this target can never scale up: stay below %s", threshold3(scale.DefaultLog2x7Max/(1+tolerance)))
	}
	return p.Err()
}
