package kafka

import (
	"fmt"
	"testing"

	"github.com/IBM/sarama"
	"github.com/twmb/franz-go/pkg/kfake"
)

// 500 groups with 200 partitions each, the fake cluster's own work included.
func BenchmarkWave100kPartitions(b *testing.B) {
	f := newFixture(b, kfake.NumBrokers(3))
	for i := range 50 {
		f.topic(fmt.Sprintf("topic-%02d", i), 20)
	}
	for g := range 500 {
		group := fmt.Sprintf("group-%03d", g)
		r := &sarama.OffsetCommitRequest{Version: 7, ConsumerGroup: group, ConsumerGroupGeneration: -1}
		for i := range 10 {
			for p := range int32(20) {
				r.AddBlock(fmt.Sprintf("topic-%02d", (g+i)%50), p, 0, 0, "")
			}
		}
		if _, err := f.broker(f.cluster.CoordinatorFor(group)).CommitOffset(r); err != nil {
			b.Fatal(err)
		}
	}
	s := f.sampler()
	f.wave(s)
	b.ReportAllocs()
	for b.Loop() {
		partitions := 0
		for _, g := range f.wave(s).Groups {
			for _, c := range g.Commits {
				partitions += len(c.Partitions)
			}
		}
		if partitions != 100_000 {
			b.Fatal(partitions)
		}
	}
}
