package simulate

import (
	"slices"

	"kafka_burndown_exporter/internal/scale"
)

// direct reports whether a trigger of the candidate asks the exporter itself.
func (c *Candidate) direct() bool {
	return slices.ContainsFunc(c.Controllers, func(ctl *Controller) bool { return slices.Contains(ctl.Direct, true) })
}

// asksExporter reports whether a trigger asks the exporter itself.
func (c *Controller) asksExporter(trigger int) bool {
	return trigger < len(c.Direct) && c.Direct[trigger]
}

// desired is what the exporter says at this moment, as its newest sample has it: no answer where it cannot be reached,
// and where the truth is not known.
func (d *driver) desired() scale.Answer {
	snap := d.prom.exp.Snapshot(d.step)
	if snap == nil || d.plant.LostScrape() {
		return scale.Answer{Empty: true}
	}
	for i := range snap.Groups {
		if g := &snap.Groups[i]; g.ID == d.group.Service.Group && g.Decided && g.Decision.Known {
			return scale.Answer{Value: float64(g.Decision.Replicas)}
		}
	}
	return scale.Answer{Empty: true}
}
