package demo

import (
	"fmt"

	"kafka_burndown_exporter/lab/manifest"
	"kafka_burndown_exporter/lab/scenario"
)

// pickCandidate is the candidate of that name, or the scenario's default; nil where it has none.
func pickCandidate(s *scenario.Scenario, name string) (*scenario.Candidate, error) {
	if name == "" {
		return s.DefaultCandidate(), nil
	}
	c := s.Candidate(name)
	if c == nil {
		return nil, fmt.Errorf("the scenario %s has no candidate %q", s.Name, name)
	}
	return c, nil
}

// initial is how many replicas a service begins with.
func (d *Demo) initial(svc *scenario.Service) int {
	if c := d.candidate(); c != nil {
		if n, ok := c.Replicas[svc.Name]; ok {
			return n
		}
	}
	return svc.Replicas.Initial
}

func (d *Demo) candidate() *scenario.Candidate {
	c, _ := pickCandidate(d.scenario, d.opt.Candidate)
	return c
}

// candidateObjects are the ScaledObjects of a candidate by the service they scale, its base's included.
func candidateObjects(s *scenario.Scenario, name string) (map[string]*manifest.Object, error) {
	c, err := pickCandidate(s, name)
	if err != nil {
		return nil, err
	}
	out := map[string]*manifest.Object{}
	own := map[string]bool{} // services that the candidate, and not its base, decides on
	for ; c != nil; c = s.Candidate(c.Base) {
		for _, m := range c.Manifests {
			bundle, err := manifest.Parse(m.Origin, m.Text, manifest.Options{Series: customSeries(s)})
			if err != nil {
				return nil, err
			}
			for _, o := range bundle.Objects {
				if _, ok := out[o.Target.Name]; !ok && !own[o.Target.Name] {
					out[o.Target.Name] = o
				}
			}
		}
		if c.Base == "" {
			break
		}
		for _, service := range c.Only {
			own[service] = true
		}
	}
	return out, nil
}

// customSeries are the series that services publish themselves.
func customSeries(s *scenario.Scenario) map[string]manifest.Signal {
	out := map[string]manifest.Signal{}
	for i := range s.Services {
		for _, m := range s.Services[i].Metrics {
			out[m.Name] = manifest.SignalOther
		}
	}
	return out
}
