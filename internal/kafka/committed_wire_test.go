package kafka

import (
	"errors"
	"math/rand/v2"
	"testing"

	"github.com/IBM/sarama"
	"github.com/google/go-cmp/cmp"
	"github.com/twmb/franz-go/pkg/kmsg"

	"kafka_burndown_exporter/internal/lag"
)

// answered is one partition of an answer.
func answered(partition int32, offset int64, code sarama.KError) kmsg.OffsetFetchResponseGroupTopicPartition {
	p := kmsg.NewOffsetFetchResponseGroupTopicPartition()
	p.Partition, p.Offset, p.ErrorCode = partition, offset, int16(code)
	return p
}

// encoded is an answer as it follows its correlation ID, by another implementation of the protocol.
func encoded(answer *kmsg.OffsetFetchResponse) []byte {
	answer.Version = offsetFetchVersion
	return answer.AppendTo([]byte{0}) // the header's tags
}

func TestOffsetFetchRequest(t *testing.T) {
	var groups []*group
	want := kmsg.NewPtrOffsetFetchRequest()
	want.Version = offsetFetchVersion
	for _, name := range []string{"billing", "", "a group with a name of far more than the one hundred and twenty-seven " +
		"bytes that a length of a single byte can tell in the compact encoding of this protocol"} {
		groups = append(groups, &group{raw: name})
		g := kmsg.NewOffsetFetchRequestGroup()
		g.Group = name
		want.Groups = append(want.Groups, g)
	}
	raw := kmsg.NewRequestFormatter(kmsg.FormatterClientID("burndown")).AppendRequest(nil, want, 7)
	if diff := cmp.Diff(raw, offsetFetchRequest("burndown", 7, groups)); diff != "" {
		t.Error(diff)
	}
}

// fetched is what a folder makes of an answer, by group.
type fetched struct {
	Code   sarama.KError
	Topics []lag.TopicCommits
}

func fetchedFrom(raw []byte) (map[string]fetched, error) {
	f := folder{names: newNamer(nil, nil, Shard{})}
	groups, out := map[string]*commits{}, map[string]fetched{}
	err := f.groups(raw, func(raw []byte) *commits {
		c := &commits{}
		groups[string(raw)] = c
		return c
	}, func(raw []byte, code sarama.KError) {
		out[string(raw)] = fetched{code, groups[string(raw)].topics}
	})
	return out, err
}

// TestOffsetFetchAgainstSarama: whatever a broker can answer is read as the older way reads it.
func TestOffsetFetchAgainstSarama(t *testing.T) {
	codes := []sarama.KError{0, 0, 0, 0, sarama.ErrNotCoordinatorForConsumer, sarama.ErrGroupAuthorizationFailed}
	for seed := range uint64(200) {
		rnd := rand.New(rand.NewPCG(seed, 3))
		var answer kmsg.OffsetFetchResponse
		want := map[string]fetched{}
		old := folder{names: newNamer(nil, nil, Shard{})}
		for g := range rnd.IntN(5) {
			group := kmsg.NewOffsetFetchResponseGroup()
			group.Group = string(rune('a' + g))
			group.ErrorCode = int16(codes[rnd.IntN(len(codes))])
			bySarama := blocks{}
			for topic := range rnd.IntN(4) * int(1-min(group.ErrorCode, 1)) {
				one := kmsg.NewOffsetFetchResponseGroupTopic()
				one.Topic = []string{"orders", "payments", "with-\xff", "with-\xfe"}[topic]
				bySarama[one.Topic] = map[int32]*sarama.OffsetFetchResponseBlock{}
				span := []int{10, 300, 2_000_000}[rnd.IntN(3)]
				for range rnd.IntN(40) {
					p := answered(int32(rnd.IntN(span))-1, rnd.Int64N(100)-5, 0)
					if rnd.IntN(50) == 0 {
						p.ErrorCode = int16(sarama.ErrTopicAuthorizationFailed)
					}
					p.Metadata = []*string{nil, new(string), kmsg.StringPtr("by hand")}[rnd.IntN(3)]
					one.Partitions = append(one.Partitions, p)
					bySarama[one.Topic][p.Partition] = &sarama.OffsetFetchResponseBlock{Offset: p.Offset, Err: sarama.KError(p.ErrorCode)}
				}
				group.Topics = append(group.Topics, one)
			}
			rnd.Shuffle(len(group.Topics), func(i, j int) { group.Topics[i], group.Topics[j] = group.Topics[j], group.Topics[i] })
			answer.Groups = append(answer.Groups, group)
			var c commits
			code := sarama.KError(group.ErrorCode)
			if code == sarama.ErrNoError {
				code = old.fold(&c, bySarama)
			}
			want[group.Group] = fetched{code, c.topics}
		}
		got, err := fetchedFrom(encoded(&answer))
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("seed %d (-sarama +own):\n%s", seed, diff)
		}
	}
}

