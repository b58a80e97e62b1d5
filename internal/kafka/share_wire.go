package kafka

import (
	"cmp"
	"encoding/binary"
	"slices"
	"strings"

	"github.com/IBM/sarama"

	"kafka_burndown_exporter/internal/lag"
)

// The answer to a DescribeShareGroupOffsets is read here and not by kmsg, which makes room for whatever an answer claims
// to hold.

// shareLagVersion is the version from which on the answer tells the lag (KIP-1226, Kafka 4.2).
const shareLagVersion = 1

// shareOffset is what a coordinator says of one partition of a share group.
type shareOffset struct {
	partition int32
	start     int64 // the first offset that is not done, -1: nothing is initialised
	lag       int64 // records that are not done, -1: not told
	code      sarama.KError
	reached   int64 // the position that was made of it
	since     int64 // the end when members were first seen, while it is not initialised
}

// shareTopic is one admitted topic of an answer, its partitions in order.
type shareTopic struct {
	name
	offsets []shareOffset
}

// The least bytes of an answer's parts.
const (
	leastShareGroup     = 6
	leastShareTopic     = 19
	leastSharePartition = 28
)

// readShareOffsets reads what an answer of version 1, as it follows the correlation ID, says of one group. A group that
// the answer does not name has the code of an unknown error.
func readShareOffsets(raw []byte, group string, names *namer) ([]shareTopic, sarama.KError, error) {
	r := offsetReader{b: raw}
	r.tags()
	r.take(4) // throttled for
	var topics []shareTopic
	code := sarama.ErrUnknown
	for range r.count(leastShareGroup) {
		id := string(r.text())
		of := readShareTopics(&r, names)
		c := r.code()
		r.text() // message
		r.tags()
		if id == group {
			topics, code = of, c
		}
	}
	if r.tags(); r.broken {
		return nil, sarama.ErrUnknown, sarama.PacketDecodingError{Info: "an answer to DescribeShareGroupOffsets that ends too early"}
	}
	slices.SortStableFunc(topics, func(a, b shareTopic) int {
		return cmp.Or(strings.Compare(a.text, b.text), strings.Compare(a.raw, b.raw))
	})
	// Of two raw names that are the same valid one the first counts.
	topics = slices.CompactFunc(topics, func(a, b shareTopic) bool { return a.text == b.text })
	return topics, code, nil
}

func readShareTopics(r *offsetReader, names *namer) (topics []shareTopic) {
	for range r.count(leastShareTopic) {
		t := shareTopic{name: names.ofBytes(r.text())}
		r.take(16) // topic ID
		for range r.count(leastSharePartition) {
			b := r.take(24) // partition, start, leader epoch, lag
			code := r.code()
			r.text() // message
			r.tags()
			if r.broken {
				return nil
			}
			o := shareOffset{
				partition: int32(binary.BigEndian.Uint32(b)), start: int64(binary.BigEndian.Uint64(b[4:])),
				lag: int64(binary.BigEndian.Uint64(b[16:])), code: code,
				reached: lag.NoOffset, since: lag.NoOffset,
			}
			if o.partition >= 0 && o.partition < maxPartition {
				t.offsets = append(t.offsets, o)
			}
		}
		r.tags()
		if !t.admitted || len(t.offsets) == 0 {
			continue
		}
		slices.SortStableFunc(t.offsets, func(a, b shareOffset) int { return cmp.Compare(a.partition, b.partition) })
		t.offsets = slices.CompactFunc(t.offsets, func(a, b shareOffset) bool { return a.partition == b.partition })
		topics = append(topics, t)
	}
	return topics
}
