package kafka

import (
	"testing"

	"github.com/IBM/sarama"
)

// The wanted numbers are those of Java's String.hashCode.
func TestGroupPartition(t *testing.T) {
	for group, want := range map[string]int32{
		"":                   0,
		"a":                  97 % 50,
		"hello":              99162322 % 50,
		"polygenelubricants": 0, // the least number there is
		"Aa":                 2112 % 50,
		"BB":                 2112 % 50,
		"é":                  233 % 50,
		"😀":                  (31*0xD83D + 0xDE00) % 50,
		"billing-service":    billingHash % 50,
	} {
		if got := groupPartition(group, 50); got != want {
			t.Errorf("%q: partition %d, want %d", group, got, want)
		}
	}
}

// billingHash is the size of "billing-service".hashCode().
const billingHash = 1374429539

func offsetsMetadata(leaders ...int32) *sarama.MetadataResponse {
	m := &sarama.TopicMetadata{Name: offsetsTopic, Uuid: sarama.Uuid{1}}
	for i, l := range leaders {
		m.Partitions = append(m.Partitions, &sarama.PartitionMetadata{ID: int32(i), Leader: l})
	}
	return &sarama.MetadataResponse{Version: 11, Topics: []*sarama.TopicMetadata{m}}
}

func TestCoordinatorsHoldWhereTheyHeld(t *testing.T) {
	var c coordinators
	nobody := func(string) int32 { return -1 }
	c.apply(clusterMetadata{MetadataResponse: offsetsMetadata(1, 2)}) // "a" and "c" are of partition 1, "b" and "d" of partition 0
	if got := c.of("a"); got != -1 {
		t.Errorf("coordinator %d before anything is known", got)
	}
	d := directory{}
	d.add([]listing{full(1, "b", "c"), full(2, "a", "c")}, nobody)
	c.learn(d)
	if c.of("a") != 2 || c.of("b") != 1 || c.of("c") != 2 {
		t.Errorf("coordinators %d, %d, %d", c.of("a"), c.of("b"), c.of("c"))
	}
	// Another system than Apache Kafka spreads them otherwise.
	d = directory{}
	d.add([]listing{full(1, "a", "b"), full(2, "d")}, nobody)
	c.learn(d)
	if c.of("a") != 2 {
		t.Error("a single wave, in which perhaps only a broker answered that has been replaced, outweighs what was seen before")
	}
	for range maxScore {
		c.learn(d)
	}
	if c.of("a") != -1 {
		t.Error("it is believed though it does not hold")
	}
	c.apply(clusterMetadata{MetadataResponse: &sarama.MetadataResponse{Version: 11}})
	if c.leader("a") != -1 {
		t.Error("the offsets topic may not be seen any more")
	}
}
