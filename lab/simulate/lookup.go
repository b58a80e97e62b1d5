package simulate

import (
	"math"
	"strings"
	"time"

	"kafka_burndown_exporter/internal/lag"
	"kafka_burndown_exporter/lab/manifest"
)

// instant binds the server to a time, for one query.
type instant struct {
	*prometheus
	step int
}

// Lookup answers a query's look-up.
func (q instant) Lookup(ref manifest.Ref) (float64, bool) {
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
	if ref.Over == manifest.OverNone {
		return q.instantValue(step, f)
	}
	return q.over(ref.Over, q.samples(step, ref.Window, f), step, ref.Window)
}

func (q instant) recordedValue(ref manifest.Ref, name string, step int) (float64, bool) {
	i, ok := recordedNames[name]
	group, okG := q.byName[ref.Group]
	if !ok || !okG {
		return 0, false
	}
	r := &q.rules[group].series[i]
	if ref.Over == manifest.OverNone {
		return r.before(step)
	}
	q.buf = r.between(step-q.clock.steps(ref.Window), step, q.buf[:0])
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

func (q instant) over(f manifest.Over, s []sample, step int, window time.Duration) (float64, bool) {
	if len(s) == 0 {
		return 0, false
	}
	lo, hi := extremes(s)
	switch f {
	case manifest.OverMax:
		return hi, true
	case manifest.OverMin:
		return lo, true
	case manifest.OverAvg:
		sum := 0.0
		for _, x := range s {
			sum += x.v
		}
		return sum / float64(len(s)), true
	case manifest.OverLast:
		return s[len(s)-1].v, true
	case manifest.OverDeriv:
		v, ok := slope(s)
		return v / q.clock.step.Seconds(), ok
	case manifest.OverRate:
		v, ok := rate(s, float64(step), float64(q.clock.steps(window)))
		return v / q.clock.step.Seconds(), ok
	}
	return math.NaN(), false
}

// reader finds a signal in a snapshot: of a group, of a topic of a group, or of a topic.
func (q instant) reader(ref manifest.Ref) func(*lag.Snapshot) float64 {
	counter := ref.Over == manifest.OverRate
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

func topicSignal(s *lag.Snapshot, topic string, sig manifest.Signal, counter bool) float64 {
	for i := range s.Topics {
		t := &s.Topics[i]
		switch {
		case t.Name != topic:
			continue
		case sig == manifest.SignalProducerRate && counter:
			return t.Produced
		case sig == manifest.SignalProducerRate:
			return t.ProducerRate
		case sig == manifest.SignalPartitions:
			return float64(len(t.Partitions))
		}
	}
	return lag.Absent
}

func groupSignal(g *lag.Group, sig manifest.Signal, counter bool) float64 {
	switch sig {
	case manifest.SignalLog2x7:
		return g.LagLog2x7
	case manifest.SignalBurndownMax:
		return g.BurndownMaxSeconds
	case manifest.SignalMembers:
		return known(g.Members >= 0, float64(g.Members))
	case manifest.SignalUsefulMembers:
		return known(g.UsefulMembers > 0, float64(g.UsefulMembers))
	case manifest.SignalComplete:
		return one(g.Complete)
	}
	return signal(&g.Signals, sig, counter)
}

func signal(s *lag.Signals, sig manifest.Signal, counter bool) float64 {
	switch sig {
	case manifest.SignalLag:
		return s.Lag
	case manifest.SignalLagMax:
		return s.LagMax
	case manifest.SignalBacklog:
		return s.Backlog
	case manifest.SignalAge:
		return s.LagSeconds
	case manifest.SignalBurndown:
		return s.BurndownSeconds
	case manifest.SignalProducerRate:
		if counter {
			return s.Produced
		}
		return s.ProducerRate
	case manifest.SignalConsumerRate:
		if counter {
			return s.Consumed
		}
		return s.ConsumerRate
	case manifest.SignalPartitions:
		return float64(s.Partitions)
	case manifest.SignalPartitionsWithLag:
		return s.PartitionsWithLag
	case manifest.SignalPartitionsStalled:
		return s.PartitionsStalled
	}
	return lag.Absent
}
