package collector

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-kit/log"
	"github.com/go-kit/log/level"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/expfmt"

	"kafka_burndown_exporter/internal/lag"
)

const (
	// rememberFor is how long a format that was asked for is rendered ahead of the next scrape.
	rememberFor = 5 * time.Minute
	// defaultDeadline bounds an answer to a scraper that does not say how long it waits, maxDeadline to one that does.
	defaultDeadline = 30 * time.Second
	maxDeadline     = 10 * time.Minute
)

// HandlerOptions are what a Handler needs.
type HandlerOptions struct {
	Encoder *Encoder
	// Registry holds the exporter's own series; every answer ends with them.
	Registry *prometheus.Registry
	Self     *Self
	Logger   log.Logger
	// MaxRequests is how many scrapes are answered at a time; 0: any number.
	MaxRequests int
	Now         func() time.Time
}

// Handler serves the newest snapshot. Scrapes never wait for Kafka, and share its compressed bytes.
type Handler struct {
	HandlerOptions
	deflate compressor
	slots   chan struct{}
	asked   [numFormats]atomic.Int64 // when a format was last asked for, compressed (Unix seconds)

	current  atomic.Pointer[generation]
	publish  sync.Mutex
	previous *generation
}

// NewHandler returns a handler that has nothing to publish yet.
func NewHandler(o HandlerOptions) *Handler {
	h := &Handler{HandlerOptions: o}
	if o.MaxRequests > 0 {
		h.slots = make(chan struct{}, o.MaxRequests)
	}
	return h
}

// Publish makes s what scrapes get from now on, and renders it in the formats asked for lately. The snapshot before it
// may still be read; answers from the one before that are cut off, so that no more than two are alive.
func (h *Handler) Publish(s *lag.Snapshot) {
	h.publish.Lock()
	defer h.publish.Unlock()
	if h.previous != nil {
		if n := h.previous.cutOff(); n > 0 {
			level.Warn(h.Logger).Log("msg", "cut off scrapes that took longer than two samples", "scrapes", n)
		}
	}
	g := newGeneration(s)
	if h.previous = h.current.Swap(g); h.previous != nil && h.previous.retire() {
		h.previous = nil
	}
	h.Self.Published(s, h.Now())
	for f := range numFormats {
		if last := h.asked[f].Load(); last != 0 && h.Now().Sub(time.Unix(last, 0)) < rememberFor {
			if _, err := h.compressed(g, f); err != nil {
				level.Error(h.Logger).Log("msg", "cannot render the snapshot", "err", err)
			}
		}
	}
}

// Published reports whether there has been a snapshot, complete or not, since the start.
func (h *Handler) Published() bool { return h.current.Load() != nil }

// Snapshot returns the newest snapshot, nil before the first and after the end of its life.
func (h *Handler) Snapshot() *lag.Snapshot {
	if g := h.live(); g != nil {
		return g.snapshot
	}
	return nil
}

func (h *Handler) live() *generation {
	if g := h.current.Load(); g != nil && h.Now().Before(g.snapshot.Expires) {
		return g
	}
	return nil
}

// compressed renders a generation in a format once; who comes second waits for the first.
func (h *Handler) compressed(g *generation, f Format) (*segment, error) {
	e := &g.encoded[f]
	e.once.Do(func() {
		e.seg, e.err = h.deflate.segment(func(w io.Writer) (int, error) { return h.Encoder.Encode(w, g.snapshot, f) })
		if e.err == nil {
			h.Self.series.Set(float64(e.seg.samples))
		}
	})
	return e.seg, e.err
}

