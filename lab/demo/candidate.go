package demo

import (
	"fmt"

	"kafka_burndown_exporter/lab/manifest"
	"kafka_burndown_exporter/lab/scenario"
	"kafka_burndown_exporter/lab/simulate"
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
	compiled, err := simulate.Compile(s)
	if err != nil {
		return nil, err
	}
	for _, other := range compiled {
		if c != nil && other.Name == c.Name && other.Renames() {
			return nil, fmt.Errorf("%s: the manifests of the candidate %s name another group or topic than the scenario", s.Name, c.Name)
		}
	}
	out := map[string]*manifest.Object{}
	own := map[string]bool{} // services that the candidate, and not its base, decides on
	for ; c != nil; c = s.Candidate(c.Base) {
		for _, m := range c.Manifests {
			opt, err := simulate.QueryOptions(s)
			if err != nil {
				return nil, err
			}
			bundle, err := manifest.Parse(m.Origin, m.Text, opt)
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
