package simulate

import (
	"time"

	"kafka_burndown_exporter/internal/lag"
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
		if prior == 0 && !g.svc.Capacity.NoPrior {
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

func (p *prometheus) evaluateBase(step int) {
	for i, r := range p.rules {
		r.base(step, p, i)
	}
}

func (p *prometheus) evaluateRecording(step int) {
	for _, r := range p.rules {
		r.recording(step)
	}
}

// groupOf is a plant group's part of a snapshot.
func (p *prometheus) groupOf(s *lag.Snapshot, group int) *lag.Group {
	if s == nil || p.inSnap[group] >= len(s.Groups) {
		return nil
	}
	return &s.Groups[p.inSnap[group]]
}

// held is last_over_time() of a series over a window.
func (p *prometheus) held(group, step int, window time.Duration, f func(*lag.Group) float64) float64 {
	oldest := step - p.clock.steps(window)
	for i := p.taken - 1; i >= 0 && i >= p.taken-keptScrapes; i-- {
		s := &p.scrape[i%keptScrapes]
		if s.at > step {
			continue
		}
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

// rates are the producer and the consumer rate: the exporter's own, or rate() over its counters where those are not
// known. The consumer rate, and any rate over counters, waits until the series covers the whole window.
func (p *prometheus) rates(group, step int) (produced, consumed float64) {
	covered := func(f func(*lag.Group) float64) bool {
		return lag.Known(p.held(group, step-p.clock.steps(ruleWindow), heldFor, f))
	}
	producedTotal := func(g *lag.Group) float64 { return g.Produced }
	consumedTotal := func(g *lag.Group) float64 { return g.Consumed }
	produced = p.held(group, step, heldFor, func(g *lag.Group) float64 { return g.ProducerRate })
	if !lag.Known(produced) && covered(producedTotal) && lag.Known(p.held(group, step, 45*time.Second, producedTotal)) {
		produced = p.counterRate(group, step, producedTotal)
	}
	if !covered(consumedTotal) {
		return produced, lag.Absent
	}
	consumed = p.held(group, step, heldFor/2, func(g *lag.Group) float64 { return g.ConsumerRate })
	if !lag.Known(consumed) && lag.Known(p.held(group, step, heldFor/2, consumedTotal)) {
		consumed = p.counterRate(group, step, consumedTotal)
	}
	return produced, consumed
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
