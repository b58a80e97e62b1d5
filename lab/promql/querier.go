package promql

import (
	"cmp"
	"context"
	"slices"

	"github.com/prometheus/prometheus/model/histogram"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/storage"
	"github.com/prometheus/prometheus/tsdb/chunkenc"
	"github.com/prometheus/prometheus/util/annotations"
)

// Querier lets Prometheus's engine read the store.
func (s *Store) Querier(mint, maxt int64) (storage.Querier, error) {
	return &querier{store: s, mint: mint, maxt: maxt}, nil
}

type querier struct {
	store      *Store
	mint, maxt int64
}

func (q *querier) Close() error { return nil }

// Select lists the series with samples in the time of the query, in the order in which they were added.
func (q *querier) Select(_ context.Context, _ bool, hints *storage.SelectHints, matchers ...*labels.Matcher) storage.SeriesSet {
	mint, maxt := q.mint, q.maxt
	if hints != nil {
		mint, maxt = max(mint, hints.Start), min(maxt, hints.End)
	}
	set := &seriesSet{at: -1}
	for _, x := range q.store.selected(matchers) {
		if from, to := x.after(mint-1), x.after(maxt); from < to {
			set.series = append(set.series, window{x.labels, x.samples[from:to]})
		}
	}
	return set
}

func matches(l labels.Labels, matchers []*labels.Matcher) bool {
	for _, m := range matchers {
		if !m.Matches(l.Get(m.Name)) {
			return false
		}
	}
	return true
}

func (q *querier) LabelValues(context.Context, string, *storage.LabelHints, ...*labels.Matcher) ([]string, annotations.Annotations, error) {
	return nil, nil, nil
}

func (q *querier) LabelNames(context.Context, *storage.LabelHints, ...*labels.Matcher) ([]string, annotations.Annotations, error) {
	return nil, nil, nil
}

// window is the part of a series that a query may read.
type window struct {
	labels  labels.Labels
	samples []promql.FPoint
}

type seriesSet struct {
	series []window
	at     int
}

func (s *seriesSet) Next() bool                        { s.at++; return s.at < len(s.series) }
func (s *seriesSet) At() storage.Series                { return &s.series[s.at] }
func (s *seriesSet) Err() error                        { return nil }
func (s *seriesSet) Warnings() annotations.Annotations { return nil }

func (w *window) Labels() labels.Labels { return w.labels }

func (w *window) Iterator(it chunkenc.Iterator) chunkenc.Iterator {
	if i, ok := it.(*iterator); ok {
		*i = iterator{window: w, at: -1}
		return i
	}
	return &iterator{window: w, at: -1}
}

type iterator struct {
	*window
	at int
}

func (i *iterator) Next() chunkenc.ValueType {
	if i.at < len(i.samples) {
		i.at++
	}
	return i.kind()
}

func (i *iterator) Seek(t millis) chunkenc.ValueType {
	i.at = max(i.at, 0)
	if i.at < len(i.samples) && i.samples[i.at].T < t {
		n, _ := slices.BinarySearchFunc(i.samples[i.at:], t, func(p promql.FPoint, t int64) int { return cmp.Compare(p.T, t) })
		i.at += n
	}
	return i.kind()
}

func (i *iterator) kind() chunkenc.ValueType {
	if i.at >= len(i.samples) {
		return chunkenc.ValNone
	}
	return chunkenc.ValFloat
}

func (i *iterator) At() (int64, float64) { return i.samples[i.at].T, i.samples[i.at].F }
func (i *iterator) AtT() int64           { return i.samples[i.at].T }
func (i *iterator) AtST() int64          { return 0 }
func (i *iterator) Err() error           { return nil }

func (i *iterator) AtHistogram(*histogram.Histogram) (int64, *histogram.Histogram) { return 0, nil }
func (i *iterator) AtFloatHistogram(*histogram.FloatHistogram) (int64, *histogram.FloatHistogram) {
	return 0, nil
}

// millis is a time in milliseconds. By this name go vet does not take Seek for io.Seeker's.
type millis = int64
