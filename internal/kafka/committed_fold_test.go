package kafka

import (
	"fmt"
	"regexp"
	"testing"

	"github.com/IBM/sarama"
	"github.com/google/go-cmp/cmp"
	"github.com/twmb/franz-go/pkg/kmsg"

	"kafka_burndown_exporter/internal/lag"
)

func block(offset int64) *sarama.OffsetFetchResponseBlock {
	return &sarama.OffsetFetchResponseBlock{Offset: offset}
}

func TestFold(t *testing.T) {
	names := newNamer(nil, regexp.MustCompile("^hidden$"), Shard{})
	f := folder{names: names}
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
			if code := f.fold(&c, tc.answer); code != tc.code {
				t.Fatalf("code %v", code)
			}
			if diff := cmp.Diff(tc.want, append([]lag.TopicCommits(nil), c.topics...)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// foldable is an answer with groups × 10 topics of so many partitions, and the place that each group is folded into.
func foldable(groups, partitions int) (raw []byte, folded map[string]*commits) {
	var answer kmsg.OffsetFetchResponse
	folded = map[string]*commits{}
	for g := range groups {
		group := kmsg.NewOffsetFetchResponseGroup()
		group.Group = fmt.Sprintf("group-%03d", g)
		folded[group.Group] = &commits{}
		for t := range 10 {
			topic := kmsg.NewOffsetFetchResponseGroupTopic()
			topic.Topic = fmt.Sprintf("topic-with-a-usual-name-%03d", (g+t)%50)
			for p := range int32(partitions) {
				topic.Partitions = append(topic.Partitions, answered(p, int64(p), 0))
			}
			group.Topics = append(group.Topics, topic)
		}
		answer.Groups = append(answer.Groups, group)
	}
	return encoded(&answer), folded
}

// Reading offsets again takes memory neither for a partition nor for a group: arrays are used again, names interned.
func TestFoldAllocatesNothingPerPartition(t *testing.T) {
	allocs := func(groups, partitions int) float64 {
		f := folder{names: newNamer(nil, nil, Shard{})}
		raw, folded := foldable(groups, partitions)
		return testing.AllocsPerRun(3, func() {
			err := f.groups(raw, func(raw []byte) *commits { return folded[string(raw)] }, func([]byte, sarama.KError) {})
			if err != nil {
				t.Fatal(err)
			}
		})
	}
	if small, large := allocs(5, 2), allocs(50, 200); large > small {
		t.Errorf("%v allocations for 100 group-partitions, %v for 100 000", small, large)
	}
}

// 500 groups with 200 partitions each.
func BenchmarkFold100kPartitions(b *testing.B) {
	f := folder{names: newNamer(nil, nil, Shard{})}
	raw, folded := foldable(500, 20)
	b.ReportAllocs()
	for b.Loop() {
		err := f.groups(raw, func(raw []byte) *commits { return folded[string(raw)] }, func([]byte, sarama.KError) {})
		if err != nil || len(folded["group-007"].partitions) != 200 {
			b.Fatal(err)
		}
	}
}
