package simulate

import (
	"math"
	"strings"
	"time"

	"kafka_burndown_exporter/internal/lag"
	"kafka_burndown_exporter/internal/scaledobject"
)

// prometheus scrapes the exporter, evaluates the shipped rules and answers queries, with the delays of the real one:
// scrapes and rule evaluations have their own phases, and a lost scrape makes the exported series absent.
type prometheus struct {
	exp    *exporter
	clock  clock
	scrape []scrape // ring
	taken  int
	rules  []*recorded
	byName map[string]int // group → index of the plant's groups
	inSnap []int          // plant group → position in the snapshot's groups
	custom map[string]func() float64
	values map[string]float64 // custom series as last scraped
	buf    []sample
}

type scrape struct {
	at   int
	snap *lag.Snapshot // nil: the scrape was lost or the sample too old
}

// keptScrapes covers ten minutes at any scrape interval from 15 s up.
const keptScrapes = 44

func newPrometheus(e *exporter, c clock) *prometheus {
	p := &prometheus{exp: e, clock: c, scrape: make([]scrape, keptScrapes), byName: map[string]int{},
		inSnap: make([]int, len(e.groups)), custom: map[string]func() float64{}, values: map[string]float64{}}
	for at, i := range e.groups {
		p.inSnap[i] = at
	}
	for i, g := range e.plant.groups {
		p.byName[g.svc.Group] = i
		prior := g.svc.Capacity.Prior
		if prior == 0 {
			prior = 0.9 * g.svc.Capacity.PerPod
		}
		p.rules = append(p.rules, newRecorded(c, e.plant.sc.Pipeline.RuleInterval, prior))
		for _, m := range g.svc.Metrics {
			p.custom[m.Name] = g.lag
		}
	}
	return p
}

func (p *prometheus) scrapeAll(step int) {
	s := scrape{at: step}
	if !p.exp.plant.lostScrape {
		s.snap = p.exp.snapshot(step)
		for name, f := range p.custom {
			p.values[name] = f()
		}
	}
	p.scrape[p.taken%keptScrapes] = s
	p.taken++
}

func (p *prometheus) evaluateRules(step int) {
	for i, r := range p.rules {
		r.evaluate(step, p, i)
	}
}

// groupOf is a plant group's part of a snapshot.
func (p *prometheus) groupOf(s *lag.Snapshot, group int) *lag.Group {
	if s == nil || p.inSnap[group] >= len(s.Groups) {
		return nil
	}
	return &s.Groups[p.inSnap[group]]
}

// held is last_over_time(x[1m]).
func (p *prometheus) held(group, step int, f func(*lag.Group) float64) float64 {
	oldest := step - p.clock.steps(heldFor)
	for i := p.taken - 1; i >= 0 && i >= p.taken-keptScrapes; i-- {
		s := &p.scrape[i%keptScrapes]
		if s.at <= oldest {
			break
		}
		if g := p.groupOf(s.snap, group); g != nil {
			if v := f(g); lag.Known(v) {
				return v
			}
		}
	}
	return lag.Absent
}

// samples lists what a function of the snapshots was over a window, oldest first.
func (p *prometheus) samples(end int, window time.Duration, f func(*lag.Snapshot) float64) []sample {
	p.buf = p.buf[:0]
	from := end - p.clock.steps(window)
	for i := max(0, p.taken-keptScrapes); i < p.taken; i++ {
		s := &p.scrape[i%keptScrapes]
		if s.at <= from || s.at > end || s.snap == nil {
			continue
		}
		if v := f(s.snap); lag.Known(v) {
			p.buf = append(p.buf, sample{float64(s.at), v})
		}
	}
	return p.buf
}

// counterRate is rate(x[2m]) of a group's counter, per second.
func (p *prometheus) counterRate(group, step int, f func(*lag.Group) float64) float64 {
	s := p.samples(step, ruleWindow, func(s *lag.Snapshot) float64 {
		if g := p.groupOf(s, group); g != nil {
			return f(g)
		}
		return lag.Absent
	})
	v, ok := rate(s, float64(step), float64(p.clock.steps(ruleWindow)))
	if !ok {
		return lag.Absent
	}
	return v / p.clock.step.Seconds()
}

// at binds the server to a time, for one query.
type instant struct {
	*prometheus
	step int
}

// Lookup answers a query's look-up.
func (q instant) Lookup(ref scaledobject.Ref) (float64, bool) {
	step := q.step - q.clock.steps(ref.Offset)
	if _, ok := q.custom[ref.Series]; ok {
		v, seen := q.values[ref.Series]
		return v, seen
	}
	if name, ok := strings.CutPrefix(ref.Series, "consumergroup:kafka_group_"); ok {
		return q.recordedValue(ref, name, step)
	}
	f := q.reader(ref)
	if f == nil {
		return 0, false
	}
	if ref.Over == scaledobject.OverNone {
		return q.instantValue(step, f)
	}
	return q.over(ref.Over, q.samples(step, ref.Window, f), step, ref.Window)
}

