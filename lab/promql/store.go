package promql

import (
	"math"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/value"
	"github.com/prometheus/prometheus/promql"
)

// Labels are those of a series, __name__ among them.
type Labels = labels.Labels

// NameLabel is the label that holds a series's name.
const NameLabel = model.MetricNameLabel

// Ref names a series of a Store.
type Ref int

// NoRef is the series that nobody reads. What is appended to it is dropped.
const NoRef Ref = -1

// Store holds samples in memory. Series are added once and then appended to by reference.
type Store struct {
	retention int64 // ms; math.MaxInt64: everything
	series    []*series
	byLabels  map[string]Ref
	byName    map[string][]*series
}

// series is a queue of samples: those before head are given up.
type series struct {
	labels  labels.Labels
	head    int
	samples []promql.FPoint
	stale   int64 // the newest mark
}

var staleNaN = math.Float64frombits(value.StaleNaN)

// NewStore returns an empty store that keeps at least the samples of the last retention milliseconds, counted from each
// series's newest. 0 keeps everything.
func NewStore(retention int64) *Store {
	if retention <= 0 {
		retention = math.MaxInt64
	}
	return &Store{retention: retention, byLabels: map[string]Ref{}, byName: map[string][]*series{}}
}

// Series finds the series with exactly these labels, or adds it.
func (s *Store) Series(l Labels) Ref {
	key := string(l.Bytes(nil))
	if ref, ok := s.byLabels[key]; ok {
		return ref
	}
	ref := Ref(len(s.series))
	x := &series{labels: l, stale: math.MinInt64}
	s.series = append(s.series, x)
	s.byLabels[key] = ref
	s.byName[l.Get(NameLabel)] = append(s.byName[l.Get(NameLabel)], x)
	return ref
}

// Labels are those of a series.
func (s *Store) Labels(ref Ref) Labels { return s.series[ref].labels }

// Append adds a sample at t. As in Prometheus, a sample that is not newer than the series's newest is dropped; Append
// reports whether it was taken.
func (s *Store) Append(ref Ref, t int64, v float64) bool {
	if ref == NoRef {
		return false
	}
	x := s.series[ref]
	n := len(x.samples)
	if n > x.head && x.samples[n-1].T >= t {
		return false
	}
	if n == cap(x.samples) && x.head > 0 {
		x.compact()
	}
	x.samples = append(x.samples, promql.FPoint{T: t, F: v})
	for oldest := t - s.retention; x.samples[x.head].T < oldest; {
		x.head++
	}
	if value.IsStaleNaN(v) {
		x.stale = t
	}
	return true
}

// Stale marks a series as gone from t on: an instant selector no longer finds it, a range skips the mark.
func (s *Store) Stale(ref Ref, t int64) bool { return s.Append(ref, t, staleNaN) }

// selected lists the series that matchers accept, in the order in which they were added: sums follow it.
func (s *Store) selected(matchers []*labels.Matcher) []*series {
	all := s.series
	for _, m := range matchers {
		if m.Name == NameLabel && m.Type == labels.MatchEqual {
			all = s.byName[m.Value]
		}
	}
	var out []*series
	for _, x := range all {
		if matches(x.labels, matchers) {
			out = append(out, x)
		}
	}
	return out
}

// compact makes room at the end where at least half of the samples are given up.
func (x *series) compact() {
	if x.head*2 < len(x.samples) {
		return
	}
	x.samples = x.samples[:copy(x.samples, x.samples[x.head:])]
	x.head = 0
}

// after is the index of the first sample later than t.
func (x *series) after(t int64) int {
	n := len(x.samples)
	// The newest samples are what is mostly asked for.
	i := n
	for ; i > x.head && i > n-8; i-- {
		if x.samples[i-1].T <= t {
			return i
		}
	}
	lo, hi := x.head, i
	for lo < hi {
		if mid := (lo + hi) / 2; x.samples[mid].T <= t {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return lo
}

// at is what an instant selector finds: the newest sample up to t, if it is not a mark and not older than the lookback.
func (x *series) at(t, lookback int64) (float64, bool) {
	i := x.after(t) - 1
	if i < x.head || x.samples[i].T <= t-lookback || value.IsStaleNaN(x.samples[i].F) {
		return 0, false
	}
	return x.samples[i].F, true
}

// window is what a range selector finds: the samples later than from, up to to, without marks. It uses scratch where it has to
// leave marks out.
func (x *series) window(from, to int64, scratch *[]promql.FPoint) []promql.FPoint {
	end := x.after(to)
	start := end
	for start > x.head && start > end-32 && x.samples[start-1].T > from {
		start--
	}
	if start > x.head && x.samples[start-1].T > from {
		start = x.after(from)
	}
	in := x.samples[start:end]
	if x.stale <= from {
		return in
	}
	out := (*scratch)[:0]
	for _, p := range in {
		if !value.IsStaleNaN(p.F) {
			out = append(out, p)
		}
	}
	*scratch = out
	return out
}

// LabelsOf makes labels of names and values by turns.
func LabelsOf(pairs ...string) Labels { return labels.FromStrings(pairs...) }
