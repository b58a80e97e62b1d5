package simulate

import (
	"fmt"
	"math"
	"math/rand/v2"
	"time"

	"kafka_burndown_exporter/internal/scale"
	"kafka_burndown_exporter/lab/manifest"
	"kafka_burndown_exporter/lab/plant"
)

// Controller is one ScaledObject of a candidate, ready to run.
type Controller struct {
	Service string // the Deployment in scaleTargetRef
	Object  scale.ScaledObject
	// Queries holds the query of each prometheus trigger, nil for the others.
	Queries []*manifest.Query
	// Origin says where the manifest stands.
	Origin string
	// Source and Bundle are what it was read from, for the lints.
	Source *manifest.Object
	Bundle *manifest.Bundle
}

// wantsPods reports whether a trigger reads the pods' own usage.
func (c *Controller) wantsPods() bool {
	for i := range c.Object.Triggers {
		if c.Object.Triggers[i].IsResource() {
			return true
		}
	}
	return false
}

// driver runs one controller against its group.
type driver struct {
	ctl   *Controller
	group *plant.Group
	plant *plant.Plant
	prom  *prometheus
	auto  *scale.Autoscaler
	// asked has an entry per trigger; those that are no prometheus triggers have no query.
	asked []asked
	fault error // of a trigger whose answers KEDA cannot use
	step  int   // of the present question
	next  int   // step at which something is due
	pods  []scale.Pod
	offs  []scale.PartitionOffsets
	with  bool
	whole int        // steps of the queries' resolution
	dice  *rand.Rand // decides which scaling events are noted late; nil: none
	// last are the proposals of the newest reconcile; nil before the first and where metrics were not asked.
	last []scale.Proposal
}

// newDriver registers the controller's queries.
func newDriver(c *Controller, g *plant.Group, p *plant.Plant, prom *prometheus, step int) (*driver, error) {
	d := &driver{ctl: c, group: g, plant: p, prom: prom, with: c.wantsPods(), asked: make([]asked, len(c.Object.Triggers))}
	for i, q := range c.Queries {
		if q == nil {
			continue
		}
		var err error
		if d.asked[i].query, err = prom.server.RegisterExpr(q.Expr); err != nil {
			return nil, fmt.Errorf("%s: %w", c.place(i), err)
		}
	}
	created := p.At(step)
	d.auto = scale.NewAutoscaler(c.Object, created, nil)
	d.next = step
	return d, nil
}

// run does what is due at a step and reports what was decided.
func (d *driver) run(step int) (scale.Outcome, bool) {
	if step < d.next {
		return scale.Outcome{}, false
	}
	d.step = step
	now := d.plant.At(step)
	if d.dice != nil {
		d.auto.HPA().DelayEvents(time.Duration(d.dice.IntN(2)) * time.Millisecond)
	}
	w := d.group.Workload(step, d.plant.At, d.with, d.pods[:0])
	d.pods = w.Pods
	out := d.auto.Step(now, w, d)
	if out.HPA != nil {
		d.last = out.HPA.Proposals
	}
	d.next = d.plant.First() + d.plant.Steps(d.auto.Next().Sub(d.plant.At(d.plant.First())))
	return out, true
}

// Ask answers for a trigger's source.
func (d *driver) Ask(_ time.Time, trigger int) scale.Answer {
	t := &d.ctl.Object.Triggers[trigger]
	if t.MetricsAPI != nil {
		return d.desired(manifest.DesiredGroup(t.MetricsAPI))
	}
	if t.Type != scale.PrometheusTrigger {
		return scale.Answer{Partitions: d.offsets(t.Kafka), NoMembers: d.group.Members() == 0}
	}
	a := &d.asked[trigger]
	out, err := a.ask(d.prom.millis(d.step - d.step%d.whole))
	if err != nil && d.fault == nil {
		d.fault = fmt.Errorf("%s: %w", d.ctl.place(trigger), err)
	}
	return out
}

// offsets is what Kafka tells KEDA at this moment, without the exporter in between.
func (d *driver) offsets(k *scale.Kafka) []scale.PartitionOffsets {
	g := d.plant.Group(k.ConsumerGroup)
	if g == nil {
		return nil // a candidate is bound to its workload, so this does not happen
	}
	d.offs = g.Offsets(d.offs[:0])
	return d.offs
}

// label names a trigger in plots and tables.
func (c *Controller) label(trigger int) string {
	if trigger == scale.CompositeTrigger {
		return "formula"
	}
	t := &c.Object.Triggers[trigger]
	switch {
	case t.Type == scale.PrometheusTrigger && c.Queries[trigger] != nil:
		return c.Queries[trigger].Primary().String()
	case t.Kafka != nil:
		return "kafka lag"
	case t.MetricsAPI != nil:
		return manifest.SignalDesired.String()
	default:
		return string(t.Type)
	}
}

// ratio is a metric's value against its target at the last reconcile, NaN where it failed or was not asked.
func (d *driver) ratio(metric int) float64 {
	if d.last == nil || metric >= len(d.last) {
		return math.NaN()
	}
	p := &d.last[metric]
	if p.Err != nil {
		return math.NaN()
	}
	return p.Ratio
}
