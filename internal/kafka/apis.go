package kafka

import "github.com/IBM/sarama"

// The API names as in the Kafka protocol, under which requests are counted and logged.
const (
	apiMetadata         = "Metadata"
	apiListGroups       = "ListGroups"
	apiOffsetFetch      = "OffsetFetch"
	apiListOffsets      = "ListOffsets"
	apiDescribeGroups   = "DescribeGroups"
	apiDescribeConsumer = "ConsumerGroupDescribe"
	apiDescribeShare    = "ShareGroupDescribe"
	apiDescribeStreams  = "StreamsGroupDescribe"
	apiShareOffsets     = "DescribeShareGroupOffsets"
	apiFindCoordinator  = "FindCoordinator"
	apiDescribeConfigs  = "DescribeConfigs"
	apiConnect          = "Connect" // not of the protocol: opening a connection
)

// API keys that matter here.
const (
	keyListOffsets      = 2
	keyMetadata         = 3
	keyOffsetFetch      = 9
	keyListGroups       = 16
	keySASLHandshake    = 17
	keyAPIVersions      = 18
	keyDescribeConfigs  = 32
	keySASLAuthenticate = 36
	keyDescribeConsumer = 69
	keyDescribeShare    = 77
	keyDescribeStreams  = 89
	keyShareOffsets     = 90
)

// versions are the newest request versions to use, by the newest protocol version to speak. sarama lowers them to what
// a broker supports, but refuses a request whose version is above the configured one.
type versions struct {
	listGroups, offsetFetch, describeGroups, findCoordinator int16
	describeConsumer                                         int16 // -1: none
	listOffsets                                              int16
	ownRequests                                              bool // share and streams groups may be asked for
}

func versionsFor(v sarama.KafkaVersion) versions {
	type step struct {
		since   sarama.KafkaVersion
		version int16
	}
	newest := func(steps ...step) int16 {
		for _, s := range steps {
			if v.IsAtLeast(s.since) {
				return s.version
			}
		}
		return -1
	}
	return versions{
		listGroups: newest(step{sarama.V3_8_0_0, 5}, step{sarama.V2_6_0_0, 4}, step{sarama.V2_4_0_0, 3},
			step{sarama.V2_0_0_0, 2}, step{oldestVersion, 1}),
		offsetFetch: newest(step{sarama.V3_0_0_0, 8}, step{sarama.V2_5_0_0, 7}, step{sarama.V2_4_0_0, 6},
			step{sarama.V2_1_0_0, 5}, step{sarama.V2_0_0_0, 4}, step{oldestVersion, 3}),
		describeGroups: newest(step{sarama.V2_4_0_0, 5}, step{sarama.V2_3_0_0, 3}, step{sarama.V2_0_0_0, 2},
			step{oldestVersion, 1}),
		findCoordinator: newest(step{sarama.V2_4_0_0, 3}, step{sarama.V2_0_0_0, 2}, step{oldestVersion, 1}),
		listOffsets: newest(step{sarama.V2_2_0_0, 5}, step{sarama.V2_1_0_0, 4}, step{sarama.V2_0_0_0, 3},
			step{oldestVersion, 2}),
		describeConsumer: newest(step{sarama.V4_0_0_0, 1}, step{sarama.V3_7_0_0, 0}),
		ownRequests:      v.IsAtLeast(sarama.V4_1_0_0),
	}
}

// severalGroups reports whether one OffsetFetch may name several groups (KIP-709, Kafka 3.0).
func (v versions) severalGroups(s *session) bool {
	return v.offsetFetch >= 8 && s.versions[keyOffsetFetch] >= 8
}
