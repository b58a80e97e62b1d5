package tune

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"kafka_burndown_exporter/internal/human"
	"kafka_burndown_exporter/internal/scale"
	"kafka_burndown_exporter/lab/scenario"
	"kafka_burndown_exporter/lab/simulate"
)

// space lists the variants: the exporter's desired replicas for several objectives, and every plain metric at several
// thresholds under every preset.
func space(sc *scenario.Scenario, svc *scenario.Service, l *simulate.Load, limits Limits, query QueryText) ([]*Variant, error) {
	var out []*Variant
	var names []string
	add := func(p *Preset, s setting) error {
		v, err := newVariant(sc, svc, p, l, limits, s, query)
		out = append(out, v)
		return err
	}
	pilot := followed()
	for _, p := range Presets() {
		names = append(names, p.Name)
		if limits.Preset != "" && p.Name != limits.Preset {
			continue
		}
		if limits.Preset != "" {
			pilot = p
		}
		for _, s := range plainSettings(svc, l) {
			if err := add(&p, s); err != nil {
				return nil, err
			}
		}
	}
	if out == nil {
		return nil, fmt.Errorf("--preset: %q is not one of %s", limits.Preset, strings.Join(names, ", "))
	}
	for _, s := range pilotSettings(svc) {
		if err := add(&pilot, s); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// setting is what one variant scales on.
type setting struct {
	triggers []Trigger
	// objective is that of the exporter's pilot; 0: nothing asks it.
	objective time.Duration
}

// desiredReplicas is the name of the query for what the pilot asks for.
const desiredReplicas = "desired-replicas"

func newVariant(sc *scenario.Scenario, svc *scenario.Service, p *Preset, l *simulate.Load, limits Limits, s setting, query QueryText) (*Variant, error) {
	triggers := slices.Clone(s.triggers)
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
	v := &Variant{Metric: triggers[0].Name, Threshold: triggers[0].Threshold, Preset: p.Name, Objective: s.objective}
	if s.objective > 0 {
		v.Threshold = "objective " + human.CompactSpan(s.objective.Seconds())
	}
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
	v.cand.Objective = s.objective
	v.cand.Controllers[0].Retarget(svc.Name) // in the workload it is called so
	return v, simulate.UseKubernetes(limits.Kubernetes, v.cand)
}

func cpuTrigger() Trigger { return Trigger{Type: "cpu", Name: "cpu", Threshold: "80"} }

func promTrigger(name, kind string, threshold float64) Trigger {
	return Trigger{Type: "prometheus", Name: name, Kind: kind, Threshold: threshold3(threshold)}
}

// pilotSettings are the exporter's desired replicas. It finds everything itself but what it aims at: less than the
// objective costs more and misses it less often.
func pilotSettings(svc *scenario.Service) []setting {
	var out []setting
	for _, part := range []float64{1. / 3, 1. / 2, 2. / 3, 1, 4. / 3, 2} {
		objective := time.Duration(float64(svc.Objective.MaxAge) * part).Round(time.Second)
		out = append(out, pilotSetting(max(objective, time.Second)))
	}
	return out
}

func pilotSetting(objective time.Duration) setting {
	return setting{[]Trigger{promTrigger(desiredReplicas, "AverageValue", 1), cpuTrigger()}, objective}
}

// plainSettings are the plain triggers to try. Thresholds follow from the capacity and the objective: so many seconds of
// work.
func plainSettings(svc *scenario.Service, l *simulate.Load) []setting {
	age, cpu, prom := svc.Objective.MaxAge.Seconds(), cpuTrigger(), promTrigger
	lagAt := func(sec float64) Trigger {
		return prom("lag", "AverageValue", math.Max(1, math.Round(l.Capacity*sec)))
	}
	// A Value trigger needs one beside it that does not multiply the ready pods.
	net := lagAt(age * 2 / 3)
	var out []setting
	add := func(triggers ...Trigger) { out = append(out, setting{triggers: triggers}) }
	for _, part := range []float64{1.0 / 12, 1.0 / 6, 1.0 / 3, 2.0 / 3} {
		add(lagAt(age*part), cpu)
	}
	for _, part := range []float64{1.0 / 12, 1.0 / 4, 1.0 / 2} {
		target := math.Round(scale.Log2x7(l.Mean*age*part, math.Inf(1)))
		if target >= 7 && target*1.1 < scale.DefaultLog2x7Max {
			add(prom("lag-log2x7", "Value", target), net)
		}
	}
	for _, part := range []float64{1.0 / 6, 1.0 / 3, 2.0 / 3} {
		add(prom("burndown", "Value", age*part), net)
	}
	for _, part := range []float64{1.0 / 6, 1.0 / 3} {
		add(prom("age", "Value", age*part), net)
	}
	for _, use := range []float64{0.7, 0.85} {
		add(prom("producer-rate", "AverageValue", l.Capacity*use), lagAt(age/3))
	}
	return out
}

func threshold3(v float64) string { return strconv.FormatFloat(math.Round(v*1000)/1000, 'f', -1, 64) }
