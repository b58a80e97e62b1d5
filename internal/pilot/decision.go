package pilot

// Decision is what the pilot asks for after one observation.
type Decision struct {
	// Known is false where the truth is not known: Replicas and Members are to be published as absent, never as 0.
	Known bool
	// Replicas is the desired number of replicas, ready for a trigger with target 1: where there are fewer, and the
	// HPA's tolerance of 10 % would swallow the difference, it is the least that the HPA acts upon. It is 0 only for a
	// group that has nothing to do and to which nothing is produced.
	Replicas int
	// Members is the same before it became replicas: the members that the law wants.
	Members int
	// Capacity is what one member can do in messages/s, NaN until it was measured on members with a backlog.
	Capacity float64
	// Saturated is the number of members that have a backlog and work at their capacity, -1 where it is not known.
	Saturated int
	// Reason says why Replicas is what it is, or why it is not known.
	Reason Reason

	// Rate is the producer rate that the decision is for, in messages/s, with its trend carried on; NaN where unknown.
	Rate float64
	// Behind is by how many seconds the group is behind where it is furthest behind; NaN where unknown.
	Behind float64
}

// Reason says why a decision is what it is; it is the label value Reasons names.
type Reason uint8

// The reasons, in the order of their label values in Reasons.
const (
	// ReasonRate: as many as carry the producer rate.
	ReasonRate Reason = iota
	// ReasonBacklog: more, or not fewer, so that what waits is worked off before it is late.
	ReasonBacklog
	// ReasonUrgent: messages are about to be late, or are: the backlog is worked off within a minute.
	ReasonUrgent
	// ReasonIdle: nothing is produced and nothing waits.
	ReasonIdle
	// ReasonCapacityUnknown: the capacity was not measured yet; as many as there are, or as what was seen shows.
	ReasonCapacityUnknown
	// ReasonHeld: fewer might do; the pilot waits until that is clear.
	ReasonHeld
	// ReasonFailed: fewer were tried at such a rate, and did not suffice.
	ReasonFailed
	// ReasonStuck: a backlog that more members would not shorten is left out of the ask.
	ReasonStuck
	// ReasonCeiling: the law would like more than can have something to do.
	ReasonCeiling
	// ReasonOffsets: some partition could not be read; while Known, the last decision stands.
	ReasonOffsets
	// ReasonMembers: the members could not be read; while Known, the last decision stands.
	ReasonMembers
	// ReasonStarting: too few waves were seen.
	ReasonStarting

	numReasons
)

// Reasons are the label values of the reasons, indexed by Reason.
var Reasons = [numReasons]string{
	"rate", "backlog", "urgent", "idle", "capacity_unknown", "held", "failed", "stuck", "ceiling", "offsets", "members",
	"starting",
}

// String is the label value.
func (r Reason) String() string {
	if r < numReasons {
		return Reasons[r]
	}
	return "unknown"
}
