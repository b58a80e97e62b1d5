package simulate

import (
	"bytes"
	"errors"
	"fmt"
	"slices"

	"kafka_burndown_exporter/lab/manifest"
	"kafka_burndown_exporter/lab/scenario"
)

// Compile reads the scenario's candidates. A manifest's faults are named with the file and line they stand in.
func Compile(sc *scenario.Scenario) ([]*Candidate, error) {
	var out []*Candidate
	for i := range sc.Candidates {
		c, err := compileOne(sc, &sc.Candidates[i])
		if err != nil {
			return nil, err
		}
		out = append(out, c)
	}
	return out, nil
}

func compileOne(sc *scenario.Scenario, c *scenario.Candidate) (*Candidate, error) {
	out := &Candidate{Name: c.Name, Title: c.Title, Verdict: c.Verdict, Replicas: c.Replicas}
	for i := range c.Manifests {
		m := &c.Manifests[i]
		bundle, err := manifest.Parse(m.Origin, m.Text, QueryOptions(sc))
		if err != nil {
			return nil, inline(m, err)
		}
		for _, o := range bundle.Objects {
			out.add(o, bundle)
		}
	}
	out.Services = c.Only
	if c.Base == "" {
		return out, nil
	}
	base, err := compileOne(sc, sc.Candidate(c.Base))
	if err != nil {
		return nil, err
	}
	own := slices.Clone(c.Only)
	for _, ctl := range out.Controllers {
		own = append(own, ctl.Service)
	}
	out.Services = own
	for _, ctl := range base.Controllers {
		if !slices.Contains(own, ctl.Service) {
			out.Controllers = append(out.Controllers, ctl)
		}
	}
	return out, nil
}

// inline drops the line of a fault inside an inline manifest: it counts from the manifest, whose own place is named.
func inline(m *scenario.Manifest, err error) error {
	var e *manifest.Error
	if m.File == "" && errors.As(err, &e) {
		e.Line = 0
		return e
	}
	return err
}

func (c *Candidate) add(o *manifest.Object, b *manifest.Bundle) {
	c.Controllers = append(c.Controllers, &Controller{
		Service: o.Target.Name, Object: o.Scale, Queries: o.Queries,
		Origin: fmt.Sprintf("%s: %s %s", o.File, o.Kind, o), Source: o, Bundle: b,
	})
}

// QueryOptions make the series that the scenario's services publish readable to queries.
func QueryOptions(sc *scenario.Scenario) manifest.Options {
	opt := manifest.Options{Series: map[string]manifest.Signal{}}
	for i := range sc.Services {
		for _, m := range sc.Services[i].Metrics {
			opt.Series[m.Name] = manifest.SignalOther
		}
	}
	return opt
}

// FromFiles makes one candidate of each manifest file, as -f takes them.
func FromFiles(sc *scenario.Scenario, paths []string) ([]*Candidate, error) {
	var out []*Candidate
	for _, path := range paths {
		b, err := manifest.Load([]string{path}, QueryOptions(sc))
		if err != nil {
			return nil, err
		}
		c := &Candidate{Name: path}
		for _, o := range b.Objects {
			if sc.Service(o.Target.Name) == nil && len(sc.Services) == 1 && len(b.Objects) == 1 {
				o.Target.Name = sc.Services[0].Name
			}
			c.add(o, b)
			c.Services = append(c.Services, o.Target.Name)
		}
		out = append(out, c)
	}
	return out, nil
}

// FromYAML makes a candidate of manifest text, as tune writes it.
func FromYAML(sc *scenario.Scenario, name string, text []byte) (*Candidate, error) {
	b, err := manifest.Parse(name, bytes.TrimSpace(text), QueryOptions(sc))
	if err != nil {
		return nil, err
	}
	c := &Candidate{Name: name}
	for _, o := range b.Objects {
		c.add(o, b)
	}
	return c, nil
}
