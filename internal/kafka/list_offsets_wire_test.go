package kafka

import (
	"testing"

	"github.com/IBM/sarama"
	"github.com/google/go-cmp/cmp"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// question is one about two topics.
func question() offsetQuestion {
	orders := &topic{raw: "orders", parts: []partition{{epoch: 7}, {epoch: -1}, {epoch: 9}}}
	other := &topic{raw: "örders", parts: []partition{{epoch: 1}}}
	return offsetQuestion{
		shares: []share{
			{topic: orders, partitions: []int32{0, 2}, at: []int64{1000, 2000}},
			{topic: other, partitions: []int32{0}},
		},
		timestamp: latest, isolation: sarama.ReadCommitted,
	}
}

func TestListOffsetsRequest(t *testing.T) {
	q := question()
	for _, version := range []int16{4, 5} {
		b := q.request("client", version, 77)
		want := kmsg.NewPtrListOffsetsRequest()
		want.Version, want.ReplicaID, want.IsolationLevel = version, -1, 1
		add := func(topic string, partitions ...[3]int64) {
			rt := kmsg.NewListOffsetsRequestTopic()
			rt.Topic = topic
			for _, p := range partitions {
				rp := kmsg.NewListOffsetsRequestTopicPartition()
				rp.Partition, rp.CurrentLeaderEpoch, rp.Timestamp = int32(p[0]), int32(p[1]), p[2]
				rt.Partitions = append(rt.Partitions, rp)
			}
			want.Topics = append(want.Topics, rt)
		}
		add("orders", [3]int64{0, 7, 1000}, [3]int64{2, 9, 2000})
		add("örders", [3]int64{0, 1, -1})
		formatted := kmsg.NewRequestFormatter(kmsg.FormatterClientID("client")).AppendRequest(nil, want, 77)
		if diff := cmp.Diff(formatted, b); diff != "" {
			t.Errorf("version %d (-want +got):\n%s", version, diff)
		}
	}
}

func TestListOffsetsAnswer(t *testing.T) {
	answer := kmsg.NewPtrListOffsetsResponse()
	answer.Version = 5
	add := func(topic string, partition int32, code int16, offset, timestamp int64) {
		p := kmsg.NewListOffsetsResponseTopicPartition()
		p.Partition, p.ErrorCode, p.Offset, p.Timestamp = partition, code, offset, timestamp
		rt := kmsg.NewListOffsetsResponseTopic()
		rt.Topic, rt.Partitions = topic, append(rt.Partitions, p)
		answer.Topics = append(answer.Topics, rt)
	}
	add("nobody asked", 0, 0, 5, -1)
	add("örders", 0, 74, -1, -1)
	add("orders", 1, 0, 6, -1) // nor about this one
	add("orders", 2, 0, 40, 1999)
	q := question()
	raw := answer.AppendTo(nil)
	got, err := q.parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	want := [][]foundOffset{
		{noAnswer, {offset: 40, timestamp: 1999}},
		{{code: sarama.ErrFencedLeaderEpoch, offset: -1, timestamp: -1}},
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(foundOffset{})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for n := range raw {
		if _, err := q.parse(raw[:n]); err == nil {
			t.Fatalf("an answer of %d bytes of %d is read", n, len(raw))
		}
	}
}

func FuzzListOffsets(f *testing.F) {
	f.Add([]byte{})
	f.Add([]byte{0, 0, 0, 0, 0x7f, 0xff, 0xff, 0xff})
	f.Fuzz(func(t *testing.T, data []byte) {
		q := question()
		if got, err := q.parse(data); err == nil && (len(got) != 2 || len(got[0]) != 2 || len(got[1]) != 1) {
			t.Errorf("%v", got)
		}
	})
}
