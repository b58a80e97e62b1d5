package simulate

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"

	"kafka_burndown_exporter/lab/manifest"
	"kafka_burndown_exporter/lab/promql"
	"kafka_burndown_exporter/lab/recording"
	"kafka_burndown_exporter/lab/scenario"
	"kafka_burndown_exporter/rules"
)

// Compile reads the scenario's candidates. A manifest's faults are named with the file and line they stand in.
func Compile(sc *scenario.Scenario) ([]*Candidate, error) {
	var out []*Candidate
	for i := range sc.Candidates {
		c, err := compileOne(sc, &sc.Candidates[i])
		if err == nil {
			err = c.bind(sc)
		}
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
		opt, err := QueryOptions(sc)
		if err != nil {
			return nil, err
		}
		bundle, err := manifest.Parse(m.Origin, m.Text, opt)
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

// add takes an object. Triggers that cannot be simulated are left out and noted; it returns false where nothing is left
// that could run.
func (c *Candidate) add(o *manifest.Object, b *manifest.Bundle) bool {
	ctl := &Controller{Service: o.Target.Name, Object: o.Scale, Origin: fmt.Sprintf("%s: %s %s", o.File, o.Kind, o), Source: o, Bundle: b}
	ctl.Object.Triggers = nil
	var left []string
	for i := range o.Scale.Triggers {
		if err := o.Unread[i]; err != nil {
			left = append(left, fmt.Sprintf("spec.triggers[%d] is left out: %v", i, err))
			continue
		}
		ctl.Object.Triggers = append(ctl.Object.Triggers, o.Scale.Triggers[i])
		ctl.Queries = append(ctl.Queries, o.Queries[i])
	}
	why := strings.Join(left, "; ")
	switch {
	case len(ctl.Object.Triggers) == 0:
		c.note("%s is left out: none of its triggers can be simulated: %s", ctl.Origin, why)
		return false
	case why != "" && o.Scale.Modifiers != nil:
		c.note("%s is left out: its formula needs all of its triggers: %s", ctl.Origin, why)
		return false
	case why != "":
		c.note("%s: %s; what is shown is a lower bound of its replicas", ctl.Origin, why)
	}
	c.Controllers = append(c.Controllers, ctl)
	return true
}

// QueryOptions make the series readable to queries that the scenario has beyond ours: of its services, of other
// exporters, of its rules.
func QueryOptions(sc *scenario.Scenario) (manifest.Options, error) {
	opt := manifest.Options{Series: map[string]manifest.Signal{}}
	others, err := foreignSeries(sc.Pipeline.Series)
	if err != nil {
		return opt, err
	}
	for name, s := range others {
		opt.Series[name] = manifest.SignalOther
		if signal, err := manifest.ParseSignal(s.Signal); err == nil {
			opt.Series[name] = signal
		}
	}
	for i := range sc.Services {
		for _, m := range sc.Services[i].Metrics {
			opt.Series[m.Name] = manifest.SignalOther
		}
	}
	server := promql.NewServer(promql.Options{})
	for _, f := range sc.Pipeline.RuleTexts {
		if err := server.LoadRules(f.Name, f.Data); err != nil {
			return opt, fmt.Errorf("--rules: %w", err)
		}
	}
	for _, g := range server.Groups() {
		for _, name := range g.Records() {
			if rules.Shipped().Record(name) == nil {
				opt.Series[name] = manifest.SignalOther
			}
		}
	}
	return opt, nil
}

// FromFiles makes one candidate of each manifest file, as -f takes them.
func FromFiles(sc *scenario.Scenario, paths []string) ([]*Candidate, error) {
	opt, err := QueryOptions(sc)
	if err != nil {
		return nil, err
	}
	opt.KeepUnread = true
	var out []*Candidate
	for _, path := range paths {
		c, err := fromFile(sc, path, opt)
		if err != nil {
			return nil, err
		}
		out = append(out, c)
	}
	return out, nil
}

func fromFile(sc *scenario.Scenario, path string, opt manifest.Options) (*Candidate, error) {
	b, err := manifest.Load([]string{path}, opt)
	if err != nil {
		return nil, err
	}
	c := &Candidate{Name: path}
	for _, o := range b.Objects {
		if err := unreadable(o); err != nil {
			return nil, err
		}
		c.add(o, b)
	}
	if len(c.Controllers) == 1 && len(sc.Services) == 1 {
		c.Controllers[0].Retarget(sc.Services[0].Name)
	}
	for _, ctl := range c.Controllers {
		c.Services = append(c.Services, ctl.Service)
	}
	if len(c.Controllers) == 0 {
		return nil, fmt.Errorf("%s: nothing in it can be simulated: %s", path, strings.Join(c.Notes, "; "))
	}
	if err := c.bind(sc); err != nil {
		return nil, err
	}
	c.reads()
	return c, nil
}

// Retarget lets the object scale the one service there is.
func (c *Controller) Retarget(service string) { c.Service, c.Source.Target.Name = service, service }

// unreadable is the error of a query that cannot be evaluated: unlike a trigger of another type, it was meant to be.
func unreadable(o *manifest.Object) error {
	for i, err := range o.Unread {
		if err != nil && o.Scale.Triggers[i].Prometheus != nil {
			return fmt.Errorf("%s: ScaledObject %s: spec.triggers[%d].metadata.query: %w", o.File, o, i, err)
		}
	}
	return nil
}

// FromYAML makes a candidate of manifest text, as tune writes it.
func FromYAML(sc *scenario.Scenario, name string, text []byte) (*Candidate, error) {
	opt, err := QueryOptions(sc)
	if err != nil {
		return nil, err
	}
	b, err := manifest.Parse(name, bytes.TrimSpace(text), opt)
	if err != nil {
		return nil, err
	}
	c := &Candidate{Name: name}
	for _, o := range b.Objects {
		c.add(o, b)
	}
	return c, c.bind(sc)
}

// Recorded is the candidate that scaled as it was recorded; nil without recorded replicas.
func Recorded(h *recording.History, service string) *Candidate {
	if h.Replicas == nil {
		return nil
	}
	return &Candidate{Name: "recorded", Title: "the replicas as they were", Schedule: map[string]*scenario.Series{service: h.Replicas}}
}
