package simulate

import (
	"slices"
	"time"

	"kafka_burndown_exporter/internal/lag"
	"kafka_burndown_exporter/internal/pilot"
	"kafka_burndown_exporter/internal/scale"
)

// direct reports whether a trigger of the candidate asks the exporter itself.
func (c *Candidate) direct() bool {
	return slices.ContainsFunc(c.Controllers, func(ctl *Controller) bool { return slices.Contains(ctl.Direct, true) })
}

// pilots gives each group's pilot the objective of its service.
func (p *plant) pilots(c *pilot.Constants) func(group string) pilot.Options {
	objectives := map[string]time.Duration{}
	for _, g := range p.groups {
		objectives[g.svc.Group] = g.svc.Objective.MaxAge
	}
	return func(group string) pilot.Options { return pilot.Options{Objective: objectives[group], Constants: c} }
}

// assigned is who holds which partition of the group, by the topics of its commits; from says where in the group's
// partitions each of them begins.
func (g *group) assigned(commits []lag.TopicCommits, from []int) []lag.Assigned {
	number := make(map[*member]int32, len(g.members))
	for i, m := range g.members {
		number[m] = int32(i)
	}
	out := make([]lag.Assigned, len(commits))
	for k := range commits {
		a := lag.Assigned{Topic: commits[k].Topic}
		for i, p := range commits[k].Partitions {
			if m, ok := number[g.parts[from[k]+i].owner]; ok {
				a.Partitions, a.Members = append(a.Partitions, p), append(a.Members, m)
			}
		}
		out[k] = a
	}
	return out
}

// asksExporter reports whether a trigger asks the exporter itself.
func (c *Controller) asksExporter(trigger int) bool {
	return trigger < len(c.Direct) && c.Direct[trigger]
}

// desired is what the exporter says at this moment, as its newest sample has it: no answer where it cannot be reached,
// and where the truth is not known.
func (d *driver) desired() scale.Answer {
	snap := d.prom.exp.snapshot(d.step)
	if snap == nil || d.plant.lostScrape {
		return scale.Answer{Empty: true}
	}
	for i := range snap.Groups {
		if g := &snap.Groups[i]; g.ID == d.group.svc.Group && g.Decided && g.Decision.Known {
			return scale.Answer{Value: float64(g.Decision.Replicas)}
		}
	}
	return scale.Answer{Empty: true}
}
