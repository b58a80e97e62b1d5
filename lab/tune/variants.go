package tune

import (
	"kafka_burndown_exporter/lab/scenario"
	"kafka_burndown_exporter/lab/simulate"
)

// Variants are all plain shipped triggers at all thresholds that tune tries for the scenario's first service, each with the
// behaviour that Standard gives them.
func Variants(sc *scenario.Scenario, query QueryText) ([]*simulate.Candidate, error) {
	svc := &sc.Services[0]
	l := simulate.MeasureLoad(sc, svc)
	preset := Presets()[0]
	preset.Down = Presets()[3].Down
	limits := Limits{Min: svc.Replicas.Min, Max: svc.Replicas.Max}
	var out []*simulate.Candidate
	for _, s := range plainSettings(svc, &l) {
		v, err := newVariant(sc, svc, &preset, &l, limits, s, query)
		if err != nil {
			return nil, err
		}
		v.cand.Name = v.Metric + " at " + v.Threshold
		out = append(out, v.cand)
	}
	return out, nil
}

// Standard are candidates to compare when none are given: no autoscaling, what the exporter asks for, and one for each plain
// metric.
func Standard(sc *scenario.Scenario, query QueryText) ([]*simulate.Candidate, error) {
	svc := &sc.Services[0]
	l := simulate.MeasureLoad(sc, svc)
	out := []*simulate.Candidate{{Name: "fixed", Title: "no autoscaling"}}
	add := func(p Preset, s setting) error {
		v, err := newVariant(sc, svc, &p, &l, Limits{}, s, query)
		if err != nil {
			return err
		}
		v.cand.Name, v.cand.Title = s.triggers[0].Name, s.triggers[0].Name+" at "+v.Threshold
		out = append(out, v.cand)
		return nil
	}
	if err := add(followed(), pilotSetting(svc.Objective.MaxAge)); err != nil {
		return nil, err
	}
	preset := Presets()[0]
	preset.Down = Presets()[3].Down
	var names []string
	byName := map[string][]setting{}
	for _, s := range plainSettings(svc, &l) {
		name := s.triggers[0].Name
		if byName[name] == nil {
			names = append(names, name)
		}
		byName[name] = append(byName[name], s)
	}
	for _, name := range names { // thresholds ascend: the one in the middle stands for its metric
		if err := add(preset, byName[name][(len(byName[name])-1)/2]); err != nil {
			return nil, err
		}
	}
	return out, nil
}
