package collector

import (
	"bytes"
	"errors"
	"fmt"
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
	Now      func() time.Time
}

// Handler serves the newest snapshot. Scrapes never wait for Kafka, and share its compressed bytes.
type Handler struct {
	HandlerOptions
	asked    [numFormats][numEncodings]atomic.Int64 // when last (Unix seconds)
	pressers pressers
	buffers  sync.Pool // of *[]byte: what an answer gathers before it writes

	current  atomic.Pointer[generation]
	publish  sync.Mutex
	previous *generation
}

// NewHandler returns a handler that has nothing to publish yet.
func NewHandler(o HandlerOptions) *Handler {
	return &Handler{HandlerOptions: o}
}

// Publish makes s what scrapes get once it is rendered in the formats asked for lately; until then they get the snapshot
// before it, and nobody waits. That one may still be read afterwards; answers from the one before it are cut off, so that
// no more than two are alive.
func (h *Handler) Publish(s *lag.Snapshot) {
	h.publish.Lock()
	defer h.publish.Unlock()
	h.Self.Sampled(s, h.Now())
	if h.previous != nil {
		if n := h.previous.cutOff(); n > 0 {
			level.Warn(h.Logger).Log("msg", "cut off scrapes that took longer than two samples", "scrapes", n)
		}
		h.previous = nil
	}
	began := h.Now()
	g := newGeneration(h.Encoder.lay(s))
	h.renderAhead(g)
	if before := h.current.Swap(g); before != nil && !before.retire() {
		h.previous = before
	}
	h.Self.Published(s, h.Now().Sub(began))
}

// renderAhead renders what was asked for lately, and what is asked for while it does.
func (h *Handler) renderAhead(g *generation) {
	var tried [numFormats][numEncodings]bool
	for again := true; again; {
		again = false
		for f := range numFormats {
			for e := range numEncodings {
				last := h.asked[f][e].Load()
				if tried[f][e] || last == 0 || h.Now().Sub(time.Unix(last, 0)) >= rememberFor {
					continue
				}
				again, tried[f][e] = true, true
				if _, err := h.rendition(g, f, e); err != nil {
					level.Error(h.Logger).Log("msg", "cannot render the snapshot", "err", err)
				}
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

// rendition renders a generation in a format and encoding once, with what of the newest one did not change.
func (h *Handler) rendition(g *generation, f Format, e Encoding) (*rendition, error) {
	return g.renditions[f][e].get(func() (*rendition, error) {
		var before *rendition
		if current := h.current.Load(); current != nil {
			before = current.renditions[f][e].done.Load()
		}
		return h.pressers.render(h.Encoder, g.layout, f, e, before)
	})
}

// ServeHTTP answers a scrape.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
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
	a := answer{w: w, generation: g, names: admitted(r)}
	a.contentType, a.format = negotiate(r.Header)
	header := w.Header()
	header.Add("Vary", "Accept")
	header.Add("Vary", "Accept-Encoding")
	header.Set("Content-Type", string(a.contentType))
	if g == nil && a.names == nil {
		h.Self.series.Set(0)
	}
	encoding := negotiateEncoding(r.Header)
	if encoding == identity {
		return h.plain(a)
	}
	return h.compressed(a, encoding)
}

// answer is what a scrape gets.
type answer struct {
	w           http.ResponseWriter
	generation  *generation // nil: none
	contentType expfmt.Format
	format      Format
	names       filter
}

// plain renders while it sends.
func (h *Handler) plain(a answer) error {
	if a.generation != nil {
		samples, err := h.Encoder.write(a.w, a.generation.layout, a.format, a.names)
		if err != nil {
			return err
		}
		if a.names == nil {
			h.Self.series.Set(float64(samples))
		}
	}
	last, err := h.self(a)
	if err != nil {
		return err
	}
	_, err = a.w.Write(last)
	return err
}

// compressed sends the shared bytes of the snapshot, then the exporter's own series.
func (h *Handler) compressed(a answer, encoding Encoding) error {
	h.asked[a.format][encoding].Store(h.Now().Unix())
	var families []renderedFamily
	if a.generation != nil {
		all, err := h.rendition(a.generation, a.format, encoding)
		if err != nil {
			http.Error(a.w, "cannot render the snapshot: "+err.Error(), http.StatusInternalServerError)
			return err
		}
		families = all.families
		if a.names == nil {
			h.Self.series.Set(float64(all.samples))
		}
	}
	size, text := 0, nothing
	for i := range families {
		if f := &families[i]; a.names.admits(f.name) {
			size += f.size
			text = text.then(f.text)
		}
	}
	last, err := h.self(a)
	if err != nil {
		http.Error(a.w, err.Error(), http.StatusInternalServerError)
		return err
	}
	var head, tail []byte
	switch encoding {
	case Zstd:
		tail, err = h.pressers.frame(last)
	default:
		head = gzipHeader
		tail, err = gzipEnd(text, last)
	}
	if err != nil {
		http.Error(a.w, err.Error(), http.StatusInternalServerError)
		return err
	}
	a.w.Header().Set("Content-Encoding", encoding.String())
	a.w.Header().Set("Content-Length", strconv.Itoa(len(head)+size+len(tail)))
	return h.send(a, head, families, tail)
}

// gather is how much is gathered before it is written.
const gather = 64 << 10

// send writes all pieces in few writes.
func (h *Handler) send(a answer, head []byte, families []renderedFamily, tail []byte) error {
	buffer, ok := h.buffers.Get().(*[]byte)
	if !ok {
		buffer = new([]byte)
		*buffer = make([]byte, 0, gather)
	}
	defer h.buffers.Put(buffer)
	b := append((*buffer)[:0], head...)
	flush := func() (err error) {
		_, err = a.w.Write(b)
		b = b[:0]
		return err
	}
	for i := range families {
		if !a.names.admits(families[i].name) {
			continue
		}
		for _, p := range families[i].pieces {
			if len(b)+len(p.data) > cap(b) && len(b) > 0 {
				if err := flush(); err != nil {
					return err
				}
			}
			if len(p.data) > cap(b) {
				if _, err := a.w.Write(p.data); err != nil {
					return err
				}
				continue
			}
			b = append(b, p.data...)
		}
	}
	if err := flush(); err != nil {
		return err
	}
	_, err := a.w.Write(tail)
	return err
}

// admitted returns the filter of name[], nil where there is none.
func admitted(r *http.Request) filter {
	names := r.URL.Query()["name[]"]
	if len(names) == 0 {
		return nil
	}
	set := make(filter, len(names))
	for _, n := range names {
		set[n] = true
	}
	return set
}

// self renders the exporter's own series, with the # EOF that ends an OpenMetrics text.
func (h *Handler) self(a answer) ([]byte, error) {
	families, err := h.Registry.Gather()
	if err != nil {
		level.Error(h.Logger).Log("msg", "cannot gather the exporter's own metrics", "err", err)
	}
	var buf bytes.Buffer
	enc := expfmt.NewEncoder(&buf, a.contentType, expfmt.WithCreatedLines())
	for _, mf := range families {
		if !a.names.admits(mf.GetName()) {
			continue
		}
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
