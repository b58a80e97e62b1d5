package demo

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"kafka_burndown_exporter/internal/scale"
)

// Decision is a line of the autoscaler's log, in the scenario's time.
type Decision struct {
	At       time.Duration
	Service  string
	From, To int32
	By       string // KEDA, HPA, or the switch of the page
	Why      string
}

// decisionLimit bounds the log.
const decisionLimit = 500

var errNoScrape = errors.New("the exporter's metrics could not be read")

// autoscaler runs what scales a deployment, on what was scraped last. The switch replaces the ScaledObject; the log goes
// on.
type autoscaler struct {
	deployment *deployment
	clock      Clock
	millis     func(time.Time) int64
	observe    func(service string, d scale.Decision) // nil but in tests

	mu        sync.Mutex
	scaler    *scaler // nil: the replicas stay as they are
	original  int32   // the replicas when it came
	state     *scale.Autoscaler
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

func newAutoscaler(s *scaler, d *deployment, clock Clock, millis func(time.Time) int64,
	observe func(service string, d scale.Decision),
) *autoscaler {
	a := &autoscaler{deployment: d, clock: clock, millis: millis, observe: observe}
	a.create(time.Now(), s)
	return a
}

// create begins a ScaledObject; what the one before it remembered is gone.
func (a *autoscaler) create(now time.Time, s *scaler) {
	a.scaler, a.state, a.asks, a.original = s, nil, nil, a.deployment.replicas()
	if s != nil {
		a.state = scale.NewAutoscaler(s.object.Scale, a.clock.At(now), nil)
	}
}

// replace applies another setup and reports whether that changes the ScaledObject.
func (a *autoscaler) replace(now time.Time, next *setup) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	service := a.deployment.service.Name
	s := next.scaler(service)
	what := change(a.scaler, s)
	if what == "" {
		return false
	}
	from := a.deployment.replicas()
	to := from
	if a.scaler != nil && a.scaler.object.RestoreReplicas {
		to = a.original
	}
	if n, ok := next.candidate.Replicas[service]; ok && s == nil {
		to = int32(n)
	}
	a.deployment.scaleTo(to)
	a.create(now, s)
	a.note(now, from, to, "switch", what+": "+next.label)
	return true
}

// step does what is due at now with the newest scrape.
func (a *autoscaler) step(now time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	at := a.clock.At(now)
	if a.state == nil || at.Before(a.state.Next()) {
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
	if out.Poll != nil && out.Poll.Scaled() {
		a.note(now, out.Poll.Current, out.Poll.Desired, "KEDA", reason(out.Poll.String()))
	}
	if out.HPA != nil {
		if out.HPA.Scaled() {
			a.note(now, out.HPA.Current, out.HPA.Desired, "HPA", reason(out.HPA.String()))
		}
		a.remember(out.HPA)
		if a.observe != nil {
			a.observe(a.deployment.service.Name, *out.HPA)
		}
	}
}

// reason is a decision in words without the replicas, which the log has beside it.
func reason(decision string) string {
	if _, why, ok := strings.Cut(decision, ": "); ok {
		return why
	}
	return decision
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

// allowed is how many replicas the ScaledObject allows, 0 without one.
func (a *autoscaler) allowed() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.scaler == nil {
		return 0
	}
	return int(a.scaler.object.Scale.Max())
}

// answer is what a trigger's source says: Prometheus, or the offsets that were scraped last. The caller holds the lock.
func (a *autoscaler) answer(now time.Time, trigger int) scale.Answer {
	if q := a.scaler.queries[trigger]; q != nil {
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
	if a.last == nil {
		return scale.Answer{Err: errNoScrape}
	}
	k := a.scaler.object.Scale.Triggers[trigger].Kafka
	if k == nil {
		return scale.Answer{Err: fmt.Errorf("trigger %d has no source in the demo", trigger)}
	}
	partitions, err := a.last.offsets(k.ConsumerGroup, k.Topics)
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
