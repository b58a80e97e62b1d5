package tune

import (
	"kafka_burndown_exporter/lab/scenario"
	"kafka_burndown_exporter/lab/simulate"
)

// Variants are all shipped triggers at all thresholds that tune tries for the scenario's first service, each with the
// behaviour that Standard gives them.
func Variants(sc *scenario.Scenario, query QueryText) ([]*simulate.Candidate, error) {
	svc := &sc.Services[0]
	l := simulate.MeasureLoad(sc, svc)
	preset := Presets()[0]
	preset.Down = Presets()[3].Down
	limits := Limits{Min: svc.Replicas.Min, Max: svc.Replicas.Max}
	var out []*simulate.Candidate
	for _, metric := range metricsFor(svc, &l) {
		v, err := newVariant(sc, svc, &preset, &l, limits, metric, query)
		if err != nil {
			return nil, err
		}
		v.cand.Name = v.Metric + " at " + v.Threshold
		out = append(out, v.cand)
	}
	return out, nil
}

// Standard are candidates to compare when none are given: no autoscaling, and one for each shipped metric.
func Standard(sc *scenario.Scenario, query QueryText) ([]*simulate.Candidate, error) {
	svc := &sc.Services[0]
	l := simulate.MeasureLoad(sc, svc)
	out := []*simulate.Candidate{{Name: "fixed", Title: "no autoscaling"}}
	preset := Presets()[0]
	preset.Down = Presets()[3].Down
	var names []string
	byName := map[string][][]Trigger{}
	for _, metric := range metricsFor(svc, &l) {
		name := metric[0].Name
		if byName[name] == nil {
			names = append(names, name)
		}
		byName[name] = append(byName[name], metric)
	}
	for _, name := range names {
		// Thresholds ascend: the one in the middle stands for its metric, the plain one for the desired replicas.
		pick := byName[name][(len(byName[name])-1)/2]
		if name == "desired-replicas" {
			pick = byName[name][0]
		}
		v, err := newVariant(sc, svc, &preset, &l, Limits{}, pick, query)
		if err != nil {
			return nil, err
		}
		v.cand.Name, v.cand.Title = name, name+" at "+v.Threshold
		out = append(out, v.cand)
	}
	return out, nil
}
