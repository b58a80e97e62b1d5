package plant

import (
	"slices"
	"time"

	"kafka_burndown_exporter/internal/pilot"
	"kafka_burndown_exporter/lab/scenario"
)

// Plant is the simulated world: topics, producers, groups and faults, one step after the other.
type Plant struct {
	Scenario *scenario.Scenario
	Groups   []*Group // in the order of the scenario's services

	step   time.Duration
	dt     float64       // seconds of a step
	warm   int           // steps before the start, to fill the windows
	from   time.Duration // where in the scenario the start is
	topics []*topicLog
	feeds  []feed
	// unknown reports whether the rate of a recorded producer is in a gap.
	unknown bool
	// partial is the share of partitions that cannot be read, lostScrape that the exporter cannot be scraped.
	partial    float64
	lostScrape bool
	constants  *pilot.Constants
	objective  time.Duration
}

// Options say what of the scenario is played, and how.
type Options struct {
	Step time.Duration
	// Warm is how long the plant runs before the start, to fill the windows; From is where in the scenario the start is.
	Warm, From time.Duration
	// Speed is that of the i-th pod of a service that is created, as a factor of its capacity; nil: all are alike.
	Speed func(i int) float64
	// Constants of the groups' pilots; nil: the pilot's own.
	Constants *pilot.Constants
	// Objective of the groups' pilots; 0: that of each service.
	Objective time.Duration
}

type feed struct {
	rater *scenario.Rater
	topic *topicLog
}

// New builds a scenario's world. Its groups have no pods until they are started.
func New(sc *scenario.Scenario, opt Options) *Plant {
	p := &Plant{Scenario: sc, step: opt.Step, dt: opt.Step.Seconds(), from: opt.From, constants: opt.Constants, objective: opt.Objective}
	p.warm = p.Steps(opt.Warm)
	index := map[string]int{}
	for i := range sc.Topics {
		index[sc.Topics[i].Name] = i
		p.topics = append(p.topics, newTopicLog(&sc.Topics[i], opt.Step))
	}
	for i := range sc.Producers {
		p.feeds = append(p.feeds, feed{sc.Rater(&sc.Producers[i]), p.topics[index[sc.Producers[i].Topic]]})
	}
	for i := range sc.Services {
		g := p.newGroup(&sc.Services[i], index)
		g.speed = opt.Speed
		p.Groups = append(p.Groups, g)
	}
	return p
}

func (p *Plant) newGroup(svc *scenario.Service, index map[string]int) *Group {
	g := &Group{Service: svc, clock: clock{p.step}, factor: 1, sorted: slices.Sorted(slices.Values(svc.Topics))}
	for ti, name := range svc.Topics {
		l := p.topics[index[name]]
		g.logs = append(g.logs, l)
		for n := range l.end {
			g.parts = append(g.parts, &partition{log: l, end: &l.end[n], number: n, topic: ti})
		}
	}
	g.units = g.assignable()
	for _, o := range svc.Produces {
		out := output{to: index[o.Topic], ratio: o.Ratio}
		if o.From != "" {
			out.from = p.topics[index[o.From]]
		}
		g.out = append(g.out, out)
	}
	return g
}

// assignable are the units that members get: of a streams group the tasks, else partitions.
func (g *Group) assignable() (units [][]*partition) {
	type task struct{ subtopology, number int }
	index := map[task]int{}
	for _, p := range g.parts {
		t := task{p.topic, p.number}
		if g.Service.IsStreams() {
			t.subtopology = g.Service.SubtopologyOf(p.log.topic.Name)
		}
		i, known := index[t]
		if !known {
			i = len(units)
			index[t] = i
			units = append(units, nil)
		}
		units[i] = append(units[i], p)
	}
	return units
}

// Start begins the run with running pods that have been there for a while.
func (g *Group) Start(replicas int) {
	g.spec = replicas
	for range replicas {
		g.pods = append(g.pods, &pod{created: -3600, joins: -3600, ready: -3600, measuredAt: 1, usage: g.Service.Resources.CPUIdle,
			speed: g.nextSpeed()})
	}
	g.tick(0)
	for _, p := range g.parts {
		p.paused = 0
	}
	for _, m := range g.members {
		m.starts = 0
	}
	g.settled = 0
}

// Time is the scenario's time at a step, negative while warming up.
func (p *Plant) Time(step int) time.Duration { return p.from + time.Duration(step-p.warm)*p.step }

// At is the date of a step.
func (p *Plant) At(step int) time.Time { return p.Scenario.Start.Add(p.Time(step)) }

// First is the step of the start, after the warm-up.
func (p *Plant) First() int { return p.warm }

// Steps is how many steps a duration takes.
func (p *Plant) Steps(d time.Duration) int { return clock{p.step}.steps(d) }

// Unknown reports whether the rate of a recorded producer was in a gap of the recording in the last step.
func (p *Plant) Unknown() bool { return p.unknown }

// LostScrape reports whether the exporter cannot be scraped.
func (p *Plant) LostScrape() bool { return p.lostScrape }

// Group is the one with this consumer group; nil: there is none.
func (p *Plant) Group(name string) *Group {
	for _, g := range p.Groups {
		if g.Service.Group == name {
			return g
		}
	}
	return nil
}

// Advance runs one step, from step to step+1.
func (p *Plant) Advance(step int) {
	at := p.Time(step)
	p.faults(step, at)
	p.unknown = false
	for i := range p.feeds {
		rate, known := p.feeds[i].rater.At(at)
		p.unknown = p.unknown || !known
		p.feeds[i].topic.produce(rate * p.dt)
	}
	for _, g := range p.Groups {
		g.tick(step)
		g.consume(step, p.topics)
	}
	for _, l := range p.topics {
		l.past.record(l.end)
		if l.keep > 0 {
			l.expire(step, l.keep)
		}
	}
	for _, g := range p.Groups {
		g.reset()
		g.measure(step)
	}
}

// faults applies what the scenario has go wrong at a time.
func (p *Plant) faults(step int, at time.Duration) {
	if len(p.Scenario.Faults) == 0 || at < 0 {
		return
	}
	p.partial, p.lostScrape = 0, false
	for _, g := range p.Groups {
		g.factor, g.stopped, g.noCommit = 1, false, false
	}
	for _, l := range p.topics {
		l.now = l.shares
	}
	for i := range p.Scenario.Faults {
		f := &p.Scenario.Faults[i]
		if f.Begins(at, at+p.step) {
			p.begin(f, step)
		}
		if f.ActiveAt(at) {
			p.hold(f)
		}
	}
}

// begin applies faults that are an instant.
func (p *Plant) begin(f *scenario.Fault, step int) {
	switch f.Kind {
	case scenario.FaultCrash:
		for _, g := range p.Groups {
			if f.Service == "" || f.Service == g.Service.Name {
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
func (p *Plant) hold(f *scenario.Fault) {
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
	for _, g := range p.Groups {
		if f.Service != "" && f.Service != g.Service.Name {
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

// pilots gives each group's pilot the objective of its service.
func (p *Plant) pilots() func(group string) pilot.Options {
	objectives := map[string]time.Duration{}
	for _, g := range p.Groups {
		objectives[g.Service.Group] = g.Service.Objective.MaxAge
		if p.objective > 0 {
			objectives[g.Service.Group] = p.objective
		}
	}
	return func(group string) pilot.Options {
		return pilot.Options{Objective: objectives[group], Constants: p.constants}
	}
}
