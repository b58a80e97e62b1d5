package simulate

import (
	"fmt"
	"io"
	"slices"
	"strconv"

	"kafka_burndown_exporter/internal/scale"
	"kafka_burndown_exporter/lab/recording"
	"kafka_burndown_exporter/lab/units"
)

// shownVariants bounds the table.
const shownVariants = 12

// WriteText prints the front, the best variants, the recommendation with its reason, and its ScaledObject.
func (t *Tuning) WriteText(w io.Writer) error {
	p := &printer{w: w}
	p.line("tune: %s (group %s), %s of %s", t.Service.Name, t.Service.Group, units.Duration(t.Scenario.Duration), t.Scenario.Name)
	p.line("load %s to %s messages/s (mean %s), %s a replica, %d useful replicas", units.Count(t.Load.Low), units.Count(t.Load.Peak),
		units.Count(t.Load.Mean), units.Count(t.Load.Capacity), t.Load.Partitions)
	if text := versions(t.Limits.Kubernetes); text != "" {
		p.line("%s", text)
	}
	for _, text := range recording.Notes(t.Recordings) {
		p.line("%s", text)
	}
	switch {
	case t.Coarse != nil:
		p.line("%d variants over the busiest %s (from %s) in steps of %s; the best %d again over everything in steps of 1s",
			t.Searched, units.Duration(t.Coarse.Length), units.Clock(t.Coarse.From.Seconds()), units.Duration(coarseSteps), len(t.Variants))
	default:
		p.line("%d variants", t.Searched)
	}
	p.line("")
	p.table(t.rows(), func(i int) bool { return i < 3 })
	p.line("  * on the Pareto front of age and replica-minutes; variants that did the same are shown once")
	p.line("")
	p.line("Recommended: %s", t.Recommended.name())
	for _, why := range t.Why {
		p.line("  %s", why)
	}
	for _, l := range t.Lints {
		p.line("  %s: %s: %s fix: %s", l.Severity, l.Field, l.Reason, l.Fix)
	}
	p.line("")
	p.line("---")
	if p.err == nil {
		_, p.err = w.Write(t.Recommended.Manifest)
	}
	return p.err
}

func (t *Tuning) rows() [][]string {
	rows := [][]string{{"metric", "threshold", "profile", "bounds", "objective", "max age", "peak lag", "replica-min", "cost", "changes", ""}}
	var shown []*Variant
	for _, v := range t.Variants {
		if len(shown) >= shownVariants && !v.Front && v != t.Recommended || slices.ContainsFunc(shown, v.same) && v != t.Recommended {
			continue
		}
		shown = append(shown, v)
		r := &v.Result
		star := ""
		if v.Front {
			star = "*"
		}
		rows = append(rows, []string{v.Metric, v.Threshold, v.Preset, fmt.Sprintf("%d–%d", v.m.Min, v.m.Max),
			units.Seconds(r.PercentileAge) + mark(r.Meets), units.Seconds(r.MaxAge), units.Count(r.PeakLag), units.Count(r.ReplicaMinutes),
			strconv.FormatFloat(r.Cost, 'f', 2, 64), fmt.Sprintf("%d/%d", r.Changes, r.Reversals), star})
	}
	return rows
}

// WriteCalculator prints what a log2×7 target means in messages, or which target a lag takes: the lag it accepts, and the
// dead band within which the HPA's tolerance changes nothing.
func WriteCalculator(w io.Writer, target float64) error {
	p := &printer{w: w}
	const tolerance = 0.1
	p.line("log2×7 target %s accepts a lag of %s", threshold3(target), units.Count(scale.LagForLog2x7(target)))
	p.line("nothing changes between %s and %s (HPA tolerance 10 %%)", units.Count(scale.LagForLog2x7(target*(1-tolerance))),
		units.Count(scale.LagForLog2x7(target*(1+tolerance))))
	p.line("the largest step up is ×%.2f per sync (the gauge ends at %d)", scale.DefaultLog2x7Max/target, scale.DefaultLog2x7Max)
	if target*(1+tolerance) >= scale.DefaultLog2x7Max {
		p.line("this target can never scale up: stay below %s", threshold3(scale.DefaultLog2x7Max/(1+tolerance)))
	}
	return p.err
}
