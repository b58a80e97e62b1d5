// Package hpatraces records what the real HPA controller of Kubernetes decides in random situations, on a fake clock:
// a day of reconciles takes a second. The recording is what the module above compares internal/scale with. The driver
// is in the test files because testing/synctest needs a test.
package hpatraces

// Case is one autoscaler and every reconcile it went through. Times are milliseconds, values thousandths.
type Case struct {
	Min, Max int32
	Metrics  []Metric
	Behavior bool // false: spec.behavior is not set, the legacy path
	Up, Down *Rules
	Trace    []Step
}

// Metric is one of the autoscaler's metrics; Resource is empty for an external one.
type Metric struct {
	Kind     string
	Resource string `json:",omitempty"`
	Target   int64
}

// Rules are scaling rules as they were written, before defaults.
type Rules struct {
	Win    *int32
	Select string
	Pol    []Policy
	Tol    *float64
}

// Policy is a scaling policy.
type Policy struct {
	Type          string
	Value, Period int32
}

// Step is one reconcile: what the controller saw, and what it asked for.
type Step struct {
	T                        int64
	Spec, Status, Ready, New int32
	V                        []*int64 // nil: the metric failed
	Pods                     []Pod    `json:",omitempty"` // where a metric is a resource
}

// Pod is a pod of a step.
type Pod struct {
	Phase             string
	Ready, Deleting   bool
	ReadyAt, Started  int64
	Request           int64
	Measured          bool
	Usage, At, Window int64
}
