package scale

import "time"

// Observation is what the HPA sees at one reconcile.
type Observation struct {
	// SpecReplicas is scale.spec.replicas, what was last asked for.
	SpecReplicas int32
	// StatusReplicas is scale.status.replicas, the pods that exist; AverageValue compares with it.
	StatusReplicas int32
	// ReadyReplicas counts the pods that are Running and Ready; Value multiplies it.
	ReadyReplicas int32
	// Pods are needed by cpu and memory metrics only.
	Pods []Pod
	// Metrics holds a reading per metric of the spec, in its order; those of cpu and memory stay empty unless
	// the whole metrics API fails.
	Metrics []Reading
	// UpdateFails says that the API server refuses the new scale.
	UpdateFails bool
}

// Reading is the answer of the external metrics API to one query.
type Reading struct {
	// Milli is the value in thousandths.
	Milli int64
	Err   error
}

// PodPhase is a pod's status.phase.
type PodPhase uint8

// The phases a pod goes through.
const (
	PodPending PodPhase = iota
	PodRunning
	PodSucceeded
	PodFailed
)

// Pod is what cpu and memory metrics need to know of a pod.
type Pod struct {
	Phase    PodPhase
	Deleting bool
	// Ready is the status of the Ready condition, ReadyChanged its last transition.
	Ready        bool
	ReadyChanged time.Time
	// Started is status.startTime; zero means that the kubelet has not seen the pod.
	Started time.Time
	CPU     PodUsage
	Memory  PodUsage
}

// PodUsage is a pod's (or the named container's) request and measured usage of one resource.
type PodUsage struct {
	// RequestMilli is the request in thousandths of a core or of a byte; 0 means that none is set.
	RequestMilli int64
	// Measured is false while the metrics server has no sample of the pod.
	Measured   bool
	UsageMilli int64
	// At and Window are the sample's time and length.
	At     time.Time
	Window time.Duration
}

func (p *Pod) usage(r Resource) *PodUsage {
	if r == CPU {
		return &p.CPU
	}
	return &p.Memory
}
