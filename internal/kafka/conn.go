package kafka

import (
	"net"
	"sync"
	"time"
)

// conn caps the deadlines that sarama sets on a connection. sarama knows only fixed timeouts; the cap gives each call
// what is left of its wave.
type conn struct {
	net.Conn             // encrypted where the settings say so
	raw      net.Conn    // beneath it
	release  func() bool // ends the tie to the lane's life

	mu    sync.Mutex
	limit time.Time
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