// ServeHTTP answers a scrape.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if h.slots != nil {
		select {
		case h.slots <- struct{}{}:
			defer func() { <-h.slots }()
		default:
			http.Error(w, fmt.Sprintf("%d scrapes are being answered already (--web.max-requests), try again later.",
				h.MaxRequests), http.StatusServiceUnavailable)
			return
		}
	}
	rc := http.NewResponseController(w)
	_ = rc.SetWriteDeadline(time.Now().Add(deadline(r.Header))) // not supported: then there is none
	g := h.live()
	if g != nil && !g.enter(rc) {
		// Published over since it was loaded: the newest cannot have been.
		if g = h.live(); g != nil && !g.enter(rc) {
			g = nil
		}
	}
	if err := h.answer(w, r, g); err != nil && !errors.Is(err, r.Context().Err()) {
		level.Debug(h.Logger).Log("msg", "scrape not answered in full", "remote", r.RemoteAddr, "err", err)
	}
	if g == nil || g.leave(rc) {
		_ = rc.Flush()
		_ = rc.SetWriteDeadline(time.Time{}) // the connection lives on
	}
}

// deadline is how long the scraper waits, as Prometheus says in a header.
func deadline(h http.Header) time.Duration {
	seconds, err := strconv.ParseFloat(h.Get("X-Prometheus-Scrape-Timeout-Seconds"), 64)
	if err != nil || math.IsNaN(seconds) || seconds <= 0 {
		return defaultDeadline
	}
	return time.Duration(min(seconds, maxDeadline.Seconds()) * float64(time.Second))
}

func (h *Handler) answer(w http.ResponseWriter, r *http.Request, g *generation) error {
	contentType, format, own := negotiate(r.Header)
	if !own || r.URL.Query().Has("name[]") {
		h.viaPromhttp(w, r, g)
		return nil
	}
	header := w.Header()
	header.Add("Vary", "Accept")
	header.Add("Vary", "Accept-Encoding")
	header.Set("Content-Type", string(contentType))
	if g == nil {
		h.Self.series.Set(0)
	}
	if acceptsGzip(r.Header) {
		return h.answerGzip(w, g, contentType, format)
	}
	if g != nil {
		samples, err := h.Encoder.Encode(w, g.snapshot, format)
		if err != nil {
			return err
		}
		h.Self.series.Set(float64(samples))
	}
	last, err := h.selfText(contentType)
	if err != nil {
		return err
	}
	_, err = w.Write(last)
	return err
}

// answerGzip sends one gzip member: the shared bytes of the snapshot, then the exporter's own series.
func (h *Handler) answerGzip(w http.ResponseWriter, g *generation, contentType expfmt.Format, f Format) error {
	h.asked[f].Store(h.Now().Unix())
	seg := &segment{}
	if g != nil {
		shared, err := h.compressed(g, f)
		if err != nil {
			http.Error(w, "cannot render the snapshot: "+err.Error(), http.StatusInternalServerError)
			return err
		}
		seg = shared
		h.Self.series.Set(float64(seg.samples))
	}
	last, err := h.selfText(contentType)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return err
	}
	tail, err := h.deflate.finish(seg, last)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return err
	}
	w.Header().Set("Content-Encoding", "gzip")
	w.Header().Set("Content-Length", strconv.Itoa(len(gzipHeader)+seg.size+len(tail)))
	if _, err := w.Write(gzipHeader); err != nil {
		return err
	}
	for _, chunk := range seg.chunks {
		if _, err := w.Write(chunk); err != nil {
			return err
		}
	}
	_, err = w.Write(tail)
	return err
}

// selfText renders the exporter's own series, with the # EOF that ends an OpenMetrics text.
func (h *Handler) selfText(contentType expfmt.Format) ([]byte, error) {
	families, err := h.Registry.Gather()
	if err != nil {
		level.Error(h.Logger).Log("msg", "cannot gather the exporter's own metrics", "err", err)
	}
	var buf bytes.Buffer
	enc := expfmt.NewEncoder(&buf, contentType, expfmt.WithCreatedLines())
	for _, mf := range families {
		if err := enc.Encode(mf); err != nil {
			return nil, fmt.Errorf("encode %s: %w", mf.GetName(), err)
		}
	}
	if c, ok := enc.(expfmt.Closer); ok {
		if err := c.Close(); err != nil {
			return nil, fmt.Errorf("end the exposition: %w", err)
		}
	}
	return buf.Bytes(), nil
}
