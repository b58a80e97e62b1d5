// Package monitor is the Prometheus of a scenario: its rules at their own times, the labels of what it scrapes, and what
// services publish beside the exporter. Where the exporter's samples come from is its user's: the simulator's
// plant, or the /metrics page of a live demo.
package monitor

import (
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"kafka_burndown_exporter/lab/promql"
	"kafka_burndown_exporter/lab/scenario"
	"kafka_burndown_exporter/rules"
)

// job is the label of that name where the scenario gives none: that of the manifests in deploy/.
const job = "kafka-burndown-exporter"

// Server is a Prometheus that scrapes one exporter and the services of a scenario.
type Server struct {
	*promql.Server
	// Exporter is the target for what the exporter publishes, once the server has started.
	Exporter *promql.Target

	sc  *scenario.Scenario
	own []service
}

// service is a target of series that a service publishes.
type service struct {
	target *promql.Target
	handle promql.Handle
	value  func() (float64, bool)
}

// New returns a server with the scenario's rules, or the shipped ones. The groups of the first file are evaluated first at
// base after the start, the others at top, as Prometheus gives each group a time of its own.
func New(sc *scenario.Scenario, base, top time.Duration) (*Server, error) {
	s := &Server{Server: promql.NewServer(promql.Options{EvaluationInterval: sc.Pipeline.RuleInterval}), sc: sc}
	files, err := ruleFiles(&sc.Pipeline)
	if err != nil {
		return nil, err
	}
	for i, f := range files {
		before := len(s.Groups())
		s.AddRules(f)
		for _, g := range s.Groups()[before:] {
			if g.Phase = base; i > 0 {
				g.Phase = top
			}
		}
	}
	return s, nil
}

// ruleFiles are the scenario's rule files, or the shipped ones.
func ruleFiles(pipe *scenario.Pipeline) ([]*promql.RuleFile, error) {
	if len(pipe.RuleTexts) == 0 {
		return shipped()
	}
	var out []*promql.RuleFile
	for _, r := range pipe.RuleTexts {
		f, err := promql.ReadRules(r.Name, r.Data)
		if err != nil {
			return nil, fmt.Errorf("rules: %w", err)
		}
		out = append(out, f)
	}
	return out, nil
}

// shipped are the files of rules/, read once.
var shipped = sync.OnceValues(func() ([]*promql.RuleFile, error) {
	var out []*promql.RuleFile
	for _, name := range []string{rules.BaseBurndownExporter, rules.Recording} {
		data, err := rules.Files.ReadFile(name)
		if err != nil {
			return nil, fmt.Errorf("read the shipped rules: %w", err)
		}
		f, err := promql.ReadRules(name, data)
		if err != nil {
			return nil, fmt.Errorf("the shipped rules: %w", err)
		}
		out = append(out, f)
	}
	return out, nil
})

// Start begins the server's time. lag tells the lag of a service's group, for the series that services publish.
func (s *Server) Start(at int64, lag func(svc *scenario.Service) (float64, bool)) error {
	if err := s.Server.Start(at); err != nil {
		return err
	}
	s.Exporter = s.Target(Labels(s.sc))
	for i := range s.sc.Services {
		svc := &s.sc.Services[i]
		for _, m := range svc.Metrics {
			t := s.Target(promql.LabelsOf("job", svc.Name))
			t.HonorLabels = true
			if h := t.Series(m.Name, Pairs(m.Labels)...); h != promql.NoHandle {
				s.own = append(s.own, service{t, h, func() (float64, bool) { return lag(svc) }})
			}
		}
	}
	return nil
}

// Labels are those that a scrape gives the exporter's series.
func Labels(sc *scenario.Scenario) promql.Labels {
	labels := map[string]string{"job": job, "instance": job + ":9308"}
	maps.Copy(labels, sc.Pipeline.Labels)
	return promql.LabelsOf(Pairs(labels)...)
}

// Pairs are the names and values of labels by turns.
func Pairs(labels map[string]string) []string {
	var out []string
	for _, name := range slices.Sorted(maps.Keys(labels)) {
		out = append(out, name, labels[name])
	}
	return out
}

// ScrapeOthers scrapes the services. lost says that scrapes fail.
func (s *Server) ScrapeOthers(at int64, lost bool) {
	for _, o := range s.own {
		if lost {
			o.target.Fail(at)
			continue
		}
		o.target.Begin(at)
		if v, ok := o.value(); ok {
			o.target.Set(o.handle, v)
		}
		o.target.End()
	}
}
