package kafka

import (
	"encoding/binary"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/IBM/sarama"
)

// conn lies beneath sarama. It caps the deadlines that sarama sets, which knows only fixed timeouts: each call gets what
// is left of its wave. And it checks the head of every answer before sarama makes room for it, since sarama makes room for
// whatever length it is told.
type conn struct {
	net.Conn             // encrypted where the settings say so
	raw      net.Conn    // beneath it
	release  func() bool // ends the tie to the lane's life

	mu     sync.Mutex
	limit  time.Time
	asked  requestHead // the request under way; there is never more than one
	broken error       // set by the first bad answer; nothing is sent or read after it

	// Of the answer that is being read; used by Read alone.
	head     [headSize]byte
	got      int // bytes of the head read
	given    int // bytes of the head handed on
	rest     int // bytes of the body that are still to come
	answered bool
}

// headSize is the size of what is checked of a message: its length, and in an answer the correlation ID.
const headSize = 8

// requestHead is what a request says about the answer.
type requestHead struct{ api, correlation int32 }

// maxAnswer is the largest answer that an API may claim. Those that open a connection are short; a port that is not Kafka
// is found out by them, whatever it sends. What is too large is asked for in parts.
func maxAnswer(api int32) int32 {
	switch api {
	case keyAPIVersions, keySASLHandshake, keySASLAuthenticate:
		return 256 << 10
	case keyDescribeShare, keyDescribeStreams, keyShareOffsets: // kmsg makes room for what an answer claims to hold
		return 16 << 20
	}
	return sarama.MaxResponseSize
}

// frameError says that an answer's first bytes are not those of an answer to the request.
type frameError struct {
	first bool // the first answer of the connection
	head  [headSize]byte
	asked requestHead
}

// tooLarge reports whether the answer is the right one and larger than can be read.
func (e frameError) tooLarge() bool {
	return !e.first && int32(binary.BigEndian.Uint32(e.head[:])) > maxAnswer(e.asked.api) &&
		int32(binary.BigEndian.Uint32(e.head[4:])) == e.asked.correlation
}

func (e frameError) Error() string {
	if e.tooLarge() {
		return fmt.Sprintf("an answer of %d bytes, more than the %d that are read", binary.BigEndian.Uint32(e.head[:]),
			maxAnswer(e.asked.api))
	}
	if !e.first {
		return fmt.Sprintf("an answer of %d bytes to request %d instead of %d", binary.BigEndian.Uint32(e.head[:]),
			binary.BigEndian.Uint32(e.head[4:]), e.asked.correlation)
	}
	if e.head[1] == 3 && (e.head[0] == 0x15 || e.head[0] == 0x16) { // the head of a TLS record
		return "the port does not speak Kafka without TLS; turn TLS on with --tls.enabled"
	}
	return fmt.Sprintf("the port does not speak Kafka, it answered %q; give the address of a broker", e.head)
}

// Write sends a request; sarama and this package write each in one piece.
func (c *conn) Write(b []byte) (int, error) {
	c.mu.Lock()
	err := c.broken
	if len(b) >= 12 {
		c.asked = requestHead{int32(binary.BigEndian.Uint16(b[4:])), int32(binary.BigEndian.Uint32(b[8:]))}
	}
	c.mu.Unlock()
	if err != nil { // a login must not be sent to what is not a broker
		return 0, err
	}
	return c.Conn.Write(b)
}

// Read reads an answer, whose head it keeps back until it is complete and right.
func (c *conn) Read(b []byte) (int, error) {
	if c.rest == 0 && c.given == headSize {
		c.got, c.given = 0, 0
	}
	for c.got < headSize {
		n, err := c.Conn.Read(c.head[c.got:])
		if c.got += n; c.got == headSize {
			break
		}
		if err != nil {
			return 0, err
		}
	}
	if c.given == 0 {
		if err := c.check(); err != nil {
			return 0, err
		}
	}
	if c.given < headSize {
		n := copy(b, c.head[c.given:])
		c.given += n
		return n, nil
	}
	n, err := c.Conn.Read(b[:min(len(b), c.rest)])
	c.rest -= n
	return n, err
}

// check reads the head.
func (c *conn) check() error {
	size, correlation := int32(binary.BigEndian.Uint32(c.head[:])), int32(binary.BigEndian.Uint32(c.head[4:]))
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.broken == nil && (size < 4 || size > maxAnswer(c.asked.api) || correlation != c.asked.correlation) {
		c.broken = frameError{!c.answered, c.head, c.asked}
	}
	c.answered, c.rest = true, int(size)-4
	return c.broken
}

// Close does not take leave of the other side, which might not listen.
func (c *conn) Close() error {
	c.release()
	return c.raw.Close()
}

// limitTo sets the time no read or write may go beyond; zero removes the cap.
func (c *conn) limitTo(t time.Time) {
	c.mu.Lock()
	c.limit = t
	c.mu.Unlock()
}

func (c *conn) capped(t time.Time) time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.limit.IsZero() && (t.IsZero() || t.After(c.limit)) {
		return c.limit
	}
	return t
}

func (c *conn) SetDeadline(t time.Time) error      { return c.Conn.SetDeadline(c.capped(t)) }
func (c *conn) SetReadDeadline(t time.Time) error  { return c.Conn.SetReadDeadline(c.capped(t)) }
func (c *conn) SetWriteDeadline(t time.Time) error { return c.Conn.SetWriteDeadline(c.capped(t)) }

// dialFunc makes a function a dialer for sarama.
type dialFunc func(network, address string) (net.Conn, error)

func (f dialFunc) Dial(network, address string) (net.Conn, error) { return f(network, address) }
