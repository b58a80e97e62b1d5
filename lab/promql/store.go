package promql

import (
	"math"
	"slices"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/value"
)

// Labels are those of a series, __name__ among them.
type Labels = labels.Labels

// NameLabel is the label that holds a series's name.
const NameLabel = labels.MetricName

// Ref names a series of a Store.
type Ref int

// NoRef is the series that nobody reads. What is appended to it is dropped.
const NoRef Ref = -1

// Store holds samples in memory. Series are added once and then appended to by reference.
type Store struct {
	retention int64 // ms; math.MaxInt64: everything
	series    []*series
	byLabels  map[string]Ref
	added     func(Ref)
}

// series is a queue of samples: those before head are given up.
type series struct {
	labels labels.Labels
	head   int
	t      []int64
	v      []float64
}

var staleNaN = math.Float64frombits(value.StaleNaN)

// NewStore returns an empty store that keeps at least the samples of the last retention milliseconds, counted from each
// series's newest. 0 keeps everything.
func NewStore(retention int64) *Store {
	if retention <= 0 {
		retention = math.MaxInt64
	}
	return &Store{retention: retention, byLabels: map[string]Ref{}}
}

// Series finds the series with exactly these labels, or adds it.
func (s *Store) Series(l Labels) Ref {
	key := string(l.Bytes(nil))
	if ref, ok := s.byLabels[key]; ok {
		return ref
	}
	ref := Ref(len(s.series))
	s.series = append(s.series, &series{labels: l})
	s.byLabels[key] = ref
	if s.added != nil {
		s.added(ref)
	}
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
	n := len(x.t)
	if n > x.head && x.t[n-1] >= t {
		return false
	}
	if n == cap(x.t) && x.head > 0 {
		x.compact()
	}
	x.t, x.v = append(x.t, t), append(x.v, v)
	for oldest := t - s.retention; x.t[x.head] < oldest; {
		x.head++
	}
	return true
}

// Stale marks a series as gone from t on: an instant selector no longer finds it, a range skips the mark.
func (s *Store) Stale(ref Ref, t int64) bool { return s.Append(ref, t, staleNaN) }

// compact makes room at the end where at least half of the samples are given up.
func (x *series) compact() {
	if x.head*2 < len(x.t) {
		return
	}
	x.t = x.t[:copy(x.t, x.t[x.head:])]
	x.v = x.v[:copy(x.v, x.v[x.head:])]
	x.head = 0
}

// after is the index of the first sample later than t.
func (x *series) after(t int64) int {
	n := len(x.t)
	// The newest samples are what is mostly asked for.
	for i := n; i > x.head && i > n-4; i-- {
		if x.t[i-1] <= t {
			return i
		}
	}
	i, found := slices.BinarySearch(x.t[x.head:], t)
	if found {
		i++
	}
	return x.head + i
}

// LabelsOf makes labels of names and values by turns.
func LabelsOf(pairs ...string) Labels { return labels.FromStrings(pairs...) }
