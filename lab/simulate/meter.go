package simulate

import (
	"math"
	"slices"
	"time"

	"kafka_burndown_exporter/internal/lag"
	"kafka_burndown_exporter/lab/plant"
	"kafka_burndown_exporter/lab/scenario"
)

// Result is what one candidate did for one service.
type Result struct {
	Candidate string `json:"candidate"`
	Title     string `json:"title,omitempty"`
	Verdict   string `json:"verdict,omitempty"`
	Service   string `json:"service"`
	Group     string `json:"group"`
	Summary
	Events []Event `json:"events,omitempty"`
	Trace  *Trace  `json:"-"`
}

// Summary are the figures of a run. Ages are of the oldest unconsumed message of the group, taken every step; lag is in
// messages.
type Summary struct {
	PeakLag       float64 `json:"peak_lag"`
	MaxAge        float64 `json:"max_age_seconds"`
	P50Age        float64 `json:"p50_age_seconds"`
	P95Age        float64 `json:"p95_age_seconds"`
	P99Age        float64 `json:"p99_age_seconds"`
	PercentileAge float64 `json:"objective_age_seconds"` // at the objective's percentile
	// MaxBurndown and P95Burndown are the exporter's own figure.
	MaxBurndown float64 `json:"max_burndown_seconds"`
	P95Burndown float64 `json:"p95_burndown_seconds"`
	// Drain is the longest time from the lag passing the drained mark until it stayed below it for a minute; Drained is
	// false where the run ended before.
	Drain   float64 `json:"longest_drain_seconds"`
	Drained bool    `json:"drained"`
	// Over is how long the age was above the objective.
	Over           float64 `json:"seconds_over_objective"`
	LagOver        float64 `json:"seconds_lag_over_drained_mark"`
	ReplicaMinutes float64 `json:"replica_minutes"`
	IdleMinutes    float64 `json:"idle_replica_minutes"` // of members without a partition
	MinReplicas    int     `json:"min_replicas"`
	MaxReplicas    int     `json:"max_replicas"`
	Cost           float64 `json:"cost"`
	Changes        int     `json:"scale_changes"`
	Reversals      int     `json:"reversals"`
	Lost           float64 `json:"lost_messages"`
	Consumed       float64 `json:"consumed_messages"`
	Arrived        float64 `json:"arrived_messages"` // warm-up included
	// Meets says that the age at the objective's percentile is within the objective.
	Meets bool `json:"meets_objective"`
}

// Event is a change of replicas.
type Event struct {
	At   float64 `json:"at_seconds"`
	From int     `json:"from"`
	To   int     `json:"to"`
	Lag  float64 `json:"lag"`
	Why  string  `json:"why"`
}

// Trace is the course of a run, one value in each list per point.
type Trace struct {
	At       []float64 // seconds since the start
	Rate     []float64 // produced, messages/s
	Consumed []float64 // messages/s
	Lag      []float64
	// Sampled is the lag as the exporter's newest sample has it: up to the last commit, and NaN where it is not known.
	Sampled  []float64
	Age      []float64
	Replicas []float64 // asked for
	Ready    []float64
	// Metrics holds each trigger's value against its target: 1 is on target.
	Metrics []MetricTrace
	// Unknown marks points inside a gap of a recorded rate.
	Unknown []bool
}

// MetricTrace is the course of one trigger.
type MetricTrace struct {
	Name  string
	Value []float64 // ratio to the target; NaN where the trigger failed
}

// drainHold is how long the lag has to stay below the mark to count as drained.
const drainHold = time.Minute

// meter measures one service.
type meter struct {
	group  *plant.Group
	run    *runner
	driver *driver
	// schedule are recorded replicas to follow, nil without.
	schedule *scenario.Series
	sum      Summary
	trace    *Trace
	events   []Event

	ages      []float32
	burndowns []float64
	lastTo    int     // direction of the last change
	surge     int     // step at which the lag passed the mark, -1: not in a surge
	below     int     // step since which the lag is below, in a surge
	window    float64 // consumed since the last trace point
	ends      float64
	dt        float64 // seconds of a step
	maxAge    float64 // seconds
	sampling  int     // steps
}

func newMeter(g *plant.Group, r *runner) *meter {
	m := &meter{group: g, run: r, surge: -1, dt: r.opt.Step.Seconds(), maxAge: g.Service.Objective.MaxAge.Seconds(),
		sampling: r.plant.Steps(r.sc.Pipeline.SampleInterval)}
	m.sum.MinReplicas = math.MaxInt
	if r.opt.Trace {
		m.trace = &Trace{}
	}
	m.ages = make([]float32, 0, r.plant.Steps(r.length))
	return m
}

func (m *meter) changed(step, from, to int, why string) {
	m.sum.Changes++
	dir := 1
	if to < from {
		dir = -1
	}
	if m.lastTo == -dir {
		m.sum.Reversals++
	}
	m.lastTo = dir
	if m.trace != nil {
		m.events = append(m.events, Event{m.run.plant.Time(step).Seconds(), from, to, math.Round(m.group.Lag()), why})
	}
}

