package collector

import (
	"kafka_burndown_exporter/internal/lag"
	"kafka_burndown_exporter/internal/pilot"
)

// decision is a gauge of what the pilot of a group decided.
func decision(name, help string, get func(*pilot.Decision) float64) Family {
	return groupGauge(name, "", help, func(g *lag.Group) float64 {
		if !g.Decided {
			return lag.Absent
		}
		return get(&g.Decision)
	})
}

// DesiredNames are the families of what pilots decide.
func DesiredNames() (names []string) {
	for _, f := range desiredFamilies() {
		names = append(names, f.Name)
	}
	return names
}

func desiredFamilies() []Family {
	return []Family{
		decision("desired_replicas",
			"Replicas that the group needs so that no message waits longer than --desired.objective: the number to scale to, at "+
				"a target of 1. Absent while it is not known; kafka_group_desired_reason says why.",
			func(d *pilot.Decision) float64 {
				if !d.Known {
					return lag.Absent
				}
				return float64(d.Replicas)
			}),
		decision("member_capacity",
			"Messages per second that one member can consume, measured while it has a backlog. Absent until it was measured.",
			func(d *pilot.Decision) float64 { return d.Capacity }),
		decision("members_saturated",
			"Members that have a backlog and work at their capacity. Absent where it is not known which member holds which "+
				"partition.",
			func(d *pilot.Decision) float64 { return known(d.Saturated) }),
		{
			Name: "kafka_group_desired_reason", Type: Gauge, Level: LevelGroup, Labels: []string{labelGroup, "reason"}, variant: "reason",
			Help:     "Always 1; its label says why kafka_group_desired_replicas is what it is, or why it is absent.",
			variants: pilot.Reasons[:],
			group: func(g *lag.Group, v int) float64 {
				if !g.Decided || int(g.Decision.Reason) != v {
					return lag.Absent
				}
				return 1
			},
		},
	}
}
