package exporter

import (
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"
)

// What one client, or all of them, can hold. Numbers are far above what scrapers, probes and browsers need.
const (
	readHeaderTimeout = 10 * time.Second
	bodyTimeout       = 10 * time.Second // nothing here takes a body, so one that comes is short
	writeTimeout      = 30 * time.Second // scrapes may say how long they wait
	profileTimeout    = 10 * time.Minute
	idleTimeout       = 3 * time.Minute
	maxConnections    = 256
	maxHeaderBytes    = 32 << 10
	maxStreams        = 32 // of one HTTP/2 connection
	receiveBuffer     = 64 << 10
	maxProfiles       = 4
	// cutAfter is how long an answer may take while others are turned away for want of a place.
	cutAfter = 2 * time.Second
)

// newHTTPServer is a server that no number of clients can fill.
func newHTTPServer(handler http.Handler, logger *slog.Logger) *http.Server {
	connections := &connections{max: maxConnections, open: map[net.Conn]int{}}
	return &http.Server{
		Handler: timed(handler), ReadHeaderTimeout: readHeaderTimeout, IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeaderBytes,
		HTTP2: &http.HTTP2Config{
			MaxConcurrentStreams: maxStreams, MaxReceiveBufferPerConnection: receiveBuffer, MaxReceiveBufferPerStream: receiveBuffer,
			WriteByteTimeout: writeTimeout,
		},
		ConnState: connections.changed,
		ErrorLog:  slog.NewLogLogger(logger.Handler(), slog.LevelWarn),
	}
}

// timed bounds how long a request's body and its answer take. A handler may set another time for its answer.
func timed(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rc, now := http.NewResponseController(w), time.Now()
		_ = rc.SetWriteDeadline(now.Add(writeTimeout)) // not supported: then there is none
		if r.ContentLength != 0 {
			_ = rc.SetReadDeadline(now.Add(bodyTimeout))
		}
		next.ServeHTTP(w, r)
	})
}

// unhurried is for answers that take as long as they were asked to.
func unhurried(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(profileTimeout))
		next.ServeHTTP(w, r)
	})
}

// budget is how many answers of a kind are made and sent at a time.
type budget struct {
	max int // 0: any number

	mu      sync.Mutex
	running []*visit // the oldest first
}

type visit struct {
	began   time.Time
	control *http.ResponseController
}

// limit answers 503 where there is no place. Readers who take their time make place for others, so that a few of them
// cannot keep everybody out.
func (b *budget) limit(next http.Handler) http.Handler {
	if b.max == 0 {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		v := b.enter(http.NewResponseController(w), time.Now())
		if v == nil {
			w.Header().Set("Retry-After", "1")
			http.Error(w, fmt.Sprintf("%d requests are being answered already (--web.max-requests), try again later.", b.max),
				http.StatusServiceUnavailable)
			return
		}
		defer b.leave(v)
		next.ServeHTTP(w, r)
	})
}

func (b *budget) enter(rc *http.ResponseController, now time.Time) *visit {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.running) >= b.max {
		oldest := b.running[0]
		if now.Sub(oldest.began) < cutAfter || oldest.control.SetWriteDeadline(time.Unix(1, 0)) != nil {
			return nil
		}
		b.running = b.running[1:]
	}
	v := &visit{now, rc}
	b.running = append(b.running, v)
	return v
}

func (b *budget) leave(v *visit) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.running = slices.DeleteFunc(b.running, func(x *visit) bool { return x == v })
}

// connections bounds how many there are. One that comes when all are taken takes the place of the one that has been
// without a request for longest; where all have one, it is closed.
type connections struct {
	max int

	mu    sync.Mutex
	open  map[net.Conn]int // since which change it is without a request; 0: it has one
	count int
}

func (c *connections) changed(conn net.Conn, state http.ConnState) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.count++
	switch state {
	case http.StateNew:
		c.open[conn] = c.count
		if len(c.open) > c.max {
			c.closeOne(conn)
		}
	case http.StateActive:
		if _, ok := c.open[conn]; ok {
			c.open[conn] = 0
		}
	case http.StateIdle:
		if _, ok := c.open[conn]; ok {
			c.open[conn] = c.count
		}
	default:
		delete(c.open, conn)
	}
}

func (c *connections) closeOne(newest net.Conn) {
	victim := newest
	for conn, since := range c.open {
		if since > 0 && since < c.open[victim] {
			victim = conn
		}
	}
	delete(c.open, victim)
	go victim.Close() // that of TLS may take seconds
}
