package lag

import (
	"math"
	"time"

	"kafka_burndown_exporter/internal/pilot"
)

// Absent is the value of a signal whose truth is not known. It is never published: the series is left out.
var Absent = math.NaN()

// Known reports whether a signal has a value to publish.
func Known(v float64) bool { return !math.IsNaN(v) }

// Snapshot is everything that is published after one wave. It is immutable, and safe to read from any number of
// goroutines for as long as it is referenced.
type Snapshot struct {
	// Began is when the wave behind it began, Published when it was computed.
	Began, Published time.Time
	// Expires is the end of its life: Began plus the maximum age. After it nothing of it may be served.
	Expires time.Time

	ClusterID string // empty: not known

	Brokers []Broker
	Topics  []Topic // sorted by name, without topics of other shards
	Groups  []Group // sorted by ID

	// HeldPartitions counts group-partitions served from an earlier wave, UnknownPartitions those not served.
	HeldPartitions, UnknownPartitions int
	// ClampedNegatives counts lags that would have been negative, since the tracker began.
	ClampedNegatives int64
}

// Topic is one topic with what its leaders said. Values that are not known are NoOffset, -1 or Absent.
type Topic struct {
	Name       string
	Partitions []TopicPartition // indexed by partition number

	Produced     float64 // messages since Created; Absent while a partition is unknown
	ProducerRate float64 // messages/s over the rate window
	Created      time.Time
}

// TopicPartition is one partition for the drop-in series.
type TopicPartition struct {
	Leader, Preferred, Replicas, InSync int32
	End, Start                          int64 // newest known, held for at most the maximum age
}

// Group is one consumer group.
type Group struct {
	ID string
	// InfoKnown is false where type, state and coordinator are older than the maximum age.
	InfoKnown    bool
	Type         GroupType
	ProtocolType string
	State        string
	Assignor     string // the last one seen, empty if none ever was
	Coordinator  int32  // -1: none

	// Expected groups are named by --group.expect.
	Expected bool

	// Untold groups are of a kind whose offsets their broker does not tell: nothing but their state and members is known.
	Untold bool

	Members       int // -1: unknown
	Processes     int // that the members of a streams group run in, -1: unknown
	UsefulMembers int // 0: unknown, or without a limit
	Complete      bool
	// SampleAt is the time of the oldest offset pair behind the totals; where there is none, when commits were last
	// read, and of an untold group when it was listed; zero where nothing was ever read.
	SampleAt time.Time
	// Created is when the group was first sampled: the created timestamp of its counters.
	Created time.Time

	Signals
	LagLog2x7          float64
	BurndownMaxSeconds float64
	ResetsBackward     float64
	ResetsEnd          float64

	// Decided is true where a pilot decides; Decision is what it wants then.
	Decided  bool
	Decision pilot.Decision

	Topics []GroupTopic // sorted by topic
}

// GroupTopic is one topic of a group.
type GroupTopic struct {
	Topic string
	// Abandoned topics are left out of the group's totals unless the tracker was told otherwise.
	Abandoned bool
	// TopicCreated is when the group was first sampled on this topic: the created timestamp of its counters.
	TopicCreated time.Time

	Signals
	// CurrentOffsetSum and LagSum are the drop-in totals over counted partitions.
	CurrentOffsetSum float64
	LagSum           float64

	// The counted partitions, in parallel, sorted by partition.
	Partition []int32
	Committed []int64
	Lag       []int64
}

// Signals are the values that exist per group and per group and topic. Absent ones are left out of the exposition; an
// untold group has none but Absent ones, with all counts 0.
type Signals struct {
	Lag, LagMax, Backlog       float64
	UncommittedMessages        float64
	LagSeconds                 float64
	BurndownSeconds            float64
	ProducerRate, ConsumerRate float64 // messages/s
	Produced, Consumed, Lost   float64 // counters

	Partitions            int // counted
	PartitionsUncommitted int
	PartitionsHeld        int
	// PartitionsWithLag and PartitionsStalled count among the counted partitions, whatever else is unknown. They are
	// Absent for untold groups only.
	PartitionsWithLag float64
	PartitionsStalled float64
	// PartitionsUnknown is indexed by Reason.
	PartitionsUnknown [numReasons]int
}
