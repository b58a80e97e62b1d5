package demo

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"time"

	"kafka_burndown_exporter/internal/scale"
	"kafka_burndown_exporter/lab/manifest"
	"kafka_burndown_exporter/lab/promql"
)

// Decision is a line of the autoscaler's log, in the scenario's time.
type Decision struct {
	At       time.Duration
	Service  string
	From, To int32
	By       string // KEDA or HPA
	Why      string
}

// decisionLimit bounds the log.
const decisionLimit = 500

var errNoScrape = errors.New("the exporter's metrics could not be read")

// autoscaler runs one ScaledObject on a deployment, on what was scraped last.
type autoscaler struct {
	object     *manifest.Object
	deployment *deployment
	clock      Clock
	state      *scale.Autoscaler
	queries    []*promql.Query // nil for triggers without one
	millis     func(time.Time) int64
	observe    func(service string, d scale.Decision) // nil but in tests

	mu        sync.Mutex
	last      *scrape // nil after a scrape that failed
	decisions []Decision
	asks      []Ask
}

// Ask is what one trigger said last.
type Ask struct {
	Metric string   `json:"metric"`
	Value  *float64 `json:"value"` // nil: not known
	Target float64  `json:"target"`
	Kind   string   `json:"kind"`
	Asks   int32    `json:"asks"`
	Err    string   `json:"err,omitempty"`
}

func newAutoscaler(object *manifest.Object, d *deployment, clock Clock, m *monitoring,
	observe func(service string, d scale.Decision),
) (*autoscaler, error) {
	a := &autoscaler{object: object, deployment: d, clock: clock, millis: m.millis,
		state: scale.NewAutoscaler(object.Scale, clock.At(time.Now()), nil), observe: observe}
	a.queries = make([]*promql.Query, len(object.Queries))
	for i, q := range object.Queries {
		if q == nil {
			continue
		}
		var err error
		if a.queries[i], err = m.server.Register(q.Text); err != nil {
			return nil, fmt.Errorf("ScaledObject %s: spec.triggers[%d]: %w", object, i, err)
		}
	}
	return a, nil
}

// step does what is due at now with the newest scrape.
func (a *autoscaler) step(now time.Time) {
	at := a.clock.At(now)
	if at.Before(a.state.Next()) {
		return
	}
	w := a.deployment.workload(now)
	before := w.SpecReplicas
	out := a.state.Step(at, w, scale.SourceFunc(func(_ time.Time, trigger int) scale.Answer {
		return a.answer(now, trigger)
	}))
	if out.Replicas != before {
		a.deployment.scaleTo(out.Replicas)
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if out.Poll != nil && out.Poll.Scaled() {
		a.note(now, out.Poll.Current, out.Poll.Desired, "KEDA", out.Poll.String())
	}
	if out.HPA != nil {
		if out.HPA.Scaled() {
			a.note(now, out.HPA.Current, out.HPA.Desired, "HPA", out.HPA.String())
		}
		a.remember(out.HPA)
		if a.observe != nil {
			a.observe(a.deployment.service.Name, *out.HPA)
		}
	}
}

func (a *autoscaler) note(now time.Time, from, to int32, by, why string) {
	a.decisions = append(a.decisions, Decision{At: a.clock.Elapsed(now), Service: a.deployment.service.Name,
		From: from, To: to, By: by, Why: why})
	if n := len(a.decisions) - decisionLimit; n > 0 {
		a.decisions = slices.Delete(a.decisions, 0, n)
	}
}

// remember keeps what the metrics of a reconcile asked for, for the page.
func (a *autoscaler) remember(d *scale.Decision) {
	spec := a.state.HPA().Spec()
	a.asks = a.asks[:0]
	for i, p := range d.Proposals {
		if i >= len(spec.Metrics) {
			break
		}
		m := spec.Metrics[i]
		ask := Ask{Metric: p.Metric, Kind: m.Kind.String(), Target: float64(m.Target) / 1000, Asks: p.Replicas}
		if m.Kind == scale.Utilization {
			ask.Target = float64(m.Target)
		}
		ask.Value = finite(p.Ratio * ask.Target)
		if p.Err != nil {
			ask.Err = p.Err.Error()
		}
		a.asks = append(a.asks, ask)
	}
}

// answer is what a trigger's source says: Prometheus, or the offsets that were scraped last.
func (a *autoscaler) answer(now time.Time, trigger int) scale.Answer {
	if q := a.queries[trigger]; q != nil {
		got := q.At(a.millis(now))
		if v, ok := got.One(); ok {
			return scale.Answer{Value: v}
		}
		if got.Err == nil && len(got.Elements) == 0 {
			return scale.Answer{Empty: true}
		}
		_, err := got.KEDA(q.Text, false)
		return scale.Answer{Err: err}
	}
	a.mu.Lock()
	last := a.last
	a.mu.Unlock()
	if last == nil {
		return scale.Answer{Err: errNoScrape}
	}
	k := a.object.Scale.Triggers[trigger].Kafka
	if k == nil {
		return scale.Answer{Err: fmt.Errorf("trigger %d has no source in the demo", trigger)}
	}
	partitions, err := last.offsets(k.ConsumerGroup, k.Topics)
	return scale.Answer{Partitions: partitions, Err: err}
}

// errPartial is the failure that a reader of Kafka itself would see.
var errPartial = errors.New("offsets of some partitions could not be read")

// offsets are what the kafka trigger would read from Kafka, as the exporter published it. A partition that is missing
// there was not read: taking it for one without a commit would ask for replicas out of nothing.
func (s *scrape) offsets(group string, topics []string) ([]scale.PartitionOffsets, error) {
	var out []scale.PartitionOffsets
	missing := map[string]int{} // ends that are not there, and commits
	for _, topic := range topics {
		missing[topic] = s.counts[topic] + s.without[group][topic]
		if s.counts[topic] == 0 {
			return nil, errPartial
		}
	}
	for tp, end := range s.ends {
		n, err := strconv.ParseInt(tp.partition, 10, 32)
		if err != nil || !slices.Contains(topics, tp.topic) {
			continue
		}
		missing[tp.topic]--
		p := scale.PartitionOffsets{Topic: tp.topic, Partition: int32(n), Committed: scale.NoOffset, End: end, Start: scale.NoOffset}
		if c, ok := s.committed[group][tp]; ok {
			p.Committed = c
		} else {
			missing[tp.topic]--
		}
		if start, ok := s.starts[tp]; ok {
			p.Start = start
		}
		out = append(out, p)
	}
	for _, n := range missing {
		if n != 0 {
			return nil, errPartial
		}
	}
	return out, nil
}

// scraped hands the autoscaler the newest scrape, nil where it failed.
func (a *autoscaler) scraped(s *scrape) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.last = s
}

// log returns the decisions so far, oldest first, and what the triggers asked for last.
func (a *autoscaler) log() ([]Decision, []Ask) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.decisions), slices.Clone(a.asks)
}
