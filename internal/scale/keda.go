package scale

import (
	"errors"
	"time"
)

// Workload is the scale target as KEDA and the HPA find it.
type Workload struct {
	SpecReplicas, StatusReplicas, ReadyReplicas int32
	// Pods are needed by cpu and memory triggers only.
	Pods []Pod
	// UpdateFails says that the API server refuses a new scale.
	UpdateFails bool
}

// KEDA is KEDA's side of one ScaledObject: the poll that serves 0 ↔ N, and the metrics server the HPA asks. It
// follows v2.21.0. Not safe for concurrent use.
type KEDA struct {
	so      ScaledObject
	created time.Time
	// lastActive is zero until a trigger was active.
	lastActive time.Time
	// built says that the scalers exist; any error drops them all.
	built bool
	state []triggerState
	hpa   []MetricSpec
}

// triggerState is the memory of one trigger.
type triggerState struct {
	kafka    kafkaState
	failures int32
	// stored is the last record kept for the other path: of the poll under useCachedMetrics, else of the HPA.
	stored *record
}

// record is the outcome of observing a trigger, fallback included.
type record struct {
	milli    int64
	active   bool
	fallback bool
	err      error
}

var (
	errBuild     = errors.New("error getting scalers: kafka cannot be reached")
	errComposite = errors.New("the scalingModifiers formula gave no value")
	errFallback  = errors.New("error performing fallback")
)

// NewKEDA prepares the state of a ScaledObject created at the given time.
func NewKEDA(so ScaledObject, created time.Time) *KEDA {
	return &KEDA{
		so:      so,
		created: created.Truncate(time.Second),
		state:   make([]triggerState, len(so.Triggers)),
		hpa:     so.metricSpecs(),
	}
}

// ScaledObject returns the object this state belongs to.
func (k *KEDA) ScaledObject() *ScaledObject { return &k.so }

// Failures is the number of failures in a row that the fallback has counted for a trigger.
func (k *KEDA) Failures(trigger int) int32 { return k.state[trigger].failures }

// Metrics answers the HPA: a reading per metric of HPASpec, in its order, appended to dst.
func (k *KEDA) Metrics(now time.Time, w Workload, src Source, dst []Reading) []Reading {
	for i := range k.hpa {
		m := &k.hpa[i]
		if m.Resource != External {
			dst = append(dst, Reading{})
			continue
		}
		dst = append(dst, k.metric(now, m.Trigger, w, src))
	}
	return dst
}

func (k *KEDA) metric(now time.Time, trigger int, w Workload, src Source) Reading {
	if !k.build(now, src) {
		return Reading{Err: errBuild}
	}
	if trigger == CompositeTrigger {
		return k.compositeMetric(now, w, src)
	}
	r := k.observeForHPA(now, trigger, w, src)
	if r.err != nil {
		k.built = false
		return Reading{Err: r.err}
	}
	return Reading{Milli: r.milli}
}

func (k *KEDA) observeForHPA(now time.Time, trigger int, w Workload, src Source) record {
	s := &k.state[trigger]
	if k.so.Triggers[trigger].UseCachedMetrics && s.stored != nil {
		// The fallback runs a second time over the poll's outcome, as in the original.
		return k.withFallback(trigger, *s.stored, w)
	}
	r := k.observe(now, trigger, w, src)
	if k.usesHPAObservations() {
		s.stored = &r
	}
	return r
}

// observe asks the trigger's source. A failing scaler is rebuilt and asked again, so it forgets what it remembered.
func (k *KEDA) observe(now time.Time, trigger int, w Workload, src Source) record {
	milli, active, err := k.query(now, trigger, src)
	if err != nil {
		k.state[trigger].kafka = kafkaState{}
	}
	return k.withFallback(trigger, record{milli: milli, active: active, err: err}, w)
}

// build makes the scalers exist. Only a kafka trigger connects while it is built.
func (k *KEDA) build(now time.Time, src Source) bool {
	if k.built {
		return true
	}
	for i := range k.so.Triggers {
		if k.so.Triggers[i].Type == KafkaTrigger && src.Ask(now, i).Unreachable {
			return false
		}
	}
	for i := range k.state {
		k.state[i].kafka = kafkaState{}
	}
	k.built = true
	return true
}

// usesHPAObservations says that the poll takes over what the HPA asked for, instead of asking again.
func (k *KEDA) usesHPAObservations() bool { return !k.so.PollingMatters() && k.so.Modifiers == nil }
