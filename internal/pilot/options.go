package pilot

import "time"

// Options are what a user says of a group.
type Options struct {
	// Objective is the age that messages may reach. 0: DefaultObjective.
	Objective time.Duration
	// MembersPerReplica is how many members one replica brings into the group: threads, or consumers of a topic each.
	// 0: as Observation.Replicas tells, else 1.
	MembersPerReplica int
	// Hold is for how long the last decision stands while some partition or the members cannot be read. 0: DefaultHold.
	Hold time.Duration
	// Constants replace the law's own, for the lab's study; nil: DefaultConstants.
	Constants *Constants
	// Speed is how many seconds of the law pass in a second of the observations, for the lab's demo, which plays hours in
	// minutes. Objective, Hold and Constants are in the law's time, observations and decisions in that of the clock. 0: 1.
	Speed float64
}

const (
	// DefaultObjective is the age that messages may reach where nothing is said.
	DefaultObjective = 60 * time.Second
	// DefaultHold is three samples at the default interval: as long as lag.Options.MaxAge serves an offset.
	DefaultHold = 30 * time.Second
)
