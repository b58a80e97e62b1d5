package tune

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"kafka_burndown_exporter/internal/scale"
	"kafka_burndown_exporter/lab/scenario"
	"kafka_burndown_exporter/lab/simulate"
)

// space lists the variants: every metric at several thresholds under every preset.
func space(sc *scenario.Scenario, svc *scenario.Service, l *simulate.Load, limits Limits, query QueryText) ([]*Variant, error) {
	var out []*Variant
	var names []string
	for _, p := range Presets() {
		names = append(names, p.Name)
		if limits.Preset != "" && p.Name != limits.Preset {
			continue
		}
		for _, metric := range metricsFor(svc, l) {
			v, err := newVariant(sc, svc, &p, l, limits, metric, query)
			if err != nil {
				return nil, err
			}
			out = append(out, v)
		}
	}
	if out == nil {
		return nil, fmt.Errorf("--preset: %q is not one of %s", limits.Preset, strings.Join(names, ", "))
	}
	return out, nil
}

func newVariant(sc *scenario.Scenario, svc *scenario.Service, p *Preset, l *simulate.Load, limits Limits, triggers []Trigger, query QueryText) (*Variant, error) {
	triggers = slices.Clone(triggers)
	var names []string
	for i := range triggers {
		tr := &triggers[i]
		names = append(names, tr.Name)
		if tr.Type != "prometheus" {
			continue
		}
		q, err := query(tr.Name, svc.Group, tr.Threshold)
		if err != nil {
			return nil, err
		}
		tr.Query = q
	}
	v := &Variant{Metric: triggers[0].Name, Threshold: triggers[0].Threshold, Preset: p.Name}
	if len(triggers) > 1 && triggers[1].Type != "cpu" {
		v.Metric += "+" + names[1]
		v.Threshold += ", " + triggers[1].Threshold
	}
	v.m = newDraft(svc, p, l, limits, triggers)
	text, err := v.m.text()
	if err != nil {
		return nil, err
	}
	v.Manifest = text
	if v.cand, err = simulate.FromYAML(sc, v.Metric+" at "+v.Threshold+", "+p.Name, text); err != nil {
		return nil, err
	}
	v.cand.Controllers[0].Retarget(svc.Name) // in the workload it is called so
	return v, simulate.UseKubernetes(limits.Kubernetes, v.cand)
}

// metricsFor are the triggers to try. Thresholds follow from the capacity and the objective: so many seconds of work.
func metricsFor(svc *scenario.Service, l *simulate.Load) [][]Trigger {
	age := svc.Objective.MaxAge.Seconds()
	cpu := Trigger{Type: "cpu", Name: "cpu", Threshold: "80"}
	prom := func(name, kind string, threshold float64) Trigger {
		return Trigger{Type: "prometheus", Name: name, Kind: kind, Threshold: threshold3(threshold)}
	}
	lagAt := func(sec float64) Trigger {
		return prom("lag", "AverageValue", math.Max(1, math.Round(l.Capacity*sec)))
	}
	// A Value trigger needs one beside it that does not multiply the ready pods.
	net := lagAt(age * 2 / 3)
	out := [][]Trigger{{prom("desired-replicas", "AverageValue", 1), cpu}}
	for _, part := range []float64{1.0 / 6, 1.0 / 3} {
		out = append(out, []Trigger{prom("desired-replicas", "AverageValue", 1), lagAt(age * part)})
	}
	for _, part := range []float64{1.0 / 12, 1.0 / 6, 1.0 / 3, 2.0 / 3} {
		out = append(out, []Trigger{lagAt(age * part), cpu})
	}
	for _, part := range []float64{1.0 / 12, 1.0 / 4, 1.0 / 2} {
		target := math.Round(scale.Log2x7(l.Mean*age*part, math.Inf(1)))
		if target >= 7 && target*1.1 < scale.DefaultLog2x7Max {
			out = append(out, []Trigger{prom("lag-log2x7", "Value", target), net})
		}
	}
	for _, part := range []float64{1.0 / 6, 1.0 / 3, 2.0 / 3} {
		out = append(out, []Trigger{prom("burndown", "Value", age*part), net})
	}
	for _, part := range []float64{1.0 / 6, 1.0 / 3} {
		out = append(out, []Trigger{prom("age", "Value", age*part), net})
	}
	for _, use := range []float64{0.7, 0.85} {
		out = append(out, []Trigger{prom("producer-rate", "AverageValue", l.Capacity*use), lagAt(age / 3)})
	}
	return out
}

func threshold3(v float64) string { return strconv.FormatFloat(math.Round(v*1000)/1000, 'f', -1, 64) }