// A refused group's answer has no topics: those it had stay, so that what is held of them stays in the wave.
func TestRefusedGroupKeepsItsTopics(t *testing.T) {
	f := folder{names: newNamer(nil, nil, Shard{})}
	var c commits
	read := func(code sarama.KError, topics ...string) {
		group := kmsg.NewOffsetFetchResponseGroup()
		group.ErrorCode = int16(code)
		for _, name := range topics {
			topic := kmsg.NewOffsetFetchResponseGroupTopic()
			topic.Topic = name
			topic.Partitions = append(topic.Partitions, answered(0, 1, 0))
			group.Topics = append(group.Topics, topic)
		}
		raw := encoded(&kmsg.OffsetFetchResponse{Groups: []kmsg.OffsetFetchResponseGroup{group}})
		err := f.groups(raw, func([]byte) *commits { return &c }, func(_ []byte, got sarama.KError) {
			if got != code {
				t.Errorf("code %v, want %v", got, code)
			}
		})
		if err != nil {
			t.Error(err)
		}
	}
	read(sarama.ErrNoError, "orders")
	read(sarama.ErrNotCoordinatorForConsumer)
	if len(c.topics) != 1 {
		t.Errorf("after a refusal: %+v", c.topics)
	}
	read(sarama.ErrNoError)
	if len(c.topics) != 0 {
		t.Errorf("after an answer without commits: %+v", c.topics)
	}
}

// FuzzOffsetFetch: no answer makes the reader panic, hang or allocate beyond the answer, and one that is cut anywhere is
// refused.
func FuzzOffsetFetch(f *testing.F) {
	group := kmsg.NewOffsetFetchResponseGroup()
	group.Group = "billing"
	topic := kmsg.NewOffsetFetchResponseGroupTopic()
	topic.Topic = "orders"
	topic.Partitions = append(topic.Partitions, answered(3, 40, 0), answered(0, -1, 0))
	group.Topics = append(group.Topics, topic)
	f.Add(encoded(&kmsg.OffsetFetchResponse{Groups: []kmsg.OffsetFetchResponseGroup{group}}))
	f.Add([]byte{0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0x7f})
	f.Fuzz(func(t *testing.T, raw []byte) {
		got, err := fetchedFrom(raw)
		if err != nil {
			var decoding sarama.PacketDecodingError
			if !errors.As(err, &decoding) {
				t.Errorf("not an error of the answer: %v", err)
			}
			return
		}
		for id, g := range got {
			for _, topic := range g.Topics {
				for i, p := range topic.Partitions {
					if p < 0 || i > 0 && p <= topic.Partitions[i-1] {
						t.Errorf("%q %q: partitions %v", id, topic.Topic, topic.Partitions)
					}
				}
			}
		}
	})
}

func TestCutOffsetFetch(t *testing.T) {
	group := kmsg.NewOffsetFetchResponseGroup()
	group.Group = "billing"
	topic := kmsg.NewOffsetFetchResponseGroupTopic()
	topic.Topic = "orders"
	topic.Partitions = append(topic.Partitions, answered(0, 40, 0), answered(1, 41, 0))
	group.Topics = append(group.Topics, topic)
	raw := encoded(&kmsg.OffsetFetchResponse{Groups: []kmsg.OffsetFetchResponseGroup{group}})
	if _, err := fetchedFrom(raw); err != nil {
		t.Fatal(err)
	}
	for n := range raw {
		if got, err := fetchedFrom(raw[:n]); err == nil {
			t.Errorf("%d of %d bytes are taken for %+v", n, len(raw), got)
		}
	}
}
