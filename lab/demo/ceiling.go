package demo

import "fmt"

// Ceiling is how many replicas a service can use, and what sets the limit.
type Ceiling struct {
	Replicas int    `json:"replicas"`
	Why      string `json:"why"`
}

// ceilingOf is the ceiling of a service with so many useful replicas whose ScaledObject allows at most so many, 0 for no
// ScaledObject.
func ceilingOf(useful, allowed int) Ceiling {
	if allowed > 0 && allowed < useful {
		return Ceiling{allowed, fmt.Sprintf("maxReplicaCount is %d", allowed)}
	}
	return Ceiling{useful, fmt.Sprintf("%d partitions: more replicas would idle", useful)}
}

// note is what there is to say of a service beyond its figures, "" for nothing.
func (v *ServiceState) note() string {
	switch {
	case v.Stopped:
		return "stopped: it consumes nothing"
	case v.Ready > v.Most:
		return fmt.Sprintf("%d of %d replicas idle: %d partitions", v.Ready-v.Most, v.Ready, v.Most)
	case v.Desired >= v.Ceiling.Replicas && v.Ceiling.Replicas < v.Most:
		return fmt.Sprintf("at its maximum: maxReplicaCount is %d", v.Ceiling.Replicas)
	case v.Desired >= v.Ceiling.Replicas:
		return fmt.Sprintf("at its maximum: %d partitions", v.Most)
	}
	return ""
}
