package report

import (
	"fmt"
	"slices"
	"strconv"

	"kafka_burndown_exporter/internal/human"
	"kafka_burndown_exporter/lab/simulate"
)

// Column is a column of a table of results: what it is called, what it says, and how it writes a result.
type Column struct {
	Head, Help string
	Value      func(*simulate.Result) string
	left       bool
}

// columns are those of a comparison, in text and HTML.
var columns = []Column{
	{"candidate", "", func(r *simulate.Result) string { return r.Candidate }, true},
	{"peak lag", "most messages waiting", func(r *simulate.Result) string { return human.Compact(r.PeakLag) }, false},
	{"max age", "longest wait of the oldest message", func(r *simulate.Result) string { return human.CompactSpan(r.MaxAge) }, false},
	{"p95 age", "95 % of the time below", func(r *simulate.Result) string { return human.CompactSpan(r.P95Age) }, false},
	{"objective", "age at the objective's percentile, ✓ where met", func(r *simulate.Result) string {
		return human.CompactSpan(r.PercentileAge) + mark(r.Meets)
	}, false},
	{"over", "time above the objective", func(r *simulate.Result) string { return human.CompactSpan(r.Over) }, false},
	{"burndown", "95 % of the exporter's burndown below", func(r *simulate.Result) string { return human.CompactSpan(r.P95Burndown) }, false},
	{"drain", "longest time until drained; > where it never was", func(r *simulate.Result) string {
		if !r.Drained {
			return "> " + human.CompactSpan(r.Drain)
		}
		return human.CompactSpan(r.Drain)
	}, false},
	{"replica-min", "sum of replicas over time", func(r *simulate.Result) string { return human.Compact(r.ReplicaMinutes) }, false},
	{"idle", "share of replica-minutes without a partition", func(r *simulate.Result) string {
		return strconv.FormatFloat(100*r.IdleMinutes/max(r.ReplicaMinutes, 1e-9), 'f', 0, 64) + " %"
	}, false},
	{"cost", "replica-hours at the service's price", func(r *simulate.Result) string { return strconv.FormatFloat(r.Cost, 'f', 2, 64) }, false},
	{"replicas", "fewest to most", func(r *simulate.Result) string { return fmt.Sprintf("%d–%d", r.MinReplicas, r.MaxReplicas) }, false},
	{"changes", "changes of the replicas, and reversals of direction", func(r *simulate.Result) string {
		return fmt.Sprintf("%d/%d", r.Changes, r.Reversals)
	}, false},
}

func mark(ok bool) string {
	if ok {
		return " ✓"
	}
	return " ✗"
}

// Columns are those of a comparison's that have these heads, for other tables of results.
func Columns(heads ...string) []Column {
	var out []Column
	for _, head := range heads {
		out = append(out, columns[slices.IndexFunc(columns, func(c Column) bool { return c.Head == head })])
	}
	return out
}
