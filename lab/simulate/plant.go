package simulate

import (
	"slices"
	"time"

	"kafka_burndown_exporter/internal/pilot"
	"kafka_burndown_exporter/lab/scenario"
)

// plant is the simulated world: topics, producers, groups and faults, one step after the other.
type plant struct {
	sc     *scenario.Scenario
	step   time.Duration
	warm   int           // steps before the start, to fill the windows
	from   time.Duration // where in the scenario the start is
	topics []*topicLog
	groups []*group
	feeds  []feed
	// unknown reports whether the rate of a recorded producer is in a gap.
	unknown bool
	dt      float64 // seconds of a step
	// partial is the share of partitions that cannot be read, lostScrape that the exporter cannot be scraped.
	partial    float64
	lostScrape bool
	pilot      func(group string) pilot.Options // nil: no pilots
}

type feed struct {
	rater *scenario.Rater
	topic *topicLog
}

func newPlant(sc *scenario.Scenario, step time.Duration) *plant {
	p := &plant{sc: sc, step: step, dt: step.Seconds()}
	index := map[string]int{}
	for i := range sc.Topics {
		index[sc.Topics[i].Name] = i
		p.topics = append(p.topics, newTopicLog(&sc.Topics[i], step))
	}
	for i := range sc.Producers {
		p.feeds = append(p.feeds, feed{sc.Rater(&sc.Producers[i]), p.topics[index[sc.Producers[i].Topic]]})
	}
	for i := range sc.Services {
		p.groups = append(p.groups, p.newGroup(&sc.Services[i], index))
	}
	return p
}

func (p *plant) newGroup(svc *scenario.Service, index map[string]int) *group {
	g := &group{svc: svc, useful: p.sc.UsefulReplicas(svc), clock: clock{p.step}, factor: 1, sorted: slices.Sorted(slices.Values(svc.Topics))}
	for ti, name := range svc.Topics {
		l := p.topics[index[name]]
		g.logs = append(g.logs, l)
		for n := range l.end {
			g.parts = append(g.parts, &partition{log: l, end: &l.end[n], number: n, topic: ti})
		}
	}
	for _, o := range svc.Produces {
		out := output{to: index[o.Topic], ratio: o.Ratio}
		if o.From != "" {
			out.from = p.topics[index[o.From]]
		}
		g.out = append(g.out, out)
	}
	return g
}

// populate starts the run with running pods that have been there for a while.
func (g *group) populate(replicas int) {
	g.spec = replicas
	for range replicas {
		g.pods = append(g.pods, &pod{created: -3600, joins: -3600, ready: -3600, measuredAt: 1, usage: g.svc.Resources.CPUIdle,
			speed: g.nextSpeed()})
	}
	g.tick(0)
	for _, p := range g.parts {
		p.paused = 0
	}
	g.settled = 0
}

// time is the scenario's time at a step, negative while warming up.
func (p *plant) time(step int) time.Duration { return p.from + time.Duration(step-p.warm)*p.step }

// advance runs one step, from step to step+1.
func (p *plant) advance(step int) {
	at := p.time(step)
	p.faults(step, at)
	p.unknown = false
	for i := range p.feeds {
		rate, known := p.feeds[i].rater.At(at)
		p.unknown = p.unknown || !known
		p.feeds[i].topic.produce(rate * p.dt)
	}
	for _, g := range p.groups {
		g.tick(step)
		g.consume(step, p.topics)
	}
	for _, l := range p.topics {
		l.past.record(l.end)
		if l.keep > 0 {
			l.expire(step, l.keep)
		}
	}
	for _, g := range p.groups {
		g.reset()
		g.measure(step)
	}
}

// faults applies what the scenario has go wrong at a time.
func (p *plant) faults(step int, at time.Duration) {
	if len(p.sc.Faults) == 0 || at < 0 {
		return
	}
	p.partial, p.lostScrape = 0, false
	for _, g := range p.groups {
		g.factor, g.stopped, g.noCommit = 1, false, false
	}
	for _, l := range p.topics {
		l.now = l.shares
	}
	for i := range p.sc.Faults {
		f := &p.sc.Faults[i]
		if f.Begins(at, at+p.step) {
			p.begin(f, step)
		}
		if f.ActiveAt(at) {
			p.hold(f)
		}
	}
}

// begin applies faults that are an instant.
func (p *plant) begin(f *scenario.Fault, step int) {
	switch f.Kind {
	case scenario.FaultCrash:
		for _, g := range p.groups {
			if f.Service == "" || f.Service == g.svc.Name {
				g.crash(step, f.Count)
			}
		}
	case scenario.FaultExpire:
		for _, l := range p.topics {
			if l.topic.Name == f.Topic {
				l.expire(step, int(f.Keep/p.step))
			}
		}
	}
}

// hold applies faults that last.
func (p *plant) hold(f *scenario.Fault) {
	switch f.Kind {
	case scenario.FaultScrapes:
		p.lostScrape = true
	case scenario.FaultPartial:
		p.partial = f.Factor
	}
	for _, l := range p.topics {
		if l.topic.Name != f.Topic {
			continue
		}
		switch f.Kind {
		case scenario.FaultSkew:
			l.now = make([]float64, len(l.shares))
			scenario.HotShares(l.now, f.Partition, f.Share)
		case scenario.FaultBurst:
			l.produce(f.Rate * p.dt)
		}
	}
	for _, g := range p.groups {
		if f.Service != "" && f.Service != g.svc.Name {
			continue
		}
		switch f.Kind {
		case scenario.FaultBrownout:
			g.factor = f.Factor
		case scenario.FaultStop:
			g.stopped = true
		case scenario.FaultNoCommits:
			g.noCommit = true
		}
	}
}
