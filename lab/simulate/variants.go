package simulate

import "kafka_burndown_exporter/lab/scenario"

// Variants are all shipped triggers at all thresholds that tune tries for the scenario's first service, each with the
// behaviour that Standard gives them.
func Variants(sc *scenario.Scenario, query QueryText) ([]*Candidate, error) {
	svc := &sc.Services[0]
	l := MeasureLoad(sc, svc)
	preset := Presets()[0]
	preset.Down = Presets()[3].Down
	limits := Limits{Min: svc.Replicas.Min, Max: svc.Replicas.Max}
	var out []*Candidate
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
