package pilot

import "time"

// Offsets and members that are not known or do not exist.
const (
	// Unknown is an offset that could not be read in this wave. An offset held from an earlier wave is Unknown here.
	Unknown int64 = -1
	// NoCommit is the committed offset of a partition on which the group has never committed.
	NoCommit int64 = -2
	// NoMember is the member of a partition that nobody holds, and of one that several members of a share group do.
	NoMember int32 = -1
)

// Observation is what one wave read of one group. The pilot keeps nothing of it but the topics' names, so that a caller
// can fill the same one again for every group and wave.
type Observation struct {
	// At is when the offsets were read. Observations that are not younger than the one before are ignored.
	At time.Time

	// Topics are those that the group consumes, without abandoned ones, in an order that stays the same from wave to
	// wave (by name). A topic that comes, goes or gets partitions is taken in as it is.
	Topics []Topic
	// Partitions are those of all topics, one topic after the other, each in the order of its partition numbers.
	Partitions []Partition

	// Members is the number of members, 0 for a group that is known to be empty, negative where nothing recent tells.
	Members int
	// Replicas is the number of pods behind the members as CountReplicas tells it, 0 where it does not.
	Replicas int
	// Stable is true while the group is in the state Stable: every member has its assignment, none is being moved.
	Stable bool
	// DescribedAt is when members and assignment were read; zero: with the offsets. Capacity is measured only while
	// descriptions are as young as the offsets.
	DescribedAt time.Time

	// Assignor is how partitions are spread over members.
	Assignor Assignor
	// Ceiling is the number of members beyond which one more has nothing to do: partitions, for range those of the
	// largest topic, for streams tasks. 0 where there is none (share groups) or where it is not known.
	Ceiling int
}

// Topic is one topic of a group.
type Topic struct {
	Name       string
	Partitions int
	// Subtopology numbers the sub-topology of a streams group that reads the topic: partitions of the same number in
	// topics of one sub-topology are one task. Other groups leave it 0.
	Subtopology int
}

// Partition is one partition of a group. It is known where End and the position are.
type Partition struct {
	// End is where reading ends: the high watermark, for read-committed groups the last stable offset, and the
	// committed offset where nothing readable follows it (a residue of transaction markers).
	End int64
	// Committed is the committed offset.
	Committed int64
	// Start is the log start offset. It is needed where the group has never committed (what is retained waits then, as
	// in kafka_group_backlog) or committed less; Unknown elsewhere does no harm.
	Start int64
	// Member is the index, below Observation.Members, of the member that holds the partition. An index has to mean the
	// same member for as long as the assignment does not change: sort members by their id.
	Member int32
}

// Assignor is the way in which a group spreads its partitions over its members.
type Assignor uint8

// The assignors that the law tells apart.
const (
	// Balanced gives every member the same number of partitions, and which ones is not known beforehand: sticky,
	// cooperative-sticky, uniform, and any that is not known by name.
	Balanced Assignor = iota
	// Range gives each member a run of partitions of every topic.
	Range
	// RoundRobin deals partitions out, one topic after the other.
	RoundRobin
	// Tasks is Kafka Streams: every member gets the same number of tasks.
	Tasks
	// Shared is a share group: each partition has as many members as it takes for all members to have one.
	Shared
)

// AssignorNamed is the assignor that Kafka names so, in the protocol of a classic group or as the server-side assignor
// of a consumer group; Balanced for a name that is not known. Share groups have no assignor to name: give Shared.
func AssignorNamed(name string) Assignor {
	switch name {
	case "range", "": // Kafka's consumers prefer range where nothing is set
		return Range
	case "roundrobin":
		return RoundRobin
	case "stream", "streams":
		return Tasks
	}
	return Balanced
}
