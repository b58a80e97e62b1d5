package scale

import (
	"errors"
	"math"
	"time"
)

// Source answers for what the triggers look at: Kafka, Prometheus. KEDA asks it on polls and, for every HPA
// reconcile, again. Cpu, memory and cron triggers are never asked.
type Source interface {
	Ask(now time.Time, trigger int) Answer
}

// SourceFunc makes a Source of a function.
type SourceFunc func(now time.Time, trigger int) Answer

// Ask calls the function.
func (f SourceFunc) Ask(now time.Time, trigger int) Answer { return f(now, trigger) }

// Answer is what a trigger's source says at one moment.
type Answer struct {
	// Value is the one sample of a prometheus query, or what a metrics API says. Empty says that there is none, which KEDA
	// reads as 0 for a query unless ignoreNullValues is false.
	Value float64
	Empty bool
	// Partitions are what a kafka trigger finds; those outside its topics and limitation are ignored.
	Partitions []PartitionOffsets
	// NoMembers matters to apache-kafka triggers without a topic: they fail while the group has no member.
	NoMembers bool
	Err       error
	// Unreachable says that no broker answers at all. The kafka trigger then cannot even be built, and once KEDA has
	// dropped its scalers after an error, every external trigger of the ScaledObject fails without being counted.
	Unreachable bool
}

var (
	errUnreachable = errors.New("kafka cannot be reached")
	errNoMembers   = errors.New("no active members in the group")
	errNoPartition = errors.New("expected at least one active partition within the topic")
	errEmpty       = errors.New("the prometheus query returned nothing")
	errNoValue     = errors.New("the metrics API returned no value")
	errNotFinite   = errors.New("the prometheus query returned NaN or Inf")
)

// query runs a trigger once: its value in thousandths and whether it is active.
func (k *KEDA) query(now time.Time, trigger int, src Source) (milli int64, active bool, err error) {
	t := &k.so.Triggers[trigger]
	switch t.Type {
	case CronTrigger:
		v, active := t.Cron.value(now)
		return Milli(v), active, nil
	case PrometheusTrigger:
		return t.Prometheus.value(src.Ask(now, trigger))
	case MetricsAPITrigger:
		return t.MetricsAPI.value(src.Ask(now, trigger))
	default:
		return k.queryKafka(t, &k.state[trigger].kafka, src.Ask(now, trigger))
	}
}

func (k *KEDA) queryKafka(t *Trigger, memory *kafkaState, a Answer) (milli int64, active bool, err error) {
	switch {
	case a.Err != nil:
		return 0, false, a.Err
	case a.Unreachable:
		return 0, false, errUnreachable
	case a.NoMembers && t.Type == ApacheKafkaTrigger && len(t.Kafka.Topics) == 0:
		return 0, false, errNoMembers
	}
	total, withPersistent, count := t.Kafka.lag(memory, a.Partitions)
	if count == 0 && t.Type == KafkaTrigger && len(t.Kafka.Topics) > 0 {
		return 0, false, errNoPartition
	}
	return Milli(float64(total)), withPersistent > t.Kafka.ActivationLagThreshold, nil
}

func (p *Prometheus) value(a Answer) (milli int64, active bool, err error) {
	if a.Err != nil {
		return 0, false, a.Err
	}
	v := a.Value
	if a.Empty || math.IsNaN(v) || math.IsInf(v, 0) {
		switch {
		case p.IgnoreNullValues:
			v = 0
		case a.Empty:
			return 0, false, errEmpty
		default:
			return 0, false, errNotFinite
		}
	}
	return Milli(v), v > p.ActivationThreshold, nil
}

func (m *MetricsAPI) value(a Answer) (milli int64, active bool, err error) {
	switch {
	case a.Err != nil:
		return 0, false, a.Err
	case a.Empty:
		return 0, false, errNoValue
	}
	return Milli(a.Value), a.Value > m.ActivationTarget, nil
}

// value is the desired replicas inside the interval, 0 outside. The schedules' next times decide: the end lies
// before the next start while the interval runs.
func (c *Cron) value(now time.Time) (float64, bool) {
	now = now.In(c.Location)
	start, end := c.Start(now), c.End(now)
	inside := now.After(start) || now.Before(end)
	if start.Before(end) {
		inside = now.After(start) && now.Before(end)
	}
	if !inside {
		return 0, false
	}
	return float64(c.DesiredReplicas), true
}
