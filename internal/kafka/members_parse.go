package kafka

import "encoding/binary"

// wire reads the consumer protocol's primitives (ConsumerProtocolSubscription and ConsumerProtocolAssignment of the
// Kafka protocol). What lies behind the topics is left unread, so that newer versions and sloppy clients do no harm.
type wire struct {
	data []byte
	bad  bool
}

func (w *wire) bytes(n int) []byte {
	if w.bad || n < 0 || n > len(w.data) {
		w.bad = true
		return nil
	}
	b := w.data[:n]
	w.data = w.data[n:]
	return b
}

func (w *wire) int16() int16 {
	if b := w.bytes(2); b != nil {
		return int16(binary.BigEndian.Uint16(b))
	}
	return 0
}

func (w *wire) int32() int32 {
	if b := w.bytes(4); b != nil {
		return int32(binary.BigEndian.Uint32(b))
	}
	return 0
}

func (w *wire) string() string {
	n := w.int16()
	return string(w.bytes(int(n)))
}

// nullable reads a string that may be absent, which is an empty one here.
func (w *wire) nullable() string {
	if n := w.int16(); n != -1 {
		return string(w.bytes(int(n)))
	}
	return ""
}

// count reads the length of an array whose elements take at least size bytes each; -1 is an empty one.
func (w *wire) count(size int) int {
	n := int(w.int32())
	if n > len(w.data)/size {
		w.bad = true
	}
	if w.bad || n < 0 {
		return 0
	}
	return n
}

// parseSubscription returns the topics a member subscribes to, and whether they could be read in full.
func parseSubscription(data []byte) ([]string, bool) {
	w := wire{data: data}
	version := w.int16()
	var topics []string
	for range w.count(2) {
		topics = append(topics, w.string())
	}
	if w.bad || version < 0 {
		return nil, false
	}
	return topics, true
}

// holding is what a member holds of one topic.
type holding struct {
	topic      string
	partitions []int32
}

// parseAssignment returns what a member holds, and whether it could be read in full. A member without an assignment has an
// empty one.
func parseAssignment(data []byte) ([]holding, bool) {
	if len(data) == 0 {
		return nil, true
	}
	w := wire{data: data}
	version := w.int16()
	var held []holding
	for range w.count(6) {
		h := holding{topic: w.string()}
		for range w.count(4) {
			h.partitions = append(h.partitions, w.int32())
		}
		held = append(held, h)
	}
	if w.bad || version < 0 {
		return nil, false
	}
	return held, true
}
