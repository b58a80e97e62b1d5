package kafka

import (
	"testing"

	"github.com/IBM/sarama"
)

// metadataOf is an answer of one topic with the leader epochs of its partitions, which names brokers.
func metadataOf(version int16, id byte, brokers []int32, epochs ...int32) *sarama.MetadataResponse {
	m := &sarama.TopicMetadata{Name: "orders", Uuid: sarama.Uuid{id}}
	for i, e := range epochs {
		m.Partitions = append(m.Partitions, &sarama.PartitionMetadata{ID: int32(i), Leader: e, LeaderEpoch: e})
	}
	answer := &sarama.MetadataResponse{Version: version, Topics: []*sarama.TopicMetadata{m}}
	for _, b := range brokers {
		answer.AddBroker("localhost:9092", b)
	}
	return answer
}

func TestNewest(t *testing.T) {
	all := []int32{0, 1, 2}
	for _, tt := range []struct {
		name    string
		answers []*sarama.MetadataResponse
		want    int
	}{
		{"one", []*sarama.MetadataResponse{metadataOf(11, 1, all, 4)}, 0},
		{"the first is as good as the others", []*sarama.MetadataResponse{
			metadataOf(11, 1, all, 4), metadataOf(11, 1, all, 4)}, 0},
		{"a later epoch", []*sarama.MetadataResponse{
			metadataOf(11, 1, all, 4, 4, 4), metadataOf(11, 1, all, 4, 4, 5), metadataOf(11, 1, all, 4, 4, 4)}, 1},
		{"more partitions", []*sarama.MetadataResponse{
			metadataOf(11, 1, all, 4, 4), metadataOf(11, 1, all, 4, 4, 0)}, 1},
		{"fewer partitions", []*sarama.MetadataResponse{
			metadataOf(11, 1, all, 4, 4, 0), metadataOf(11, 1, all, 4, 4)}, 0},
		{"the others do not know the first", []*sarama.MetadataResponse{
			metadataOf(11, 1, all, 4), metadataOf(11, 2, []int32{1, 2}, 0), metadataOf(11, 2, []int32{1, 2}, 0)}, 1},
		{"epochs are not told", []*sarama.MetadataResponse{metadataOf(6, 0, all, 4), metadataOf(6, 0, all, 5)}, 0},
	} {
		var answers []metadataAnswer
		for i, a := range tt.answers {
			answers = append(answers, metadataAnswer{int32(i), a})
		}
		if got := newest(answers); got != tt.answers[tt.want] {
			t.Errorf("%s: not answer %d", tt.name, tt.want)
		}
	}
}

// What comes of an older epoch is not taken, and a topic does not lose partitions; one that was created again is new. What
// most brokers contradict three times in a row was never true.
func TestEpochsDoNotGoBack(t *testing.T) {
	tp := &topic{name: "orders"}
	sure := false
	update := func(id byte, epochs ...int32) bool {
		return tp.update(metadataOf(11, id, nil, epochs...).Topics[0], true, sure)
	}
	leaders := func() (out []int32) {
		for _, p := range tp.parts {
			out = append(out, p.leader)
		}
		return out
	}
	for i, step := range []struct {
		id     byte
		epochs []int32
		old    bool
		want   []int32
		sure   bool
	}{
		{1, []int32{3, 3}, false, []int32{3, 3}, true},
		{1, []int32{4, 2}, true, []int32{4, 3}, true},
		{1, []int32{4}, true, []int32{4, 3}, true},
		{1, []int32{4, 3, 0}, false, []int32{4, 3, 0}, true},
		{2, []int32{0}, false, []int32{0}, true},
		{2, []int32{99, 98}, false, []int32{99, 98}, true},
		{2, []int32{1}, true, []int32{99, 98}, true},
		{2, []int32{1}, true, []int32{99, 98}, false},
		{2, []int32{1}, true, []int32{99, 98}, false},
		{2, []int32{1}, true, []int32{99, 98}, true},
		{2, []int32{1}, false, []int32{1}, true},
		{2, []int32{2}, false, []int32{2}, true},
		{2, []int32{1}, true, []int32{2}, true},
	} {
		sure = step.sure
		if old := update(step.id, step.epochs...); old != step.old {
			t.Errorf("step %d: old %t", i, old)
		}
		got := leaders()
		if len(got) != len(step.want) {
			t.Fatalf("step %d: leaders %v, want %v", i, got, step.want)
		}
		for j := range got {
			if got[j] != step.want[j] {
				t.Errorf("step %d: leaders %v, want %v", i, got, step.want)
			}
		}
	}
}
