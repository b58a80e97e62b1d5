package demo

import (
	"encoding/binary"
	"errors"
	"time"
)

// Message is what flows through the topics: one order, trip or payment on its way.
type Message struct {
	// ID is the correlation id that a message keeps through all stages.
	ID uint64
	// Kind is the index of its event in the service's mix.
	Kind uint8
	// Born is when the first stage produced it.
	Born time.Time
}

const messageSize = 17

var errForeignMessage = errors.New("not a message of the demo")

// encode appends the message's wire form.
func (m Message) encode(dst []byte) []byte {
	dst = binary.BigEndian.AppendUint64(dst, m.ID)
	dst = append(dst, m.Kind)
	return binary.BigEndian.AppendUint64(dst, uint64(m.Born.UnixNano()))
}

func decodeMessage(raw []byte) (Message, error) {
	if len(raw) != messageSize {
		return Message{}, errForeignMessage
	}
	return Message{
		ID:   binary.BigEndian.Uint64(raw),
		Kind: raw[8],
		Born: time.Unix(0, int64(binary.BigEndian.Uint64(raw[9:]))),
	}, nil
}
