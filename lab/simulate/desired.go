package simulate

import (
	"slices"

	"kafka_burndown_exporter/internal/scale"
)

// direct reports whether a trigger of the candidate asks the exporter itself.
func (c *Candidate) direct() bool {
	return slices.ContainsFunc(c.Controllers, func(ctl *Controller) bool {
		return slices.ContainsFunc(ctl.Object.Triggers, func(t scale.Trigger) bool { return t.MetricsAPI != nil })
	})
}

// desired is what the exporter says of a group at this moment, as its newest sample has it: no answer where it cannot be
// reached, and where the truth is not known.
func (d *driver) desired(group string) scale.Answer {
	snap := d.prom.exp.Snapshot(d.step)
	if snap == nil || d.plant.LostScrape() {
		return scale.Answer{Empty: true}
	}
	for i := range snap.Groups {
		if g := &snap.Groups[i]; g.ID == group && g.Decided && g.Decision.Known {
			return scale.Answer{Value: float64(g.Decision.Replicas)}
		}
	}
	return scale.Answer{Empty: true}
}
