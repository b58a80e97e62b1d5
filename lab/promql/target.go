package promql

import (
	"github.com/prometheus/prometheus/model/labels"
)

// Target is something the server scrapes. Each scrape is Begin, Set for each sample, End; or Fail.
type Target struct {
	// HonorLabels keeps labels of the scraped series that are also the target's; else they become exported_…, as with
	// Prometheus's default.
	HonorLabels bool

	server *Server
	labels Labels
	up     Ref
	at     int64
	scrape int
	series []scraped
	byRef  map[Ref]Handle
}

// Handle names a series of a Target.
type Handle int

// NoHandle is the series that no query reads. Setting it does nothing.
const NoHandle Handle = -1

type scraped struct {
	ref  Ref
	last int // the scrape that had it, 0: none
}

// Target adds a target whose scrapes carry these labels, for example job and instance. Use it after Start.
func (s *Server) Target(l Labels) *Target {
	t := &Target{server: s, labels: l, byRef: map[Ref]Handle{}}
	t.up = s.wanted(labels.NewBuilder(l).Set(NameLabel, "up").Labels())
	return t
}

// Series adds a series that the target exposes: its name, then names and values of its labels. It returns NoHandle where
// no registered query, and no rule behind one, reads the series.
func (t *Target) Series(name string, labelPairs ...string) Handle {
	b := labels.NewBuilder(labels.FromStrings(labelPairs...))
	t.labels.Range(func(l labels.Label) {
		own := b.Get(l.Name)
		switch {
		case own == "":
		case t.HonorLabels:
			return
		default:
			renamed := "exported_" + l.Name
			for b.Get(renamed) != "" {
				renamed = "exported_" + renamed
			}
			b.Set(renamed, own)
		}
		b.Set(l.Name, l.Value)
	})
	ref := t.server.wanted(b.Set(NameLabel, name).Labels())
	if ref == NoRef {
		return NoHandle
	}
	if h, ok := t.byRef[ref]; ok {
		return h
	}
	h := Handle(len(t.series))
	t.series = append(t.series, scraped{ref: ref})
	t.byRef[ref] = h
	return h
}

// Begin starts a scrape at a time. Times must grow.
func (t *Target) Begin(at int64) {
	t.at = at
	t.scrape++
}

// Set is a sample of the present scrape. A series that is not set is absent from the scrape.
func (t *Target) Set(h Handle, v float64) {
	if h == NoHandle {
		return
	}
	x := &t.series[h]
	x.last = t.scrape
	t.server.store.Append(x.ref, t.at, v)
}

// End ends a scrape: the series that the scrape before had and this one has not are marked as stale.
func (t *Target) End() {
	t.drop()
	t.server.store.Append(t.up, t.at, 1)
}

// Fail is a scrape that failed: up is 0 and every series is marked as stale.
func (t *Target) Fail(at int64) {
	t.Begin(at)
	t.drop()
	t.server.store.Append(t.up, t.at, 0)
}

// drop marks what was there a scrape ago and is not now.
func (t *Target) drop() {
	for i := range t.series {
		if x := &t.series[i]; x.last == t.scrape-1 && x.last > 0 {
			t.server.store.Stale(x.ref, t.at)
		}
	}
}
