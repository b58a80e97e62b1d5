package kafka

import (
	"fmt"
	"testing"

	"github.com/IBM/sarama"
	"github.com/twmb/franz-go/pkg/kfake"
)

// One broker and 100 000 group-partitions: requests follow the groups by the hundred, not the partitions.
func TestRequestsOfOneBroker(t *testing.T) {
	f := newFixture(t, kfake.NumBrokers(1))
	const groups, topics, partitions = 500, 10, 20
	for i := range topics {
		f.topic(fmt.Sprintf("topic-%02d", i), partitions)
	}
	for g := range groups {
		group := fmt.Sprintf("group-%03d", g)
		r := &sarama.OffsetCommitRequest{Version: 7, ConsumerGroup: group, ConsumerGroupGeneration: -1}
		for i := range topics {
			for p := range int32(partitions) {
				r.AddBlock(fmt.Sprintf("topic-%02d", i), p, 0, 0, "")
			}
		}
		if _, err := f.broker(f.cluster.CoordinatorFor(group)).CommitOffset(r); err != nil {
			t.Fatal(err)
		}
	}
	s := f.sampler()
	handle := f.count(allKeys...)
	for wave := range 4 {
		before := handle.Hits()
		read := 0
		for _, g := range f.wave(s).Groups {
			for _, c := range g.Commits {
				read += len(c.Partitions)
			}
		}
		if read != groups*topics*partitions {
			t.Fatalf("wave %d: %d group-partitions", wave, read)
		}
		if n := handle.Hits() - before; n > 15 {
			t.Errorf("wave %d: %d requests; %v", wave, n, f.stats)
		}
	}
}
