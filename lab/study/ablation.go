package study

import (
	"context"
	"fmt"
	"io"
	"reflect"
	"text/tabwriter"

	"kafka_burndown_exporter/internal/pilot"
)

// Ablation is what the pilot does with one constant changed.
type Ablation struct {
	Constant string
	Value    float64
	Row
}

// Ablate runs the pilot as it is, and with each of its constants without effect or, where there is no such value, halved
// and doubled.
func Ablate(ctx context.Context, opt Options, progress func(done, of int)) ([]Ablation, error) {
	opt.Only, opt.Query, opt.Bound, opt.Done = true, nil, false, nil
	variants := ablations()
	for i := range variants {
		c := pilot.DefaultConstants()
		if v := &variants[i]; v.Constant != "" {
			reflect.ValueOf(&c).Elem().FieldByName(v.Constant).SetFloat(v.Value)
		}
		opt.Constants = &c
		r, err := Run(ctx, opt)
		if err != nil {
			return nil, err
		}
		if row := r.Row(Pilot); row != nil {
			variants[i].Row = *row
		}
		progress(i+1, len(variants))
	}
	return variants, nil
}

// without is the value with which a constant has no effect.
var without = map[string]float64{
	"Free": 0.01, "Urgent": 100, "Under": 0, "Lead": 0, "Sigma": 1e9, "Slope": 1e9, "Retry": 1e9, "Grow": 1e9, "Settle": 0,
	"Failed": 0, "Quiet": 1e9, "Blind": 0, "Stuck": 1e9, "DrainDown": 240,
}

// ablations lists the variants: first none.
func ablations() []Ablation {
	out := []Ablation{{}}
	c := reflect.ValueOf(pilot.DefaultConstants())
	for i := range c.NumField() {
		name, v := c.Type().Field(i).Name, c.Field(i).Float()
		if w, ok := without[name]; ok {
			out = append(out, Ablation{Constant: name, Value: w})
			continue
		}
		out = append(out, Ablation{Constant: name, Value: v / 2}, Ablation{Constant: name, Value: v * 2})
	}
	return out
}

// WriteAblation writes a Markdown table.
func WriteAblation(w io.Writer, rows []Ablation) error {
	t := tabwriter.NewWriter(w, 0, 0, 1, ' ', tabwriter.Debug)
	fmt.Fprintln(t, "constant\tvalue\tobjective met\treplica-minutes\tchanges\treversals")
	fmt.Fprintln(t, "--\t--:\t--:\t--:\t--:\t--:")
	for i := range rows {
		r := &rows[i]
		name, value := r.Constant, fmt.Sprintf("%.3g", r.Value)
		switch {
		case name == "":
			name, value = "the law", ""
		case r.Value == without[name]:
			value = "none"
		}
		fmt.Fprintf(t, "%s\t%s\t%d/%d\t%.0f\t%d\t%d\n", name, value, r.Meets, r.Workloads, r.ReplicaMinutes, r.Changes, r.Reversals)
	}
	if err := t.Flush(); err != nil {
		return fmt.Errorf("write the table: %w", err)
	}
	return nil
}
