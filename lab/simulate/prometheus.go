package simulate

import (
	"slices"

	"kafka_burndown_exporter/collector"
	"kafka_burndown_exporter/lab/monitor"
	"kafka_burndown_exporter/lab/plant"
	"kafka_burndown_exporter/lab/promql"
	"kafka_burndown_exporter/lab/scenario"
)

// prometheus scrapes the simulated exporter and whatever else there is, evaluates rule files and answers queries, with the
// delays of the real one: scrapes and groups of rules have their own phases, and a lost scrape makes series stale.
type prometheus struct {
	server  *monitor.Server
	plant   *plant.Plant
	exp     *plant.Exporter
	feed    *collector.Feed
	foreign []*foreignTarget
}

// newPrometheus is a server with the scenario's rules. Queries are registered before it is started.
func newPrometheus(p *plant.Plant, e *plant.Exporter, phase *Phase) (*prometheus, error) {
	server, err := monitor.New(p.Scenario, phase.Rules, phase.Recording)
	return &prometheus{server: server, plant: p, exp: e}, err
}

// start begins the time of the rules at a step, with what is scraped.
func (p *prometheus) start(step int) error {
	byService := map[string]*plant.Group{}
	for _, g := range p.plant.Groups {
		byService[g.Service.Name] = g
	}
	err := p.server.Start(p.millis(step), func(svc *scenario.Service) (float64, bool) { return byService[svc.Name].Lag(), true })
	if err != nil {
		return err
	}
	reads, target := p.server.Reads(), p.server.Exporter
	p.feed = collector.NewFeed(collector.FeedOptions{
		Wants: func(name string) bool {
			return slices.ContainsFunc(reads, func(s promql.Selector) bool { return s.Accepts(promql.NameLabel, name) })
		},
		Series: func(name string, labels []string) int { return int(target.Series(name, labels...)) },
		Set:    func(series int, v float64) { target.Set(promql.Handle(series), v) },
	})
	return p.addForeign(p.plant.Scenario.Pipeline.Series)
}

// reads reports whether a query or a rule in use reads one of the names. It is known once the server has been started.
func (p *prometheus) reads(names []string) bool {
	return slices.ContainsFunc(p.server.Reads(), func(s promql.Selector) bool {
		return slices.ContainsFunc(names, func(name string) bool { return s.Accepts(promql.NameLabel, name) })
	})
}

// millis is a step's time as the server has it.
func (p *prometheus) millis(step int) int64 { return p.plant.At(step).UnixMilli() }

// scrape scrapes everything.
func (p *prometheus) scrape(step int) {
	at, lost, s := p.millis(step), p.plant.LostScrape(), p.exp.Snapshot(step)
	target := p.server.Exporter
	if lost {
		target.Fail(at)
	} else {
		target.Begin(at)
		if s != nil {
			p.feed.Put(s)
		}
		target.End()
	}
	for _, f := range p.foreign {
		f.scrape(at, s, lost)
	}
	p.server.ScrapeOthers(at, lost)
}

// advance evaluates the rules that are due.
func (p *prometheus) advance(step int) { p.server.Advance(p.millis(step)) }
