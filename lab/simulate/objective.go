package simulate

import (
	"fmt"
	"slices"
	"strings"

	"kafka_burndown_exporter/internal/human"
	"kafka_burndown_exporter/internal/scale"
	"kafka_burndown_exporter/lab/manifest"
	"kafka_burndown_exporter/lab/recording"
	"kafka_burndown_exporter/lab/scenario"
)

// Comparison is what several candidates did to one service.
type Comparison struct {
	Service *scenario.Service
	Results []Result
}

// Report is the outcome of a simulation.
type Report struct {
	Scenario    *scenario.Scenario
	Candidates  []*Candidate
	Comparisons []Comparison
	Lints       []Lint
	Recordings  []recording.Coverage
	Kubernetes  scale.Kubernetes // for the report's head; see UseKubernetes
}

// Lint is a finding about a ScaledObject of a candidate.
type Lint struct {
	Candidate string `json:"candidate"`
	ID        string `json:"id"`
	Severity  string `json:"severity"`
	Object    string `json:"object"`
	Field     string `json:"field"`
	Reason    string `json:"reason"`
	Fix       string `json:"fix"`
}

// compare sorts results into comparisons; a candidate stands only with the services it is about.
func compare(sc *scenario.Scenario, cands []*Candidate, results [][]Result) []Comparison {
	var out []Comparison
	for i := range sc.Services {
		svc := &sc.Services[i]
		c := Comparison{Service: svc}
		scaled := false
		for j, cand := range cands {
			if len(cand.Services) > 0 && !slices.Contains(cand.Services, svc.Name) {
				continue
			}
			c.Results = append(c.Results, results[j][i])
			scaled = scaled || cand.Controls(svc.Name) || len(sc.Services) == 1
		}
		if scaled {
			out = append(out, c)
		}
	}
	return out
}

// Controls reports whether the candidate scales the service.
func (c *Candidate) Controls(service string) bool {
	return slices.ContainsFunc(c.Controllers, func(ctl *Controller) bool { return ctl.Service == service })
}

// usesDesired reports whether the candidate scales the service on the desired-replicas metric.
func (c *Candidate) usesDesired(service string) bool {
	for _, ctl := range c.Controllers {
		if ctl.Service != service {
			continue
		}
		for _, q := range ctl.Queries {
			if q != nil && q.Uses(manifest.SignalDesired) {
				return true
			}
		}
	}
	return false
}

// Better orders results by the objective: those that meet it by cost, then the others by the age at its percentile.
func Better(a, b *Result) int {
	switch {
	case a.Meets != b.Meets:
		if a.Meets {
			return -1
		}
		return 1
	case a.Meets:
		return cmpFloat(a.ReplicaMinutes, b.ReplicaMinutes)
	default:
		return cmpFloat(a.PercentileAge, b.PercentileAge)
	}
}

func cmpFloat(a, b float64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

// Starved reports whether a result has seen clearly fewer messages than others, because a stage before it held them
// back: its figures say nothing.
func (c *Comparison) Starved(res *Result) bool {
	most := 0.0
	for i := range c.Results {
		most = max(most, c.Results[i].Arrived)
	}
	return res.Arrived < 0.98*most
}

// Best is the result that serves the objective best, nil without results.
func (c *Comparison) Best() *Result {
	var best *Result
	for i := range c.Results {
		if res := &c.Results[i]; !c.Starved(res) && (best == nil || Better(res, best) < 0) {
			best = res
		}
	}
	return best
}

// Conclusion says in plain words which candidate wins on the objective, and where the desired-replicas metric stands.
func (r *Report) Conclusion(c *Comparison) []string {
	best := c.Best()
	if best == nil {
		return nil
	}
	obj := &c.Service.Objective
	goal := fmt.Sprintf("age of at most %s for %s %% of the time", human.CompactSpan(obj.MaxAge.Seconds()), human.Number(obj.Percentile))
	var out []string
	if best.Meets {
		out = append(out, fmt.Sprintf("Objective (%s): %s meets it with the fewest replica-minutes (%s).",
			goal, best.Candidate, human.Compact(best.ReplicaMinutes)))
	} else {
		out = append(out, fmt.Sprintf("Objective (%s): no candidate meets it; %s comes closest (%s).",
			goal, best.Candidate, human.CompactSpan(best.PercentileAge)))
		load := MeasureLoad(r.Scenario, c.Service)
		if why := load.Ceiling(); why != "" {
			out = append(out, why)
		}
	}
	for i := range c.Results {
		res := &c.Results[i]
		if c.Starved(res) {
			out = append(out, fmt.Sprintf("%s is left out: a stage before held messages back, only %s of what others received arrived.",
				res.Candidate, share(res.Arrived, c.Results)))
			continue
		}
		if cand := r.Candidate(res.Candidate); cand != nil && cand.usesDesired(c.Service.Name) && res.Candidate != best.Candidate {
			out = append(out, Standing(res, best))
		}
	}
	return out
}

// Candidate is the one of a name, nil where there is none.
func (r *Report) Candidate(name string) *Candidate {
	for _, c := range r.Candidates {
		if c.Name == name {
			return c
		}
	}
	return nil
}

func share(arrived float64, all []Result) string {
	most := 0.0
	for i := range all {
		most = max(most, all[i].Arrived)
	}
	return fmt.Sprintf("%.0f %%", 100*arrived/most)
}

// Standing says where a result that does not win is better and where it is worse than the winner.
func Standing(res, best *Result) string {
	head := fmt.Sprintf("%s does not win here: ", res.Candidate)
	switch {
	case res.Meets && best.Meets:
		head += fmt.Sprintf("it meets the objective too, with %s replica-minutes (%s).",
			human.Compact(res.ReplicaMinutes), human.Change(res.ReplicaMinutes, best.ReplicaMinutes))
	default:
		head += fmt.Sprintf("age %s against %s, with %s replica-minutes (%s).", human.CompactSpan(res.PercentileAge),
			human.CompactSpan(best.PercentileAge), human.Compact(res.ReplicaMinutes), human.Change(res.ReplicaMinutes, best.ReplicaMinutes))
	}
	var wins []string
	for _, m := range []struct {
		name string
		a, b float64
	}{
		{"peak lag", res.PeakLag, best.PeakLag}, {"maximum age", res.MaxAge, best.MaxAge}, {"p95 age", res.P95Age, best.P95Age},
		{"drain time", res.Drain, best.Drain}, {"scale changes", float64(res.Changes), float64(best.Changes)},
		{"reversals", float64(res.Reversals), float64(best.Reversals)},
	} {
		if m.a < m.b {
			wins = append(wins, m.name)
		}
	}
	if len(wins) > 0 {
		head += " It is better on " + strings.Join(wins, ", ") + "."
	}
	return head
}

// Result is what a candidate did for a service, nil where it did not run or is not compared.
func (r *Report) Result(candidate, service string) *Result {
	for i := range r.Comparisons {
		for j := range r.Comparisons[i].Results {
			if res := &r.Comparisons[i].Results[j]; res.Candidate == candidate && res.Service == service {
				return res
			}
		}
	}
	return nil
}
