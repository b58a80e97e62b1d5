package kafka

import (
	"cmp"
	"context"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
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
	conf     *sarama.Config // as it logged in
	conn     *conn
	versions map[int16]int16 // API key → newest version of the broker
	sent     int32           // requests of our own
	answer   []byte          // the memory of the last answer to one
	used     bool
}

// openSession connects, logs in and asks for the supported versions and the cluster, by limit at the latest; ending ctx closes the
// connection at once.
func openSession(
	ctx context.Context, base *sarama.Config, login *auth.Authenticator, watched *cluster, dial dialer, address string,
	limit time.Time,
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
		refused(login, &conf, err)
		return nil, cmp.Or(err, sarama.ErrNotConnected)
	}
	s := &session{broker: b, conf: &conf, conn: c, versions: map[int16]int16{}}
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
	said, err := s.askCluster(conf.ClientID)
	if err != nil {
		err = fmt.Errorf("ask for the cluster: %w", err)
	} else {
		err = watched.check(said.id)
	}
	if err != nil {
		s.close()
		return nil, err
	}
	return s, nil
}

// refused tells the authenticator where a broker has refused its login.
func refused(login *auth.Authenticator, conf *sarama.Config, err error) {
	if errors.Is(err, sarama.ErrSASLAuthenticationFailed) {
		login.Refused(conf)
	}
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

// requestHeader begins a request of our own with the header that all versions share. The first four bytes are left for its
// size.
func requestHeader(key, version int16, correlation int32, clientID string) []byte {
	b := make([]byte, 4, 64)
	b = binary.BigEndian.AppendUint16(b, uint16(key))
	b = binary.BigEndian.AppendUint16(b, uint16(version))
	b = binary.BigEndian.AppendUint32(b, uint32(correlation))
	b = binary.BigEndian.AppendUint16(b, uint16(len(clientID)))
	return append(b, clientID...)
}

// exchange sends a request of our own making over sarama's connection, on which nothing else is under way, and returns
// the answer after its correlation ID, valid until the next one. Errors leave the connection unusable.
func (s *session) exchange(request []byte) ([]byte, error) {
	if err := s.conn.SetDeadline(time.Now().Add(exchangeTimeout)); err != nil {
		return nil, err
	}
	if _, err := s.conn.Write(request); err != nil {
		return nil, err
	}
	var head [8]byte
	if _, err := io.ReadFull(s.conn, head[:]); err != nil {
		return nil, err
	}
	size := int32(binary.BigEndian.Uint32(head[:]))
	n := int(size) - 4 // conn has checked it, and the correlation ID
	if cap(s.answer) < n {
		s.answer = make([]byte, n)
	}
	_, err := io.ReadFull(s.conn, s.answer[:n])
	return s.answer[:n], err
}
