package lag

import "time"

// NoOffset stands for an offset that is not known or does not exist.
const NoOffset int64 = -1

// Reason says why an offset could not be read; it is the reason label of partitions_unknown.
type Reason uint8

// The reasons, in the order of their label values in Reasons.
const (
	ReasonNone Reason = iota
	ReasonLeader
	ReasonCoordinator
	ReasonAuthorization
	numReasons
)

// Reasons are the label values of the reasons an offset can be unknown for, indexed by Reason.
var Reasons = [numReasons]string{"", "leader", "coordinator", "authorization"}

// Wave is what one sampling wave learned from the brokers. Names in it are valid UTF-8 and already filtered; a topic or
// group that a filter or a shard excludes does not appear at all. The tracker keeps no reference to a Wave's slices
// after Observe except to strings and to Members, which are immutable.
type Wave struct {
	Began, Ended time.Time
	ClusterID    string // empty where the brokers do not tell
	Brokers      []Broker
	// Topics holds every topic of the newest metadata, sorted by name.
	Topics []TopicSample
	// Groups holds every group that is listed, held or expected, sorted by ID, each once.
	Groups []GroupSample
	// Points are answers to time queries: those the tracker asked for, and those the sampler made for partitions it
	// saw for the first time (one rate window before now).
	Points []OffsetAtTime
}

// Broker is one broker of the cluster.
type Broker struct {
	ID      int32
	Address string
	Up      bool // it answered in this wave
	// Gone brokers are not in the newest metadata (so not of the cluster now), but still replicas of some partition.
	Gone bool
}

// TopicSample is one topic as metadata and its leaders described it.
type TopicSample struct {
	Name string
	// ID is the topic's UUID (KIP-516), zero where the broker does not tell. A new ID under an old name is a recreation.
	ID [16]byte
	// Foreign topics belong to another shard: groups need their offsets, but no topic series is published here.
	Foreign bool
	// Hidden topics may exist, but metadata does not show them: Partitions has one element that stands for all and says
	// why.
	Hidden bool
	// AppendTime: the topic is known to have message.timestamp.type=LogAppendTime, so that timestamps are arrival times.
	AppendTime bool
	// Partitions is indexed by partition number.
	Partitions []PartitionSample
}

// PartitionSample is one partition as metadata and its leader described it in this wave.
type PartitionSample struct {
	Leader    int32 // broker, -1: none
	Preferred int32 // first replica, -1: unknown
	Replicas  int32 // number of replicas
	InSync    int32 // number of replicas in sync

	// End is the high watermark, read in this wave after every commit of the wave, at EndAt; NoOffset where it was
	// not read in this wave, Err then says why.
	End   int64
	EndAt time.Time
	// Start is the newest known log start offset; it is read less often than End.
	Start int64
	// StableEnd is the last stable offset, read together with End for topics of read-committed groups, else NoOffset.
	StableEnd int64
	Err       Reason
}

// GroupType is the type of a group as ListGroups v5 names it; empty below Kafka 3.8 and then treated as classic.
type GroupType string

// The group types of KIP-848, KIP-932 and KIP-1071.
const (
	GroupClassic  GroupType = "classic"
	GroupConsumer GroupType = "consumer"
	GroupShare    GroupType = "share"
	GroupStreams  GroupType = "streams"
)

// GroupSample is one consumer group as listed, described and fetched.
type GroupSample struct {
	ID           string
	Type         GroupType
	ProtocolType string // "consumer", "connect", …; empty for simple consumers
	State        string // as listed, or as described where that is newer
	Coordinator  int32  // -1: none known

	// ListedAt is when a broker last listed the group (with the state and type above); zero for an expected group
	// that no broker lists.
	ListedAt time.Time
	// Expected are the topics of --group.expect, nil where the group is not expected.
	Expected []string

	// CommitsAt is when the committed offsets below were read; zero where they could not be read in this wave, Err
	// then says why. A group that is expected and not listed counts as read, with no commits.
	CommitsAt time.Time
	Err       Reason
	// Unlistable: no broker would list the expected group if it were there, so that nothing is known of its members.
	Unlistable bool
	// Untold: the broker does not tell the offsets of such a group (share groups before Kafka 4.2).
	Untold bool
	// Waits: the offsets were not asked for, since it is not the group's turn. Every is how often its turn comes; 0: in
	// every wave.
	Waits bool
	Every time.Duration
	// Resume is what becomes of messages in partitions without a commit.
	Resume Resume
	// ReadCommitted groups have their lag taken to the last stable offset.
	ReadCommitted bool
	// Commits are sorted by topic. Only topics with at least one commit appear, and those without any offset that the
	// group had commits on and that cannot be read now.
	Commits []TopicCommits

	// Members is the newest description, nil before the first. It stays the same pointer until the group is described
	// again.
	Members *Members
}

// Resume is where a group begins on a partition without a commit.
type Resume uint8

const (
	// ResumeEarliest: at the start of the log, so that all of it waits. That is what is assumed of groups whose consumers
	// decide for themselves.
	ResumeEarliest Resume = iota
	// ResumeLatest: at the end, so that nothing waits.
	ResumeLatest
	// ResumeUnknown: not known.
	ResumeUnknown
)

// TopicCommits are the committed offsets of one group on one topic: Offsets[i] is that of partition Partitions[i],
// sorted by partition. A partition without a commit does not appear.
type TopicCommits struct {
	Topic      string
	Partitions []int32
	Offsets    []int64
}

// Members is one description of a group's membership. It is immutable.
type Members struct {
	At       time.Time
	State    string // the group's state at that time
	Count    int
	Assignor string // the partition assignor chosen, empty while none is
	// Tasks are the tasks of a Kafka Streams group, as far as its description tells: of each sub-topology as many as its
	// largest topic has partitions. 0: not known.
	Tasks int
	// Processes are the instances of a streams group that its members (threads) run in. 0: not known.
	Processes int
	// Topics are the topics that some member subscribes to or has assigned, sorted.
	Topics []string
	// Subtopology numbers the sub-topology of a streams group that reads the topic at the same place of Topics; nil where
	// the description does not tell.
	Subtopology []int32
	// Assigned says which member holds which partition, sorted by topic; nil where the description does not tell.
	Assigned []Assigned
	// Replicas is the number of pods behind the members, 0 where the description does not tell.
	Replicas int
	// Opaque is true where subscriptions could not be read in full (a server-side regular expression, unknown
	// metadata): then nothing can be said to be abandoned.
	Opaque bool
}

// Assigned is who holds the partitions of one topic: the member numbered Members[i] holds partition Partitions[i], sorted
// by partition. The members of a group are numbered in the order of their ids. It is immutable.
type Assigned struct {
	Topic               string
	Partitions, Members []int32
}

// TimeQuery asks the leader of a partition for the first offset with a timestamp at or after At.
type TimeQuery struct {
	Topic     string
	Partition int32
	At        time.Time
}

// OffsetAtTime answers a TimeQuery: Offset is NoOffset where no message is that young. Timestamp is that of the message at
// Offset, zero where it is not known.
type OffsetAtTime struct {
	TimeQuery
	Offset    int64
	Timestamp time.Time
}