func (q instant) recordedValue(ref scaledobject.Ref, name string, step int) (float64, bool) {
	i, ok := recordedNames[name]
	group, okG := q.byName[ref.Group]
	if !ok || !okG {
		return 0, false
	}
	r := &q.rules[group].series[i]
	if ref.Over == scaledobject.OverNone {
		if ref.Offset == 0 {
			return r.last()
		}
		return r.before(step)
	}
	q.buf = r.since(step-q.clock.steps(ref.Window), q.buf[:0])
	return q.over(ref.Over, q.buf, step, ref.Window)
}

// instantValue is the newest scrape's value: a scrape without the series makes it stale at once.
func (q instant) instantValue(step int, f func(*lag.Snapshot) float64) (float64, bool) {
	for i := q.taken - 1; i >= 0 && i >= q.taken-keptScrapes; i-- {
		s := &q.scrape[i%keptScrapes]
		if s.at > step {
			continue
		}
		if s.snap == nil {
			return 0, false
		}
		v := f(s.snap)
		return v, lag.Known(v)
	}
	return 0, false
}

func (q instant) over(f scaledobject.Over, s []sample, step int, window time.Duration) (float64, bool) {
	if len(s) == 0 {
		return 0, false
	}
	lo, hi := extremes(s)
	switch f {
	case scaledobject.OverMax:
		return hi, true
	case scaledobject.OverMin:
		return lo, true
	case scaledobject.OverAvg:
		sum := 0.0
		for _, x := range s {
			sum += x.v
		}
		return sum / float64(len(s)), true
	case scaledobject.OverLast:
		return s[len(s)-1].v, true
	case scaledobject.OverDeriv:
		v, ok := slope(s)
		return v / q.clock.step.Seconds(), ok
	case scaledobject.OverRate:
		v, ok := rate(s, float64(step), float64(q.clock.steps(window)))
		return v / q.clock.step.Seconds(), ok
	}
	return math.NaN(), false
}

// reader finds a signal in a snapshot: of a group, of a topic of a group, or of a topic.
func (q instant) reader(ref scaledobject.Ref) func(*lag.Snapshot) float64 {
	counter := ref.Over == scaledobject.OverRate
	if ref.Group == "" {
		return func(s *lag.Snapshot) float64 { return topicSignal(s, ref.Topic, ref.Signal, counter) }
	}
	group, ok := q.byName[ref.Group]
	if !ok {
		return nil
	}
	return func(s *lag.Snapshot) float64 {
		g := q.groupOf(s, group)
		if g == nil {
			return lag.Absent
		}
		if ref.Topic == "" {
			return groupSignal(g, ref.Signal, counter)
		}
		for i := range g.Topics {
			if g.Topics[i].Topic == ref.Topic {
				return signal(&g.Topics[i].Signals, ref.Signal, counter)
			}
		}
		return lag.Absent
	}
}

func topicSignal(s *lag.Snapshot, topic string, sig scaledobject.Signal, counter bool) float64 {
	for i := range s.Topics {
		t := &s.Topics[i]
		switch {
		case t.Name != topic:
			continue
		case sig == scaledobject.SignalProducerRate && counter:
			return t.Produced
		case sig == scaledobject.SignalProducerRate:
			return t.ProducerRate
		case sig == scaledobject.SignalPartitions:
			return float64(len(t.Partitions))
		}
	}
	return lag.Absent
}

func groupSignal(g *lag.Group, sig scaledobject.Signal, counter bool) float64 {
	switch sig {
	case scaledobject.SignalLog2x7:
		return g.LagLog2x7
	case scaledobject.SignalBurndownMax:
		return g.BurndownMaxSeconds
	case scaledobject.SignalMembers:
		return known(g.Members >= 0, float64(g.Members))
	case scaledobject.SignalUsefulMembers:
		return known(g.UsefulMembers > 0, float64(g.UsefulMembers))
	case scaledobject.SignalComplete:
		return one(g.Complete)
	}
	return signal(&g.Signals, sig, counter)
}

func signal(s *lag.Signals, sig scaledobject.Signal, counter bool) float64 {
	switch sig {
	case scaledobject.SignalLag:
		return s.Lag
	case scaledobject.SignalLagMax:
		return s.LagMax
	case scaledobject.SignalBacklog:
		return s.Backlog
	case scaledobject.SignalAge:
		return s.LagSeconds
	case scaledobject.SignalBurndown:
		return s.BurndownSeconds
	case scaledobject.SignalProducerRate:
		if counter {
			return s.Produced
		}
		return s.ProducerRate
	case scaledobject.SignalConsumerRate:
		if counter {
			return s.Consumed
		}
		return s.ConsumerRate
	case scaledobject.SignalPartitions:
		return float64(s.Partitions)
	case scaledobject.SignalPartitionsWithLag:
		return s.PartitionsWithLag
	case scaledobject.SignalPartitionsStalled:
		return s.PartitionsStalled
	}
	return lag.Absent
}
