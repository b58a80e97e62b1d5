package kafka

import (
	"slices"
	"strings"

	"github.com/IBM/sarama"

	"kafka_burndown_exporter/internal/lag"
)

// maxPartition bounds what is believed of a partition number.
const maxPartition = 1 << 20

// topic is what is remembered of one topic between waves, and its sample in this wave.
type topic struct {
	name, raw  string
	id         sarama.Uuid
	own        bool // its series are published by this shard
	needed     bool // its ends are wanted in this wave
	stable     bool // a read-committed group needs its last stable offsets
	missing    bool // from the newest metadata, and not known to be gone
	forbidden  bool // missing because the user has no right to see it any more
	timestamps timestampType
	parts      []partition
	sample     []lag.PartitionSample
}

// partition is what is remembered of one partition between waves.
type partition struct {
	leader, preferred, replicas, inSync int32
	epoch                               int32 // of the leader; -1: not known
	start, lastEnd                      int64
	floor                               int64 // the end as read before share groups were, in the wave floorWave
	floorWave                           uint64
	seeded                              bool // the time query of a partition seen for the first time was answered
	seedTries                           uint8
}

func newPartition() partition {
	return partition{leader: -1, preferred: -1, replicas: -1, inSync: -1, epoch: -1, start: lag.NoOffset, lastEnd: lag.NoOffset}
}

// epoch is the leader epoch of a partition as far as it is known, else -1.
func (t *topic) epoch(partition int32) int32 {
	if int(partition) < len(t.parts) {
		return t.parts[partition].epoch
	}
	return -1
}

// update takes over what metadata says, and reports whether that is older than what is known of a partition: epochs never
// go back, and what comes of an older one is not taken. A new ID is a new topic under an old name: what was known of its
// offsets is not true of it.
func (t *topic) update(m *sarama.TopicMetadata, epochs bool) (old bool) {
	same := false
	if none := (sarama.Uuid{}); m.Uuid != none { // brokers below Kafka 2.8, during an upgrade too, do not tell
		if m.Uuid != t.id && t.id != none {
			t.parts, t.timestamps = t.parts[:0], timestampType{}
			t.resetSample()
		}
		same = m.Uuid == t.id
		t.id = m.Uuid
	}
	size := 0
	for _, p := range m.Partitions {
		if p != nil && p.ID >= 0 && p.ID < maxPartition {
			size = max(size, int(p.ID)+1)
		}
	}
	if size == 0 && m.Err != sarama.ErrNoError {
		for i := range t.parts {
			t.parts[i].leader = -1 // what it is made of is not known now, that it exists is
		}
		return false
	}
	if same {
		size, old = max(size, len(t.parts)), size < len(t.parts) // a topic does not lose partitions
	}
	t.parts = t.parts[:min(len(t.parts), size)]
	for len(t.parts) < size {
		t.parts = append(t.parts, newPartition())
	}
	for _, p := range m.Partitions {
		if p == nil || p.ID < 0 || p.ID >= maxPartition {
			continue
		}
		q, epoch := &t.parts[p.ID], int32(-1)
		if epochs {
			epoch = p.LeaderEpoch
		}
		if same && epoch >= 0 && epoch < q.epoch {
			old = true
			continue
		}
		q.epoch = epoch
		q.leader, q.replicas, q.inSync, q.preferred = p.Leader, int32(len(p.Replicas)), int32(len(p.Isr)), -1
		if len(p.Replicas) > 0 {
			q.preferred = p.Replicas[0]
		}
	}
	t.growSample()
	return old
}

// resetSample begins a wave.
func (t *topic) resetSample() {
	t.sample = t.sample[:0]
	t.growSample()
	t.refuseSample()
}

// refuseSample says of a topic that may not be seen that nothing can be known of it.
func (t *topic) refuseSample() {
	if !t.forbidden {
		return
	}
	for i := range t.parts {
		p := &t.parts[i]
		p.leader, p.preferred, p.replicas, p.inSync = -1, -1, -1, -1
		if t.sample[i].End < 0 {
			t.sample[i].Err = lag.ReasonAuthorization
		}
	}
}

// unread reports whether nothing of the topic was read in this wave.
func (t *topic) unread() bool {
	for i := range t.sample {
		if t.sample[i].End >= 0 {
			return false
		}
	}
	return true
}

func (t *topic) growSample() {
	t.sample = t.sample[:min(len(t.sample), len(t.parts))]
	for len(t.sample) < len(t.parts) {
		t.sample = append(t.sample, lag.PartitionSample{End: lag.NoOffset, Start: lag.NoOffset, StableEnd: lag.NoOffset})
	}
}

// topicTable holds the admitted topics of the newest metadata.
type topicTable struct {
	byName map[string]*topic
	sorted []*topic
	// asked remembers names and partition numbers that groups use and metadata does not have, so that it is not
	// refreshed for them again and again: name → largest partition number asked for.
	asked map[string]int32
}

func newTopicTable() *topicTable {
	return &topicTable{byName: map[string]*topic{}, asked: map[string]int32{}}
}

// apply takes over one answer that names all topics, and reports whether something in it is older than what is known. A
// topic that it lacks is missing until somebody has been asked about it.
func (tt *topicTable) apply(answer *sarama.MetadataResponse, names *namer) (old bool) {
	present := make(map[string]bool, len(answer.Topics))
	for _, m := range answer.Topics {
		if m == nil || m.Err == sarama.ErrUnknownTopicOrPartition || m.Err == sarama.ErrInvalidTopic {
			continue
		}
		n := names.of(m.Name)
		if !n.admitted || present[n.text] {
			continue
		}
		present[n.text] = true
		t := tt.byName[n.text]
		if t == nil {
			t = &topic{name: n.text, raw: strings.Clone(m.Name), own: n.own}
			tt.byName[n.text] = t
			delete(tt.asked, n.text)
		}
		t.missing, t.forbidden = false, false
		old = t.update(m, hasEpochs(answer)) || old
	}
	tt.sorted = tt.sorted[:0]
	for n, t := range tt.byName {
		t.missing = !present[n]
		tt.sorted = append(tt.sorted, t)
	}
	slices.SortFunc(tt.sorted, func(a, b *topic) int { return strings.Compare(a.name, b.name) })
	return old
}

// missing are the topics that the newest metadata lacks, in order.
func (tt *topicTable) missing() (topics []*topic) {
	for _, t := range tt.sorted {
		if t.missing {
			topics = append(topics, t)
		}
	}
	return topics
}

// remove forgets a topic that is gone.
func (tt *topicTable) remove(t *topic) {
	delete(tt.byName, t.name)
	tt.sorted = slices.DeleteFunc(tt.sorted, func(other *topic) bool { return other == t })
}

// forgetAsked forgets the names without a topic that no group uses any more.
func (tt *topicTable) forgetAsked(used map[string]bool) {
	for name := range tt.asked {
		if tt.byName[name] == nil && !used[name] {
			delete(tt.asked, name)
		}
	}
}

// unasked reports whether metadata was not asked yet for a partition that it lacks, and notes that now it will be.
func (tt *topicTable) unasked(name string, partition int32) bool {
	last, ok := tt.asked[name]
	if ok && last >= partition {
		return false
	}
	tt.asked[name] = partition
	return true
}
