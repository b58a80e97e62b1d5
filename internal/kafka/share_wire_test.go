package kafka

import (
	"cmp"
	"errors"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/IBM/sarama"
	gocmp "github.com/google/go-cmp/cmp"
	"github.com/twmb/franz-go/pkg/kmsg"

	"kafka_burndown_exporter/internal/lag"
)

// encodedShare is an answer as it follows its correlation ID, by another implementation of the protocol.
func encodedShare(answer *kmsg.DescribeShareGroupOffsetsResponse) []byte {
	answer.Version = shareLagVersion
	return answer.AppendTo([]byte{0}) // the header's tags
}

// shareAnswered is an answer about one group with one topic.
func shareAnswered(group, topic string, offsets ...shareOffset) *kmsg.DescribeShareGroupOffsetsResponse {
	g := kmsg.NewDescribeShareGroupOffsetsResponseGroup()
	g.GroupID = group
	t := kmsg.NewDescribeShareGroupOffsetsResponseGroupTopic()
	t.Topic = topic
	for _, o := range offsets {
		p := kmsg.NewDescribeShareGroupOffsetsResponseGroupTopicPartition()
		p.Partition, p.StartOffset, p.Lag, p.ErrorCode = o.partition, o.start, o.lag, int16(o.code)
		t.Partitions = append(t.Partitions, p)
	}
	g.Topics = append(g.Topics, t)
	return &kmsg.DescribeShareGroupOffsetsResponse{Groups: []kmsg.DescribeShareGroupOffsetsResponseGroup{g}}
}

// plainShare is a topic as the tests compare it.
type plainShare struct {
	Topic   string
	Offsets [][4]int64 // partition, start, lag, code
}

func plain(topics []shareTopic) (out []plainShare) {
	for _, t := range topics {
		p := plainShare{Topic: t.text}
		for _, o := range t.offsets {
			p.Offsets = append(p.Offsets, [4]int64{int64(o.partition), o.start, o.lag, int64(o.code)})
		}
		out = append(out, p)
	}
	return out
}

// TestShareOffsetsAgainstKmsg: whatever kmsg writes is read as it was.
func TestShareOffsetsAgainstKmsg(t *testing.T) {
	for seed := range uint64(200) {
		rnd := rand.New(rand.NewPCG(seed, 9))
		answer := &kmsg.DescribeShareGroupOffsetsResponse{}
		var want []plainShare
		code := sarama.ErrUnknown
		for _, id := range []string{"other", "g", "another"}[:1+rnd.IntN(3)] {
			g := kmsg.NewDescribeShareGroupOffsetsResponseGroup()
			g.GroupID = id
			g.ErrorCode = int16(rnd.IntN(2) * int(sarama.ErrNotCoordinatorForConsumer))
			g.ErrorMessage = []*string{nil, kmsg.StringPtr("x")}[rnd.IntN(2)]
			for _, name := range []string{"orders", "payments", "with-\xff"}[:rnd.IntN(4)] {
				one := kmsg.NewDescribeShareGroupOffsetsResponseGroupTopic()
				one.Topic = name
				topic := plainShare{Topic: map[string]string{"with-\xff": "with-\uFFFD"}[name]}
				topic.Topic = cmp.Or(topic.Topic, name)
				for _, partition := range rnd.Perm(300)[:rnd.IntN(150)] {
					p := kmsg.NewDescribeShareGroupOffsetsResponseGroupTopicPartition()
					p.Partition, p.StartOffset, p.Lag = int32(partition), rnd.Int64N(1000)-1, rnd.Int64N(1000)-1
					p.LeaderEpoch, p.ErrorCode = rnd.Int32(), int16(rnd.IntN(2)*29)
					p.ErrorMessage = []*string{nil, kmsg.StringPtr("no")}[rnd.IntN(2)]
					one.Partitions = append(one.Partitions, p)
					topic.Offsets = append(topic.Offsets, [4]int64{int64(p.Partition), p.StartOffset, p.Lag, int64(p.ErrorCode)})
				}
				g.Topics = append(g.Topics, one)
				slices.SortFunc(topic.Offsets, func(a, b [4]int64) int { return cmp.Compare(a[0], b[0]) })
				if id == "g" && len(topic.Offsets) > 0 {
					want = append(want, topic)
				}
			}
			if id == "g" {
				code = sarama.KError(g.ErrorCode)
			}
			rnd.Shuffle(len(g.Topics), func(i, j int) { g.Topics[i], g.Topics[j] = g.Topics[j], g.Topics[i] })
			answer.Groups = append(answer.Groups, g)
		}
		got, gotCode, err := readShareOffsets(encodedShare(answer), "g", newNamer(nil, nil, Shard{}))
		if err != nil || gotCode != code {
			t.Fatalf("seed %d: %v, %v, want %v", seed, err, gotCode, code)
		}
		if diff := gocmp.Diff(want, plain(got)); diff != "" {
			t.Fatalf("seed %d (-kmsg +own):\n%s", seed, diff)
		}
	}
}

