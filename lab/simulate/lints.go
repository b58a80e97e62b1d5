package simulate

import (
	"slices"

	"kafka_burndown_exporter/lab/manifest"
	"kafka_burndown_exporter/lab/scenario"
)

// Lints runs the manifest lints over every candidate, with what the scenario knows of each service. What several
// candidates share is reported once, with the first of them.
func Lints(sc *scenario.Scenario, cands []*Candidate) []Lint {
	var out []Lint
	type key struct{ id, object, field, reason string }
	seen := map[key]bool{}
	for _, c := range cands {
		var bundles []*manifest.Bundle
		for _, ctl := range c.Controllers {
			if ctl.Bundle != nil && !slices.Contains(bundles, ctl.Bundle) {
				bundles = append(bundles, ctl.Bundle)
			}
		}
		for _, b := range bundles {
			for _, f := range manifest.Lint(b, func(o *manifest.Object) manifest.Facts { return facts(sc, o) }) {
				k := key{f.ID, f.Object, f.Field, f.Reason}
				if seen[k] {
					continue
				}
				seen[k] = true
				out = append(out, Lint{Candidate: c.Name, ID: f.ID, Severity: f.Severity.String(), Object: f.Object,
					Field: f.Field, Reason: f.Reason, Fix: f.Fix})
			}
		}
	}
	return out
}

func facts(sc *scenario.Scenario, o *manifest.Object) manifest.Facts {
	svc := sc.Service(o.Target.Name)
	if svc == nil {
		return manifest.Facts{}
	}
	f := manifest.Facts{Partitions: sc.UsefulReplicas(svc), Capacity: svc.Capacity.PerPod,
		RebalancePause: svc.Rebalance.Pause, StartDelay: svc.StartDelay}
	if svc.IsStreams() {
		f.Tasks = sc.Ceiling(svc)
	}
	if svc.IsShare() { // nothing that lints know of partitions holds, and nobody waits for a rebalance
		f.Partitions, f.RebalancePause = 0, 0
	}
	return f
}
