package demo

import (
	"fmt"
	"reflect"
	"slices"

	"kafka_burndown_exporter/lab/manifest"
	"kafka_burndown_exporter/lab/promql"
	"kafka_burndown_exporter/lab/scenario"
	"kafka_burndown_exporter/lab/simulate"
)

// setup is one position of the switch: a candidate, ready to run.
type setup struct {
	candidate *scenario.Candidate
	label     string             // what pages and the log call it
	scalers   map[string]*scaler // by service; absent: nothing scales it
}

// scaler is a ScaledObject with its queries, nil for triggers without one.
type scaler struct {
	object  *manifest.Object
	queries []*promql.Query
}

// setups are the positions of the scenario's switch and the one that the demo starts with, which is the candidate of that
// name or the scenario's own choice; nil where it has no candidates. register adds a query to the demo's Prometheus.
func setups(s *scenario.Scenario, start string, register func(query string) (*promql.Query, error)) (all []*setup, first *setup, err error) {
	c := s.DemoCandidate()
	if start != "" {
		if c = s.Candidate(start); c == nil {
			return nil, nil, fmt.Errorf("the scenario %s has no candidate %q", s.Name, start)
		}
	}
	if c == nil {
		return nil, nil, nil
	}
	compiled, err := simulate.Compile(s)
	if err != nil {
		return nil, nil, err
	}
	choices := s.Choices()
	if !slices.ContainsFunc(choices, func(ch scenario.Choice) bool { return ch.Candidate == c.Name }) {
		choices = append(slices.Clone(choices), scenario.Choice{Candidate: c.Name, Label: c.Name})
	}
	for _, choice := range choices {
		name := choice.Candidate
		if slices.ContainsFunc(compiled, func(o *simulate.Candidate) bool { return o.Name == name && o.Renames() }) {
			if name != c.Name && s.Demo.Switch == nil {
				continue // the file has it for simulate
			}
			return nil, nil, fmt.Errorf("%s: the manifests of the candidate %s name another group or topic than the scenario", s.Name, name)
		}
		next := &setup{candidate: s.Candidate(name), label: choice.Label, scalers: map[string]*scaler{}}
		objects, err := candidateObjects(s, next.candidate)
		if err != nil {
			return nil, nil, err
		}
		for service, o := range objects {
			if next.scalers[service], err = newScaler(o, register); err != nil {
				return nil, nil, err
			}
		}
		if all = append(all, next); name == c.Name {
			first = next
		}
	}
	return all, first, nil
}

// candidateObjects are the ScaledObjects of a candidate by the service they scale, its base's included.
func candidateObjects(s *scenario.Scenario, c *scenario.Candidate) (map[string]*manifest.Object, error) {
	opt, err := simulate.QueryOptions(s)
	if err != nil {
		return nil, err
	}
	out := map[string]*manifest.Object{}
	own := map[string]bool{} // services that the candidate, and not its base, decides on
	for ; c != nil; c = s.Candidate(c.Base) {
		for _, m := range c.Manifests {
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

func newScaler(o *manifest.Object, register func(query string) (*promql.Query, error)) (*scaler, error) {
	s := &scaler{object: o, queries: make([]*promql.Query, len(o.Queries))}
	for i, q := range o.Queries {
		if q == nil {
			continue
		}
		var err error
		if s.queries[i], err = register(q.Text); err != nil {
			return nil, fmt.Errorf("ScaledObject %s: spec.triggers[%d]: %w", o, i, err)
		}
	}
	return s, nil
}

// same reports whether two are equal as an apply would find them: then the object and its HPA stay as they are.
func (s *scaler) same(other *scaler) bool {
	if s == nil || other == nil {
		return s == other
	}
	text := func(q *manifest.Query) string {
		if q == nil {
			return ""
		}
		return q.Text
	}
	return s.object.Name == other.object.Name && reflect.DeepEqual(s.object.Scale, other.object.Scale) &&
		slices.EqualFunc(s.object.Queries, other.object.Queries, func(a, b *manifest.Query) bool { return text(a) == text(b) })
}

// initial is how many replicas a service begins with.
func (s *setup) initial(svc *scenario.Service) int {
	if s != nil {
		if n, ok := s.candidate.Replicas[svc.Name]; ok {
			return n
		}
	}
	return svc.Replicas.Initial
}

// scaler is what scales a service, nil for nothing.
func (s *setup) scaler(service string) *scaler {
	if s == nil {
		return nil
	}
	return s.scalers[service]
}