// observe measures after a step.
func (m *meter) observe(step int) {
	g, s := m.group, &m.sum
	dt := m.dt
	backlog := g.Lag()
	age := g.Age(step) * dt
	s.PeakLag = max(s.PeakLag, backlog)
	m.ages = append(m.ages, float32(age))
	if age > m.maxAge {
		s.Over += dt
	}
	n := g.Pods()
	s.ReplicaMinutes += float64(n) * dt / 60
	s.IdleMinutes += float64(g.Idle()) * dt / 60
	s.MinReplicas, s.MaxReplicas = min(s.MinReplicas, n), max(s.MaxReplicas, n)
	s.Consumed += g.Consumed()
	m.drain(step, backlog, g.Service.Objective.MaxLag)
	if step%m.sampling == 0 {
		m.burndown()
	}
	if m.trace != nil {
		m.window += g.Consumed()
		if every := m.run.plant.Steps(m.run.opt.TraceEvery); (step-m.run.plant.First())%every == 0 {
			m.point(step, backlog, age, float64(every)*dt)
		}
	}
}

func (m *meter) drain(step int, backlog, mark float64) {
	dt := m.dt
	if backlog > mark {
		m.sum.LagOver += dt
		if m.surge < 0 {
			m.surge = step
		}
		m.below = -1
		return
	}
	if m.surge < 0 {
		return
	}
	if m.below < 0 {
		m.below = step
	}
	if step-m.below >= m.run.plant.Steps(drainHold) {
		m.sum.Drain = max(m.sum.Drain, float64(m.below-m.surge)*dt)
		m.surge = -1
	}
}

func (m *meter) burndown() {
	if g := m.run.exp.Of(m.group); g != nil && lag.Known(g.BurndownSeconds) {
		m.burndowns = append(m.burndowns, g.BurndownSeconds)
		m.sum.MaxBurndown = max(m.sum.MaxBurndown, g.BurndownSeconds)
	}
}

func (m *meter) point(step int, backlog, age, seconds float64) {
	t, g := m.trace, m.group
	ends := g.Produced()
	rate := (ends - m.ends) / seconds
	consumed := m.window / seconds
	if len(t.At) == 0 {
		rate, consumed = ends/m.dt/float64(step+1), m.window
	}
	m.ends, m.window = ends, 0
	t.At = append(t.At, m.run.plant.Time(step).Seconds())
	t.Rate = append(t.Rate, rate)
	t.Consumed = append(t.Consumed, consumed)
	t.Lag = append(t.Lag, backlog)
	t.Sampled = append(t.Sampled, m.sampled())
	t.Age = append(t.Age, age)
	t.Replicas = append(t.Replicas, float64(g.Replicas()))
	t.Ready = append(t.Ready, float64(g.Ready(step)))
	t.Unknown = append(t.Unknown, m.run.plant.Unknown())
	m.metrics()
}

func (m *meter) sampled() float64 {
	if g := m.run.exp.Of(m.group); g != nil {
		return g.Lag
	}
	return lag.Absent
}

// metrics appends each trigger's value against its target.
func (m *meter) metrics() {
	if m.driver == nil {
		return
	}
	spec := m.driver.auto.HPA().Spec()
	t := m.trace
	for i := range spec.Metrics {
		if i == len(t.Metrics) {
			t.Metrics = append(t.Metrics, MetricTrace{Name: m.driver.ctl.label(spec.Metrics[i].Trigger)})
		}
		t.Metrics[i].Value = append(t.Metrics[i].Value, m.driver.ratio(i))
	}
}

// result closes the books.
func (m *meter) result() Result {
	s, svc := &m.sum, m.group.Service
	s.Drained = true
	if m.surge >= 0 && m.below < 0 {
		end := m.run.plant.First() + m.run.plant.Steps(m.run.length)
		if open := float64(end-m.surge) * m.dt; open > s.Drain {
			s.Drain, s.Drained = open, false
		}
	}
	s.Arrived = m.group.Produced()
	slices.Sort(m.ages)
	s.P50Age, s.P95Age, s.P99Age = quantile(m.ages, 50), quantile(m.ages, 95), quantile(m.ages, 99)
	s.PercentileAge, s.MaxAge = quantile(m.ages, svc.Objective.Percentile), quantile(m.ages, 100)
	slices.Sort(m.burndowns)
	s.P95Burndown = quantile(m.burndowns, 95)
	s.Cost = s.ReplicaMinutes / 60 * svc.Cost
	s.Lost = m.group.Lost()
	s.Meets = s.PercentileAge <= svc.Objective.MaxAge.Seconds()
	return Result{Service: svc.Name, Group: svc.Group, Summary: *s, Events: m.events, Trace: m.trace}
}

// quantile is the nearest-rank percentile of sorted values.
func quantile[T ~float32 | ~float64](sorted []T, percent float64) float64 {
	if len(sorted) == 0 {
		return 0
	}
	i := int(math.Ceil(percent/100*float64(len(sorted)))) - 1
	return float64(sorted[min(max(i, 0), len(sorted)-1)])
}
