package lag

import (
	"time"

	"kafka_burndown_exporter/internal/pilot"
)

// Options are the tracker's settings; the zero value of a field is not replaced by a default.
type Options struct {
	Interval time.Duration // expected distance of waves
	MaxAge   time.Duration // how long a pair is held
	// MembersMaxAge is how long a member description counts; 0: three times the distance at which descriptions come,
	// but at least MaxAge and two minutes.
	MembersMaxAge time.Duration
	RateWindow    time.Duration
	StallWindow   time.Duration
	// LagResidual is the largest lag that may count as a residue of transaction markers.
	LagResidual int64
	BurndownCap float64 // seconds
	Log2x7Max   float64
	// IncludeAbandoned keeps abandoned topics in their groups' totals.
	IncludeAbandoned bool
	// Pilot is what the pilot of a group is to know; nil: no pilots, nothing is desired.
	Pilot func(group string) pilot.Options
}
