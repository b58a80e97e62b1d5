package kafka

import (
	"errors"
	"time"

	"github.com/IBM/sarama"
)

// fetchShape is how committed offsets are asked for. Systems that speak Kafka's protocol may advertise a version and refuse
// what it allows: several groups in one request, or a group's offsets on all topics.
type fetchShape int

const (
	shapeBatch fetchShape = iota // several groups on all topics
	shapeGroup                   // one group on all topics
	shapeNamed                   // one group on topics by their names
)

// shapeRetry is after what time a broker is asked again in the shape that it refused.
const shapeRetry = 10 * time.Minute

// shape is how a broker is asked.
func (n *node) shape() fetchShape {
	if time.Since(n.refusedAt) > shapeRetry {
		n.refused = shapeBatch
	}
	return n.refused
}

// refuse notes that a broker wants another shape.
func (n *node) refuse(s fetchShape) {
	if s > n.refused {
		n.refused, n.refusedAt = s, time.Now()
	}
}

// errShape says that a broker refuses the shape of a request, with its code.
type errShape struct{ code sarama.KError }

func (e errShape) Error() string { return "asked for committed offsets in this way: " + e.code.Error() }
func (e errShape) Unwrap() error { return e.code }

func isShape(err error) bool {
	var shape errShape
	return errors.As(err, &shape)
}

// refusesShape reports whether a code tells of the request and not of the group.
func refusesShape(code sarama.KError) bool {
	switch code {
	case sarama.ErrUnknown, sarama.ErrUnsupportedVersion, sarama.ErrInvalidRequest:
		return true
	}
	return false
}

// refusedShape is the code with which an answer refuses all groups of a batch, ErrNoError where it does not.
func refusedShape(batch []*group, codes map[*group]sarama.KError) sarama.KError {
	first := sarama.ErrNoError
	for i, g := range batch {
		code, answered := codes[g]
		if !answered || !refusesShape(code) || i > 0 && code != first {
			return sarama.ErrNoError
		}
		first = code
	}
	return first
}

// fetchNamed asks for the offsets of one group on all topics that are known, by their names.
func (s *Sampler) fetchNamed(g *group) func(*sarama.Broker) (offsetAnswer, error) {
	partitions := map[string][]int32{}
	for _, t := range s.topics.sorted {
		for p := range t.parts {
			partitions[t.raw] = append(partitions[t.raw], int32(p))
		}
	}
	version := s.version
	if version.IsAtLeast(sarama.V3_0_0_0) { // from which on the request is another one
		version = sarama.V2_5_0_0
	}
	r := sarama.NewOffsetFetchRequest(version, g.raw, partitions)
	return func(b *sarama.Broker) (offsetAnswer, error) {
		answer, err := b.FetchOffset(r)
		return offsetAnswer{read: answer}, err
	}
}
