package kafka

import (
	"cmp"
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/IBM/sarama"

	"kafka_burndown_exporter/internal/kafka/auth"
)

const (
	dialTimeout = 3 * time.Second
	// openTimeout bounds dialling, TLS and login together. Nothing in a wave waits that long: a connection that opens
	// slowly is used by a later wave.
	openTimeout = 10 * time.Second
	// exchangeTimeout is for a wave without a deadline.
	exchangeTimeout = 30 * time.Second
)

// session is one open connection to one broker, with what the broker supports. It is used by one call at a time.
type session struct {
	broker   *sarama.Broker
	conn     *conn
	versions map[int16]int16 // API key → newest version of the broker
	sent     int32           // requests of our own
	answer   []byte          // the memory of the last answer to one
	used     bool
}

// openSession connects, logs in and asks for the supported versions, by limit at the latest; ending ctx closes the
// connection at once.
func openSession(
	ctx context.Context, base *sarama.Config, login *auth.Authenticator, dial dialer, address string, limit time.Time,
) (*session, error) {
	conf := *base
	if err := login.Configure(&conf); err != nil {
		return nil, err
	}
	dialCtx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	raw, err := dial(dialCtx, "tcp", address)
	if err != nil {
		return nil, err
	}
	c := &conn{Conn: raw, raw: raw, limit: limit}
	if conf.Net.TLS.Enable { // not sarama's to do: requests of our own go the same way
		c.Conn = tls.Client(raw, withServerName(conf.Net.TLS.Config, address))
		conf.Net.TLS.Enable = false
	}
	c.release = context.AfterFunc(ctx, func() { _ = raw.Close() })
	// sarama's reads and writes set deadlines of their own, a handshake of TLS or Kerberos beneath them none.
	if err := c.SetDeadline(limit); err != nil {
		_ = c.Close()
		return nil, err
	}
	conf.Net.Proxy.Enable = true
	conf.Net.Proxy.Dialer = dialFunc(func(string, string) (net.Conn, error) { return c, nil })
	b := sarama.NewBroker(address)
	if err := b.Open(&conf); err != nil {
		_ = c.Close()
		return nil, err
	}
	if ok, err := b.Connected(); !ok { // it waits for Open to end
		_ = c.Close()
		return nil, cmp.Or(err, error(sarama.ErrNotConnected))
	}
	s := &session{broker: b, conn: c, versions: map[int16]int16{}}
	answer, err := b.ApiVersions(&sarama.ApiVersionsRequest{})
	if err == nil && answer.ErrorCode != 0 {
		err = sarama.KError(answer.ErrorCode)
	}
	if err != nil {
		s.close()
		return nil, fmt.Errorf("ask for the supported versions: %w", err)
	}
	for _, k := range answer.ApiKeys {
		s.versions[k.ApiKey] = k.MaxVersion
	}
	return s, nil
}

// withServerName has the certificate of the address verified, where the settings name no other.
func withServerName(config *tls.Config, address string) *tls.Config {
	if host, _, err := net.SplitHostPort(address); err == nil && config.ServerName == "" {
		config = config.Clone()
		config.ServerName = host
	}
	return config
}

// close ends the connection without waiting for a call in flight, which then fails.
func (s *session) close() {
	_ = s.conn.Close()
	go func() { _ = s.broker.Close() }()
}

// do runs fn on the session and returns when it is done or ctx has ended, whichever comes first. After a broken
// session nothing of a late answer reaches the caller.
func do[T any](ctx context.Context, s *session, fn func(*sarama.Broker) (T, error)) (T, error) {
	type answer struct {
		value T
		err   error
	}
	deadline, _ := ctx.Deadline()
	s.conn.limitTo(deadline)
	done := make(chan answer, 1)
	go func() {
		defer func() {
			if p := recover(); p != nil {
				done <- answer{err: fmt.Errorf("%w: %v", errPanic, p)}
			}
		}()
		v, err := fn(s.broker)
		done <- answer{v, err}
	}()
	select {
	case a := <-done:
		return a.value, a.err
	case <-ctx.Done():
		var none T
		return none, ctx.Err()
	}
}

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
