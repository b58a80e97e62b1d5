package scale

import (
	"fmt"
	"time"
)

// TargetKind says how a metric's target is compared with its value, as metricType does in manifests.
type TargetKind uint8

const (
	// AverageValue divides the value among the replicas: replicas = ⌈value ÷ target⌉. KEDA's default.
	AverageValue TargetKind = iota
	// Value multiplies the ready replicas by value ÷ target.
	Value
	// Utilization is the pods' usage in percent of their requests; for cpu and memory only.
	Utilization
)

// String gives the name the manifests use.
func (k TargetKind) String() string {
	switch k {
	case AverageValue:
		return "AverageValue"
	case Value:
		return "Value"
	case Utilization:
		return "Utilization"
	default:
		return fmt.Sprintf("TargetKind(%d)", uint8(k))
	}
}

// Resource tells an external metric from the pods' own cpu and memory.
type Resource uint8

const (
	// External is a metric from outside the pods, such as everything KEDA serves except cpu and memory.
	External Resource = iota
	// CPU is the pods' processor usage, in thousandths of a core.
	CPU
	// Memory is the pods' memory usage, in thousandths of a byte as the controller counts it.
	Memory
)

// String gives the name the manifests use.
func (r Resource) String() string {
	switch r {
	case External:
		return "external"
	case CPU:
		return "cpu"
	case Memory:
		return "memory"
	default:
		return fmt.Sprintf("Resource(%d)", uint8(r))
	}
}

// MetricSpec is one entry of an HPA's metrics.
type MetricSpec struct {
	// Name appears in decisions only.
	Name     string
	Resource Resource
	Kind     TargetKind
	// Target is in thousandths for Value and AverageValue, in percent for Utilization.
	Target int64
	// Trigger is the index of the KEDA trigger behind the metric, CompositeTrigger for the scalingModifiers formula.
	Trigger int
}

// SelectPolicy picks one of several scaling policies.
type SelectPolicy string

// The values of selectPolicy; the empty string is SelectMax.
const (
	SelectMax      SelectPolicy = "Max"
	SelectMin      SelectPolicy = "Min"
	SelectDisabled SelectPolicy = "Disabled"
)

// PolicyType is the unit of a scaling policy.
type PolicyType string

// The two kinds of scaling policy.
const (
	Pods    PolicyType = "Pods"
	Percent PolicyType = "Percent"
)

// Policy limits the change within a period.
type Policy struct {
	Type   PolicyType
	Value  int32
	Period time.Duration
}

// Rules are the scaling rules of one direction. Fields left nil or empty take the defaults of the API server.
type Rules struct {
	// Window is stabilizationWindowSeconds; nil is 0 up and 300 s down.
	Window *time.Duration
	Select SelectPolicy
	// Policies replace the defaults (up: the larger of 4 pods and 100 % in 15 s; down: 100 % in 15 s) when not nil.
	Policies []Policy
	// Tolerance (Kubernetes ≥ 1.35) is the part of the target within which nothing changes; nil is the controller's 0.1.
	Tolerance *float64
}

// Behavior is an HPA's spec.behavior.
type Behavior struct {
	Up, Down *Rules
}

// HPASpec is a horizontal pod autoscaler, together with the settings of the controller that runs it.
type HPASpec struct {
	// MinReplicas of 0 means 1, the API server's default, unless ToZero says that it is meant.
	MinReplicas int32
	ToZero      bool
	MaxReplicas int32
	Metrics     []MetricSpec
	// Behavior nil is the legacy path: 300 s of scale-down stabilisation, at most doubling (or 4) per step.
	Behavior *Behavior
	// Controller nil is DefaultController.
	Controller *Controller
}

// Controller holds the settings of kube-controller-manager that bear on the result.
type Controller struct {
	// SyncPeriod is the time between two reconciles of one HPA. The first comes one period after it was created, or at
	// once under FirstSyncAtOnce (Kubernetes 1.37).
	SyncPeriod      time.Duration
	FirstSyncAtOnce bool
	// ScaleToZero is the gate HPAScaleToZero, on by default from Kubernetes 1.37 on: an HPA with minReplicas 0 and an
	// external metric goes to zero by itself and comes back.
	ScaleToZero bool
	// Tolerance is the part of the target within which nothing changes, in both directions.
	Tolerance float64
	// DownscaleStabilization is the scale-down window where the spec names none.
	DownscaleStabilization time.Duration
	// CPUInitialization is how long after its start a pod's cpu usage counts only if the pod is ready.
	CPUInitialization time.Duration
	// InitialReadinessDelay is how long after its start a pod that turned unready is taken as never ready.
	InitialReadinessDelay time.Duration
}

// Kubernetes is a minor release of Kubernetes whose controller is followed.
type Kubernetes string

// The releases known here; the empty one is Kubernetes136.
const (
	Kubernetes136 Kubernetes = "1.36"
	Kubernetes137 Kubernetes = "1.37"
)

// Controller gives the defaults of the release's kube-controller-manager.
func (k Kubernetes) Controller() Controller {
	c := DefaultController()
	if k == Kubernetes137 {
		c.FirstSyncAtOnce, c.ScaleToZero = true, true
	}
	return c
}

// DefaultController gives the defaults of kube-controller-manager 1.36.
func DefaultController() Controller {
	return Controller{
		SyncPeriod:             15 * time.Second,
		Tolerance:              0.1,
		DownscaleStabilization: 5 * time.Minute,
		CPUInitialization:      5 * time.Minute,
		InitialReadinessDelay:  30 * time.Second,
	}
}

// rules are Rules with the defaults filled in.
type rules struct {
	window    time.Duration
	sel       SelectPolicy
	policies  []Policy
	tolerance float64
}

// fillRules applies the API server's defaults field by field.
func fillRules(from *Rules, to rules) rules {
	if from == nil {
		return to
	}
	if from.Window != nil {
		to.window = *from.Window
	}
	if from.Select != "" {
		to.sel = from.Select
	}
	if from.Policies != nil {
		to.policies = from.Policies
	}
	if from.Tolerance != nil {
		to.tolerance = *from.Tolerance
	}
	return to
}

func fillBehavior(b *Behavior, c Controller) (up, down rules) {
	up = rules{sel: SelectMax, tolerance: c.Tolerance, policies: []Policy{
		{Type: Pods, Value: 4, Period: 15 * time.Second},
		{Type: Percent, Value: 100, Period: 15 * time.Second},
	}}
	down = rules{window: c.DownscaleStabilization, sel: SelectMax, tolerance: c.Tolerance, policies: []Policy{
		{Type: Percent, Value: 100, Period: 15 * time.Second},
	}}
	if b == nil {
		return up, down
	}
	return fillRules(b.Up, up), fillRules(b.Down, down)
}

func (r *rules) longestPeriod() time.Duration {
	var longest time.Duration
	for _, p := range r.policies {
		longest = max(longest, p.Period)
	}
	return longest
}
