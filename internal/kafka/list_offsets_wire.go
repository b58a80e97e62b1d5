package kafka

import (
	"encoding/binary"
	"slices"

	"github.com/IBM/sarama"
)

// A ListOffsets is written and read here, since sarama leaves out what fences it: the leader epoch that the offsets are
// wanted of (KIP-320). A broker that still takes itself for the leader refuses a newer epoch than it knows of, and the
// leader refuses an older one than its own. Brokers before Kafka 2.1 are asked through sarama.
const (
	listOffsetsFenced  = 4 // the first version with an epoch
	listOffsetsVersion = 5 // the last one before the flexible ones
)

// foundOffset is what was answered about one partition.
type foundOffset struct {
	code      sarama.KError
	offset    int64
	timestamp int64 // of the message there, in milliseconds; -1: not told
}

// noAnswer stands for a partition that an answer does not name.
var noAnswer = foundOffset{code: sarama.ErrUnknown, offset: -1, timestamp: -1}

// offsetQuestion is one ListOffsets request.
type offsetQuestion struct {
	shares    []share
	timestamp int64 // for the shares without their own
	isolation sarama.IsolationLevel
}

func (q *offsetQuestion) at(sh *share, i int) int64 {
	if sh.at != nil {
		return sh.at[i]
	}
	return q.timestamp
}

// listOffsets prepares the question for a call on the session. The answer has a list for each share, in the order of its
// partitions.
func (s *Sampler) listOffsets(ses *session, q offsetQuestion) func(*sarama.Broker) ([][]foundOffset, error) {
	version := min(s.versions.listOffsets, ses.versions[keyListOffsets], listOffsetsVersion)
	if version < listOffsetsFenced {
		return func(b *sarama.Broker) ([][]foundOffset, error) {
			answer, err := b.GetAvailableOffsets(s.offsetRequest(q))
			if err != nil {
				return nil, err
			}
			return q.of(answer), nil
		}
	}
	ses.sent++
	request := q.request(s.cfg.ClientID, version, ses.sent)
	return func(*sarama.Broker) ([][]foundOffset, error) {
		raw, err := ses.exchange(request)
		if err != nil {
			return nil, err
		}
		return q.parse(raw)
	}
}

// request writes the question for version 4 or 5.
func (q *offsetQuestion) request(clientID string, version int16, correlation int32) []byte {
	b := requestHeader(keyListOffsets, version, correlation, clientID)
	b = binary.BigEndian.AppendUint32(b, 1<<32-1) // no replica
	b = append(b, byte(q.isolation))
	b = binary.BigEndian.AppendUint32(b, uint32(len(q.shares)))
	for i := range q.shares {
		sh := &q.shares[i]
		b = binary.BigEndian.AppendUint16(b, uint16(len(sh.topic.raw)))
		b = append(b, sh.topic.raw...)
		b = slices.Grow(b, 16*len(sh.partitions)+4)
		b = binary.BigEndian.AppendUint32(b, uint32(len(sh.partitions)))
		for j, p := range sh.partitions {
			b = binary.BigEndian.AppendUint32(b, uint32(p))
			b = binary.BigEndian.AppendUint32(b, uint32(sh.topic.epoch(p)))
			b = binary.BigEndian.AppendUint64(b, uint64(q.at(sh, j)))
		}
	}
	binary.BigEndian.PutUint32(b, uint32(len(b)-4))
	return b
}

// empty is the answer that says nothing.
func (q *offsetQuestion) empty() [][]foundOffset {
	out := make([][]foundOffset, len(q.shares))
	for i := range q.shares {
		out[i] = slices.Repeat([]foundOffset{noAnswer}, len(q.shares[i].partitions))
	}
	return out
}

// parse reads an answer of version 4 or 5. What was not asked is passed over.
func (q *offsetQuestion) parse(raw []byte) ([][]foundOffset, error) {
	out, index := q.empty(), make(map[string]int, len(q.shares))
	for i := range q.shares {
		index[q.shares[i].topic.raw] = i
	}
	w := wire{data: raw}
	w.int32() // throttled for
	for range w.count(2 + 4) {
		i, asked := index[w.string()]
		for range w.count(4 + 2 + 8 + 8 + 4) {
			partition := w.int32()
			found := foundOffset{code: sarama.KError(w.int16()), timestamp: w.int64(), offset: w.int64()}
			w.int32() // the epoch of that offset
			if w.bad || !asked {
				continue
			}
			if j, ok := slices.BinarySearch(q.shares[i].partitions, partition); ok {
				out[i][j] = found
			}
		}
	}
	if w.bad {
		return nil, sarama.PacketDecodingError{Info: "an answer to ListOffsets that ends too early"}
	}
	return out, nil
}

// of reads an answer that sarama has read.
func (q *offsetQuestion) of(answer *sarama.OffsetResponse) [][]foundOffset {
	out := q.empty()
	for i := range q.shares {
		blocks := answer.Blocks[q.shares[i].topic.raw]
		for j, p := range q.shares[i].partitions {
			if b := blocks[p]; b != nil {
				out[i][j] = foundOffset{code: b.Err, offset: b.Offset, timestamp: b.Timestamp}
			}
		}
	}
	return out
}

func (s *Sampler) offsetRequest(q offsetQuestion) *sarama.OffsetRequest {
	r := sarama.NewOffsetRequest(s.version)
	r.IsolationLevel = q.isolation
	for i := range q.shares {
		sh := &q.shares[i]
		for j, p := range sh.partitions {
			r.AddBlock(sh.topic.raw, p, q.at(sh, j), 1)
		}
	}
	return r
}