func TestCutShareOffsets(t *testing.T) {
	raw := encodedShare(shareAnswered("g", "orders", shareOffset{partition: 0, start: 3, lag: 4}, shareOffset{partition: 1, start: -1, lag: -1}))
	names := newNamer(nil, nil, Shard{})
	if _, _, err := readShareOffsets(raw, "g", names); err != nil {
		t.Fatal(err)
	}
	for n := range raw {
		if got, _, err := readShareOffsets(raw[:n], "g", names); err == nil {
			t.Errorf("%d of %d bytes are taken for %+v", n, len(raw), got)
		}
	}
}

// FuzzShareOffsets: no answer makes the reader panic, hang or allocate beyond the answer.
func FuzzShareOffsets(f *testing.F) {
	f.Add(encodedShare(shareAnswered("g", "orders", shareOffset{partition: 1, start: 3, lag: 4}, shareOffset{partition: 0, start: -1, lag: -1})))
	f.Add([]byte{0, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0x7f})
	f.Fuzz(func(t *testing.T, raw []byte) {
		topics, _, err := readShareOffsets(raw, "g", newNamer(nil, nil, Shard{}))
		if err != nil {
			var decoding sarama.PacketDecodingError
			if !errors.As(err, &decoding) {
				t.Errorf("not an error of the answer: %v", err)
			}
			return
		}
		for i, topic := range topics {
			if i > 0 && topics[i-1].text >= topic.text {
				t.Errorf("topics %q, %q", topics[i-1].text, topic.text)
			}
			for j, o := range topic.offsets {
				if o.partition < 0 || j > 0 && o.partition <= topic.offsets[j-1].partition || o.reached != lag.NoOffset {
					t.Errorf("%+v", topic.offsets)
				}
			}
		}
	})
}

// FuzzOwnAnswers: descriptions that kmsg reads do not make it panic, whatever comes.
func FuzzOwnAnswers(f *testing.F) {
	share := kmsg.NewPtrShareGroupDescribeResponse()
	share.Version = 1
	group := kmsg.NewShareGroupDescribeResponseGroup()
	group.Members = append(group.Members, kmsg.NewShareGroupDescribeResponseGroupMember())
	share.Groups = append(share.Groups, group)
	f.Add(share.AppendTo([]byte{0}))
	streams := kmsg.NewPtrStreamsGroupDescribeResponse()
	streams.Version = 1
	streams.Groups = append(streams.Groups, streamsGroup())
	f.Add(streams.AppendTo([]byte{0}))
	f.Fuzz(func(t *testing.T, raw []byte) {
		s := &Sampler{topicNames: newNamer(nil, nil, Shard{}), topics: newTopicTable()}
		forShare, forStreams := kmsg.NewPtrShareGroupDescribeRequest(), kmsg.NewPtrStreamsGroupDescribeRequest()
		forShare.Version, forStreams.Version = 1, 1
		if a, err := decodeOwn[*kmsg.ShareGroupDescribeResponse](raw, forShare); err == nil {
			for i := range a.Groups {
				s.shareMembers(&a.Groups[i], t0)
			}
		}
		if a, err := decodeOwn[*kmsg.StreamsGroupDescribeResponse](raw, forStreams); err == nil {
			for i := range a.Groups {
				m, subs := s.streamsMembers(&a.Groups[i], t0)
				s.placeTasks(m, subs)
				if m.Tasks < 0 || len(m.Subtopology) != len(m.Topics) {
					t.Errorf("%+v", m)
				}
			}
		}
	})
}
