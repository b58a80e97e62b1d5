package report

import (
	"fmt"
	"strings"
	"time"

	"kafka_burndown_exporter/internal/human"
	"kafka_burndown_exporter/lab/scenario"
	"kafka_burndown_exporter/lab/simulate"
)

// headline says first what to apply, and what it costs against what there is.
type headline struct {
	Apply string
	Met   bool
	Facts []fact
}

// fact is a figure of the headline.
type fact struct{ Name, Value, Note string }

// newHeadline compares the best result with what there is; base may be nil.
func newHeadline(apply string, best, base *simulate.Result, svc *scenario.Service, length time.Duration) headline {
	obj := &svc.Objective
	h := headline{Apply: "Apply " + apply, Met: best.Meets}
	switch {
	case best == base && best.Meets:
		h.Apply = "Keep " + apply + ": nothing here meets the objective for less"
	case best == base:
		h.Apply = "Keep " + apply + ": nothing here comes closer to the objective"
	case !best.Meets:
		h.Apply = "Nothing meets the objective; " + apply + " comes closest"
	}
	against := func(text string) string {
		if base == nil || base == best {
			return ""
		}
		return "now (" + base.Candidate + "): " + text
	}
	h.Facts = []fact{
		{fmt.Sprintf("age for %s %% of the time, at most %s wanted", human.Number(obj.Percentile), human.CompactSpan(obj.MaxAge.Seconds())),
			human.CompactSpan(best.PercentileAge) + mark(best.Meets), ""},
		{"replica-minutes in " + human.Rough(length), human.Compact(best.ReplicaMinutes), ""},
	}
	if base != nil {
		h.Facts[0].Note = against(human.CompactSpan(base.PercentileAge) + mark(base.Meets))
		h.Facts[1].Note = against(human.Compact(base.ReplicaMinutes) + ", " + human.Change(best.ReplicaMinutes, base.ReplicaMinutes))
	}
	if best.Cost > 0 {
		f := fact{"cost a month at this load", money(best, length), ""}
		if base != nil {
			f.Note = against(money(base, length))
		}
		h.Facts = append(h.Facts, f)
	}
	f := fact{"changes of the replicas, and turns", fmt.Sprintf("%d/%d", best.Changes, best.Reversals), ""}
	if base != nil {
		f.Note = against(fmt.Sprintf("%d/%d", base.Changes, base.Reversals))
	}
	h.Facts = append(h.Facts, f)
	return h
}

func money(r *simulate.Result, length time.Duration) string {
	return fmt.Sprintf("%.2f", r.Cost*30*24/length.Hours())
}

// present is what there is today: the recorded replicas, else the scenario's default candidate, else no autoscaling.
func present(r *simulate.Report, c *simulate.Comparison) *simulate.Result {
	names := []string{"recorded"}
	if def := r.Scenario.DefaultCandidate(); def != nil {
		names = append(names, def.Name)
	}
	for _, name := range append(names, "fixed") {
		for i := range c.Results {
			if c.Results[i].Candidate == name && !c.Starved(&c.Results[i]) {
				return &c.Results[i]
			}
		}
	}
	return nil
}

// manifests names where a candidate's objects for a service stand.
func manifests(c *simulate.Candidate, service string) string {
	var out []string
	for _, ctl := range c.Controllers {
		if ctl.Service == service {
			out = append(out, ctl.Origin)
		}
	}
	return strings.Join(out, ", ")
}
