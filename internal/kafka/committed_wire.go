package kafka

import (
	"encoding/binary"
	"math"
	"slices"

	"github.com/IBM/sarama"
)

// An OffsetFetch of several groups (version 8, KIP-709) is written and read here. sarama's answer to it is a map of maps
// with an allocation for each partition, and reading that took longer than the broker took to make it: of all requests
// this is the one whose size is that of the cluster's commits.
const offsetFetchVersion = 8

// offsetAnswer is the answer to an OffsetFetch: of a version below, as sarama read it, or not read yet.
type offsetAnswer struct {
	read *sarama.OffsetFetchResponse
	raw  []byte
}

// fetchOffsets prepares the request for a call on the session.
func (s *session) fetchOffsets(clientID string, groups []*group) func(*sarama.Broker) (offsetAnswer, error) {
	s.sent++
	request := offsetFetchRequest(clientID, s.sent, groups)
	return func(*sarama.Broker) (offsetAnswer, error) {
		raw, err := s.exchange(request)
		return offsetAnswer{raw: raw}, err
	}
}

// offsetFetchRequest asks for the offsets of groups on all topics. Offsets of open transactions are not waited for.
func offsetFetchRequest(clientID string, correlation int32, groups []*group) []byte {
	b := requestHeader(keyOffsetFetch, offsetFetchVersion, correlation, clientID)
	b = append(slices.Grow(b, 64*len(groups)), 0) // tags
	b = binary.AppendUvarint(b, uint64(len(groups))+1)
	for _, g := range groups {
		b = binary.AppendUvarint(b, uint64(len(g.raw))+1)
		b = append(b, g.raw...)
		b = append(b, 0, 0) // all topics, tags
	}
	b = append(b, 0, 0) // not only stable offsets, tags
	binary.BigEndian.PutUint32(b, uint32(len(b)-4))
	return b
}

// offsetReader reads the answer to an OffsetFetch. After the first value that is not there all others are empty, and
// broken is set.
type offsetReader struct {
	b      []byte
	broken bool
}

func (r *offsetReader) take(n int) []byte {
	if r.broken || n < 0 || n > len(r.b) {
		r.b, r.broken = nil, true
		return nil
	}
	out := r.b[:n]
	r.b = r.b[n:]
	return out
}

func (r *offsetReader) code() sarama.KError {
	if b := r.take(2); b != nil {
		return sarama.KError(binary.BigEndian.Uint16(b))
	}
	return sarama.ErrUnknown
}

func (r *offsetReader) uvarint() int {
	if len(r.b) > 0 && r.b[0] < 0x80 { // nearly always
		v := r.b[0]
		r.b = r.b[1:]
		return int(v)
	}
	v, n := binary.Uvarint(r.b)
	if n <= 0 || v > math.MaxInt32 {
		r.b, r.broken = nil, true
		return 0
	}
	r.b = r.b[n:]
	return int(v)
}

// count is the length of an array whose elements have at least so many bytes; 0 where there is no array.
func (r *offsetReader) count(least int) int {
	n := r.uvarint() - 1
	if n > len(r.b)/least {
		r.b, r.broken = nil, true
		return 0
	}
	return max(n, 0)
}

// text is a string, empty where there is none.
func (r *offsetReader) text() []byte {
	if n := r.uvarint(); n > 1 {
		return r.take(n - 1)
	}
	return nil
}

func (r *offsetReader) tags() {
	for n := r.uvarint(); n > 0 && !r.broken; n-- {
		r.uvarint()
		r.take(r.uvarint())
	}
}

// The least bytes of an answer's parts.
const (
	leastGroup     = 5
	leastTopic     = 3
	leastPartition = 20
)

// groups reads an answer group by group: into says where a group's commits go, nil for one that was not asked about. The
// error is that of an answer that is not one.
func (f *folder) groups(answer []byte, into func(raw []byte) *commits, done func(raw []byte, code sarama.KError)) error {
	r := offsetReader{b: answer}
	r.tags()
	r.take(4) // throttled for
	for range r.count(leastGroup) {
		raw := r.text()
		c := into(raw)
		if c == nil {
			c = &f.nobodys
		}
		topics, failed := r.count(leastTopic), sarama.ErrNoError
		if topics > 0 {
			failed = f.group(&r, topics, c)
		}
		code := r.code()
		r.tags()
		if r.broken {
			break
		}
		if code == sarama.ErrNoError {
			if code = failed; topics == 0 { // a refused group keeps the names of its topics
				c.clear()
			}
		}
		done(raw, code)
	}
	if r.tags(); r.broken {
		return sarama.PacketDecodingError{Info: "an answer to OffsetFetch that ends too early"}
	}
	return nil
}

// group reads one group's topics.
func (f *folder) group(r *offsetReader, topics int, c *commits) sarama.KError {
	f.begin(c)
	for range topics {
		n := f.names.ofBytes(r.text())
		f.read = f.read[:0]
		for range r.count(leastPartition) {
			b := r.take(16) // partition, offset, leader epoch
			r.text()        // metadata
			code := r.code()
			r.tags()
			if r.broken {
				return sarama.ErrUnknown
			}
			f.read = append(f.read, commit{
				partition: int32(binary.BigEndian.Uint32(b)), code: code, offset: int64(binary.BigEndian.Uint64(b[4:])),
			})
		}
		r.tags()
		f.topic(c, n)
	}
	return f.finish(c)
}
