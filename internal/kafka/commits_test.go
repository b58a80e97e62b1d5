package kafka

import (
	"fmt"
	"regexp"
	"testing"

	"github.com/IBM/sarama"
	"github.com/google/go-cmp/cmp"

	"kafka_burndown_exporter/internal/lag"
)

func block(offset int64) *sarama.OffsetFetchResponseBlock {
	return &sarama.OffsetFetchResponseBlock{Offset: offset}
}

func TestFold(t *testing.T) {
	names := newNamer(nil, regexp.MustCompile("^hidden$"), Shard{})
	var c commits
	for _, tc := range []struct {
		name   string
		answer blocks
		code   sarama.KError
		want   []lag.TopicCommits
	}{
		{"nothing", nil, sarama.ErrNoError, nil},
		{"sorted", blocks{
			"b": {2: block(20), 0: block(0), 1: block(10)},
			"a": {5: block(7)},
		}, sarama.ErrNoError, []lag.TopicCommits{
			{Topic: "a", Partitions: []int32{5}, Offsets: []int64{7}},
			{Topic: "b", Partitions: []int32{0, 1, 2}, Offsets: []int64{0, 10, 20}},
		}},
		{"far apart", blocks{"a": {7: block(3), 900: block(1), 100: block(2)}}, sarama.ErrNoError, []lag.TopicCommits{
			{Topic: "a", Partitions: []int32{7, 100, 900}, Offsets: []int64{3, 2, 1}},
		}},
		{"no commit", blocks{"a": {0: block(-1), 1: block(4)}, "b": {0: block(-1)}, "c": {}}, sarama.ErrNoError,
			[]lag.TopicCommits{{Topic: "a", Partitions: []int32{1}, Offsets: []int64{4}}}},
		{"excluded", blocks{"hidden": {0: block(1)}, "a": {0: block(2)}}, sarama.ErrNoError,
			[]lag.TopicCommits{{Topic: "a", Partitions: []int32{0}, Offsets: []int64{2}}}},
		{"nonsense", blocks{"a": {0: nil, -3: block(5), 1 << 30: block(9)}}, sarama.ErrNoError, nil},
		{"an error, and still all names", blocks{
			"a": {0: {Offset: -1, Err: sarama.ErrTopicAuthorizationFailed}}, "b": {0: block(3)},
		}, sarama.ErrTopicAuthorizationFailed, []lag.TopicCommits{
			{Topic: "a", Partitions: []int32{0}, Offsets: []int64{-1}}, {Topic: "b", Partitions: []int32{0}, Offsets: []int64{3}},
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if code := c.fold(tc.answer, names); code != tc.code {
				t.Fatalf("code %v", code)
			}
			if diff := cmp.Diff(tc.want, append([]lag.TopicCommits(nil), c.topics...)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// 500 groups with 200 partitions each.
func BenchmarkFold100kPartitions(b *testing.B) {
	names := newNamer(nil, nil, Shard{})
	answers, folded := make([]blocks, 500), make([]commits, 500)
	for g := range answers {
		answers[g] = blocks{}
		for t := range 10 {
			parts := map[int32]*sarama.OffsetFetchResponseBlock{}
			for p := range int32(20) {
				parts[p] = block(int64(p))
			}
			answers[g][fmt.Sprintf("topic-with-a-usual-name-%03d", (g+t)%50)] = parts
		}
	}
	b.ReportAllocs()
	for b.Loop() {
		for g := range answers {
			if folded[g].fold(answers[g], names) != sarama.ErrNoError || len(folded[g].partitions) != 200 {
				b.Fatal("wrong")
			}
		}
	}
}
