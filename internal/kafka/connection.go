package kafka

import (
	"context"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/IBM/sarama"

	"kafka_burndown_exporter/internal/kafka/auth"
)

type dialer = func(ctx context.Context, network, address string) (net.Conn, error)

// lane is one connection to one broker that is opened when it is needed, and closed and opened again after an error:
// sarama answers every call after a timeout with that same timeout, and keeps one request in flight per connection.
type lane struct {
	address, broker string // where it leads, and the broker's label
	conf            *sarama.Config
	login           *auth.Authenticator
	watched         *cluster
	dial            dialer
	stats           Stats
	// patience is how long a call waits for a connection that failed the last time, maxBackoff the longest pause
	// between two attempts to open it.
	patience, maxBackoff time.Duration

	standing *standing

	ctx    context.Context
	cancel context.CancelFunc
	turn   chan struct{} // holding its one token is the right to call

	mu       sync.Mutex
	session  *session
	opening  chan struct{} // closed when the attempt under way has ended; nil: none
	openErr  error
	failures int
	retryAt  time.Time
}

// standing is what the lanes of one broker know of it together.
type standing struct {
	troubled     atomic.Bool // one that cannot connect tells the others not to wait long
	reached      atomic.Bool // a connection to it has been open once
	wrongCluster atomic.Bool // the last one that connected found another cluster
}

func newLane(parent context.Context, address, broker string, standing *standing, env *laneEnv) *lane {
	ctx, cancel := context.WithCancel(parent)
	return &lane{
		address: address, broker: broker, conf: env.conf, login: env.login, watched: env.watched, dial: env.dial, stats: env.stats,
		patience: env.patience, maxBackoff: env.maxBackoff, standing: standing,
		ctx: ctx, cancel: cancel, turn: make(chan struct{}, 1),
	}
}

// laneEnv is what all lanes have in common.
type laneEnv struct {
	conf                 *sarama.Config
	login                *auth.Authenticator
	watched              *cluster
	dial                 dialer
	stats                Stats
	patience, maxBackoff time.Duration
}

// call runs one request on the lane. It returns when ctx ends at the latest. A connection that turns out to have been
// closed since its last use is opened again and the request repeated once: every request made here only reads.
func call[T any](ctx context.Context, l *lane, api string, fn func(*session) func(*sarama.Broker) (T, error)) (T, error) {
	var none T
	select {
	case l.turn <- struct{}{}:
		defer func() { <-l.turn }()
	case <-ctx.Done():
	}
	if err := ctx.Err(); err != nil { // the turn may have come at the same time
		return none, unsentError{err}
	}
	for {
		s, err := l.acquire(ctx)
		if err != nil {
			return none, connectError{err}
		}
		reused := s.used
		s.used = true
		l.stats.Request(api, l.broker)
		v, err := do(ctx, s, fn(s))
		if !breaksConnection(err) {
			l.healthy()
			return v, err
		}
		l.discard(s)
		if isTooLarge(err) { // nothing is wrong with the broker, and it would say so again
			return none, err
		}
		refused(l.login, s.conf, err) // sarama logs in again on the same connection
		if !reused || isTimeout(err) || ctx.Err() != nil {
			if ctx.Err() != context.Canceled { // given up by us: that says nothing about the broker
				l.failed()
			}
			return none, err
		}
	}
}

// acquire returns the open connection, opening it if need be.
func (l *lane) acquire(ctx context.Context) (*session, error) {
	l.mu.Lock()
	if l.session != nil {
		defer l.mu.Unlock()
		return l.session, nil
	}
	if l.opening == nil {
		if time.Now().Before(l.retryAt) {
			defer l.mu.Unlock()
			return nil, l.lastError()
		}
		l.opening = make(chan struct{})
		go l.open(l.opening)
	}
	opening, suspect := l.opening, l.failures > 0 || l.standing.troubled.Load()
	l.mu.Unlock()

	if suspect {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, l.patience)
		defer cancel()
	}
	select {
	case <-opening:
	case <-ctx.Done():
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.session != nil {
		return l.session, nil
	}
	l.standing.troubled.Store(true)
	if l.openErr == nil && !suspect && ctx.Err() != nil {
		return nil, ctx.Err()
	}
	return nil, l.lastError()
}

func (l *lane) lastError() error {
	if l.openErr != nil {
		return l.openErr
	}
	return errReconnecting
}

// open runs on its own: a slow login must not hold a wave up, and is not lost when a wave gives up on it.
func (l *lane) open(done chan struct{}) {
	s, err := openSession(l.ctx, l.conf, l.login, l.watched, l.dial, l.address, time.Now().Add(openTimeout))
	if err == nil {
		l.standing.reached.Store(true)
	} else {
		err = l.login.Explain(err, reason(err) == "connection_closed" && !l.standing.reached.Load())
	}
	l.mu.Lock()
	l.opening, l.session, l.openErr = nil, s, err
	l.mu.Unlock()
	if wrong := isWrongCluster(err); wrong || err == nil {
		l.standing.wrongCluster.Store(wrong)
	}
	if err != nil {
		l.failed()
	}
	if l.ctx.Err() != nil {
		l.shut()
	}
	close(done)
}

// shut ends the lane for good; calls in flight and later ones fail.
func (l *lane) shut() {
	l.cancel()
	l.mu.Lock()
	s := l.session
	l.session, l.openErr = nil, context.Canceled
	l.mu.Unlock()
	if s != nil {
		s.close()
	}
}

// discard closes a connection after an error.
func (l *lane) discard(s *session) {
	l.mu.Lock()
	if l.session == s {
		l.session, l.openErr = nil, nil
	}
	l.mu.Unlock()
	s.close()
}

func (l *lane) healthy() {
	l.mu.Lock()
	l.failures, l.retryAt = 0, time.Time{}
	l.mu.Unlock()
	l.standing.troubled.Store(false)
}

// failed notes a failure and when the next attempt may be made.
func (l *lane) failed() {
	l.mu.Lock()
	defer l.mu.Unlock()
	pause := l.maxBackoff
	if l.failures < 10 {
		pause = min(pause, 100*time.Millisecond<<l.failures)
	}
	l.failures++
	l.retryAt = time.Now().Add(pause)
}
