package study

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"

	"kafka_burndown_exporter/lab/simulate"
)

// Report is the outcome of a study.
type Report struct {
	Options  Options
	Outcomes []Outcome
	Rows     []Row // the pilot first, the best in hindsight last
}

// Row sums one controller up over all workloads that are feasible.
type Row struct {
	Name               string
	Workloads, Meets   int
	ReplicaMinutes     float64
	Changes, Reversals int
	// MeanAge is the mean of the age at the objective's percentile, as part of the objective.
	MeanAge float64
}

func (r *Row) add(res *simulate.Result, objective float64) {
	r.Workloads++
	if res.Meets {
		r.Meets++
	}
	r.ReplicaMinutes += res.ReplicaMinutes
	r.Changes += res.Changes
	r.Reversals += res.Reversals
	r.MeanAge += (res.PercentileAge/objective - r.MeanAge) / float64(r.Workloads)
}

func (r *Report) sum() {
	index := map[string]int{}
	add := func(name string, o *Outcome, res *simulate.Result) {
		i, ok := index[name]
		if !ok {
			i = len(r.Rows)
			index[name], r.Rows = i, append(r.Rows, Row{Name: name})
		}
		r.Rows[i].add(res, o.Workload.Scenario.Services[0].Objective.MaxAge.Seconds())
	}
	for i := range r.Outcomes {
		for k := range r.Outcomes[i].Results {
			res := &r.Outcomes[i].Results[k]
			add(res.Candidate, &r.Outcomes[i], res)
		}
	}
	for i := range r.Outcomes {
		if o := &r.Outcomes[i]; o.Best.Candidate != "" {
			add(BestOf, o, &o.Best)
		}
	}
}

// Row is the row of a name, nil where there is none.
func (r *Report) Row(name string) *Row {
	for i := range r.Rows {
		if r.Rows[i].Name == name {
			return &r.Rows[i]
		}
	}
	return nil
}

// WriteText writes the table; with each, a paragraph for every workload before it.
func (r *Report) WriteText(w io.Writer, each bool) error {
	var b strings.Builder
	for i := range r.Outcomes {
		if o := &r.Outcomes[i]; each || !o.Feasible {
			o.write(&b)
		}
	}
	t := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "CONTROLLER\tOBJECTIVE MET\tREPLICA-MINUTES\tCHANGES\tREVERSALS\tAGE ÷ OBJECTIVE")
	for i := range r.Rows {
		row := &r.Rows[i]
		fmt.Fprintf(t, "%s\t%d/%d\t%.0f\t%d\t%d\t%.2f\n", row.Name, row.Meets, row.Workloads, row.ReplicaMinutes, row.Changes,
			row.Reversals, row.MeanAge)
	}
	if sum, pilot := r.bounds(); sum > 0 {
		fmt.Fprintf(t, "bound\t\t%.0f\t\t\t\n", sum)
		fmt.Fprintf(t, "pilot above the bound\t\t%.0f %%\t\t\t\n", 100*(pilot/sum-1))
	}
	if err := t.Flush(); err != nil {
		return fmt.Errorf("write the table: %w", err)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// bounds are the sums of bounds and of the pilot's replica-minutes, where the pilot meets the objective.
func (r *Report) bounds() (bound, pilot float64) {
	for i := range r.Outcomes {
		if o := &r.Outcomes[i]; o.Bound > 0 && o.Pilot().Meets {
			bound += o.Bound
			pilot += o.Pilot().ReplicaMinutes
		}
	}
	return bound, pilot
}

func (o *Outcome) write(b *strings.Builder) {
	fmt.Fprintf(b, "%d: %s\n", o.Workload.Seed, o.Workload.Text)
	if !o.Feasible {
		b.WriteString("   all replicas together miss the objective; left out\n")
		return
	}
	if o.Bound > 0 {
		fmt.Fprintf(b, "   %-28s %8.0f replica-minutes\n", "bound", o.Bound)
	}
	best := o.Best
	best.Candidate += " (best)"
	for _, res := range []*simulate.Result{o.Pilot(), &best} {
		if res.Candidate == " (best)" {
			continue
		}
		verdict := "met"
		if !res.Meets {
			verdict = "missed"
		}
		fmt.Fprintf(b, "   %-28s %8.0f replica-minutes, %s: age %.0f s, at most %.0f s; %d changes, %d reversals\n", res.Candidate,
			res.ReplicaMinutes, verdict, res.PercentileAge, res.MaxAge, res.Changes, res.Reversals)
	}
}
