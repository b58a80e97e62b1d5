package simulate

import (
	"fmt"
	"maps"
	"slices"

	"kafka_burndown_exporter/collector"
	"kafka_burndown_exporter/lab/promql"
	"kafka_burndown_exporter/lab/scenario"
	"kafka_burndown_exporter/rules"
)

// job is the label of that name where the scenario gives none: that of the manifests in deploy/.
const job = "kafka-burndown-exporter"

// prometheus scrapes the simulated exporter and the services, evaluates rule files and answers queries, with the delays
// of the real one: scrapes and groups of rules have their own phases, and a lost scrape makes series stale.
type prometheus struct {
	exp    *exporter
	server *promql.Server
	target *promql.Target
	feed   *collector.Feed
	others []*others
	priors []prior
}

// others are the series of one further target.
type others struct {
	target *promql.Target
	series []otherSeries
}

type otherSeries struct {
	handle promql.Handle
	value  func() float64
}

// prior is a capacity that somebody records.
type prior struct {
	ref promql.Ref
	v   float64
}

// newPrometheus is a server with the scenario's rules, or the shipped ones. Queries are registered before it is started.
func newPrometheus(e *exporter, phase *Phase) (*prometheus, error) {
	pipe := &e.plant.sc.Pipeline
	p := &prometheus{exp: e, server: promql.NewServer(promql.Options{EvaluationInterval: pipe.RuleInterval})}
	files, err := ruleFiles(pipe)
	if err != nil {
		return nil, err
	}
	for i, f := range files {
		before := len(p.server.Groups())
		if err := p.server.LoadRules(f.Name, f.Data); err != nil {
			return nil, fmt.Errorf("rules: %w", err)
		}
		for _, g := range p.server.Groups()[before:] {
			if g.Phase = phase.Rules; i > 0 {
				g.Phase = phase.Recording
			}
		}
	}
	return p, nil
}

// ruleFiles are the scenario's rule files, or the shipped ones.
func ruleFiles(pipe *scenario.Pipeline) ([]scenario.RuleText, error) {
	if len(pipe.RuleTexts) > 0 {
		return pipe.RuleTexts, nil
	}
	var out []scenario.RuleText
	for _, name := range []string{rules.BaseBurndownExporter, rules.Recording} {
		data, err := rules.Files.ReadFile(name)
		if err != nil {
			return nil, fmt.Errorf("read the shipped rules: %w", err)
		}
		out = append(out, scenario.RuleText{Name: name, Data: data})
	}
	return out, nil
}

// start begins the time of the rules at a step, with what is scraped.
func (p *prometheus) start(step int) error {
	if err := p.server.Start(p.millis(step)); err != nil {
		return err
	}
	reads := p.server.Reads()
	wants := func(name string) bool {
		return slices.ContainsFunc(reads, func(s promql.Selector) bool { return s.Accepts(promql.NameLabel, name) })
	}
	pipe := &p.exp.plant.sc.Pipeline
	p.target = p.server.Target(targetLabels(pipe.Labels))
	p.feed = collector.NewFeed(collector.FeedOptions{
		Wants:  wants,
		Series: func(name string, labels []string) int { return int(p.target.Series(name, labels...)) },
		Set:    func(series int, v float64) { p.target.Set(promql.Handle(series), v) },
	})
	if err := p.addForeign(pipe.Series); err != nil {
		return err
	}
	p.addServices()
	return nil
}

// targetLabels are those that a scrape gives.
func targetLabels(given map[string]string) promql.Labels {
	labels := map[string]string{"job": job, "instance": job + ":9308"}
	maps.Copy(labels, given)
	return promql.LabelsOf(pairs(labels)...)
}

func pairs(labels map[string]string) []string {
	var out []string
	for _, name := range slices.Sorted(maps.Keys(labels)) {
		out = append(out, name, labels[name])
	}
	return out
}

// addServices adds what services publish themselves, and the recorded priors of their groups.
func (p *prometheus) addServices() {
	for _, g := range p.exp.plant.groups {
		c := &g.svc.Capacity
		v := c.Prior
		if v == 0 && !c.NoPrior {
			v = 0.9 * c.PerPod
		}
		if v > 0 {
			l := promql.LabelsOf(promql.NameLabel, rules.CapacityPrior, collector.LabelGroup, g.svc.Group)
			p.priors = append(p.priors, prior{p.server.Wanted(l), v})
		}
		for _, m := range g.svc.Metrics {
			own := &others{target: p.server.Target(promql.LabelsOf("job", g.svc.Name))}
			own.target.HonorLabels = true
			own.add(m.Name, pairs(m.Labels), g.lag)
			p.others = append(p.others, own)
		}
	}
}

func (o *others) add(name string, labels []string, value func() float64) {
	if h := o.target.Series(name, labels...); h != promql.NoHandle {
		o.series = append(o.series, otherSeries{h, value})
	}
}

// millis is a step's time as the server has it.
func (p *prometheus) millis(step int) int64 { return p.exp.at(step).UnixMilli() }

// scrape scrapes everything.
func (p *prometheus) scrape(step int) {
	at, lost := p.millis(step), p.exp.plant.lostScrape
	if lost {
		p.target.Fail(at)
	} else {
		p.target.Begin(at)
		if s := p.exp.snapshot(step); s != nil {
			p.feed.Put(s)
		}
		p.target.End()
	}
	for _, x := range p.priors {
		p.server.Store().Append(x.ref, at, x.v)
	}
	for _, o := range p.others {
		if len(o.series) == 0 {
			continue
		}
		if lost {
			o.target.Fail(at)
			continue
		}
		o.target.Begin(at)
		for _, s := range o.series {
			if v := s.value(); v == v {
				o.target.Set(s.handle, v)
			}
		}
		o.target.End()
	}
}

// advance evaluates the rules that are due.
func (p *prometheus) advance(step int) { p.server.Advance(p.millis(step)) }
