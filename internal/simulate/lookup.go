package simulate

import (
	"math"
	"strings"
	"time"

	"kafka_burndown_exporter/internal/lag"
	"kafka_burndown_exporter/internal/scaledobject"
)

// instant binds the server to a time, for one query.
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
