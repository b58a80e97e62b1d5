package pilot

import "time"

// State is what a pilot has learned and takes long to learn again. It is small, and meant for a state file: JSON with
// these names. A zero field was not learned.
type State struct {
	// At is the time of the observation after which it was saved.
	At time.Time `json:"at"`
	// Capacity of a member in messages/s, and its relative variance.
	Capacity float64 `json:"capacity,omitempty"`
	Variance float64 `json:"variance,omitempty"`
	// Best is the greatest capacity measured: after a fall it is tried again.
	Best float64 `json:"best,omitempty"`
	// Shown is the rate in messages/s that the busiest member was seen to sustain, a lower bound of the capacity.
	Shown float64 `json:"shown,omitempty"`
	// CommitPeriod is the learned distance of a member's commits in seconds.
	CommitPeriod float64 `json:"commitPeriod,omitempty"`
	// MembersPerReplica as CountReplicas told it.
	MembersPerReplica float64 `json:"membersPerReplica,omitempty"`
}
