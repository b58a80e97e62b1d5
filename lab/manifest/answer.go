package manifest

import (
	"math"
	"time"

	"github.com/prometheus/prometheus/model/labels"

	"kafka_burndown_exporter/lab/promql"
)

// Signals says what a series has been all along; ok false means that it is not there.
type Signals interface {
	Lookup(ref Ref) (value float64, ok bool)
}

// SignalsFunc makes Signals of a function.
type SignalsFunc func(ref Ref) (float64, bool)

// Lookup calls the function.
func (f SignalsFunc) Lookup(ref Ref) (float64, bool) { return f(ref) }

// scraping is the distance of samples where a query is tried on series that stand still, and trial how long they have.
const (
	scraping = 15 * time.Second
	trial    = time.Hour
)

// Eval asks the query of a Prometheus where every series that it reads has stood still at a value. ok is false where the
// answer is not one sample; the value can be NaN or infinite.
func (q *Query) Eval(s Signals) (value float64, ok bool) {
	server := promql.NewServer(promql.Options{})
	query, err := server.Register(q.Text)
	if err != nil || server.Start(0) != nil {
		return 0, false
	}
	end := (trial + min(q.Reach, trial)).Milliseconds()
	for _, ref := range q.Refs {
		v, there := s.Lookup(ref)
		l, possible := labelsFor(ref.Selector)
		if !there || !possible || math.IsNaN(v) {
			continue
		}
		series := server.Store().Series(l)
		for at := int64(0); at <= end; at += scraping.Milliseconds() {
			server.Store().Append(series, at, v)
		}
	}
	return query.At(end).One()
}

// labelsFor are labels that a selector selects; possible is false where none were found.
func labelsFor(sel promql.Selector) (l promql.Labels, possible bool) {
	b := labels.NewBuilder(labels.EmptyLabels())
	for _, m := range sel.Matchers {
		if m.Type == labels.MatchEqual {
			b.Set(m.Name, m.Value)
		}
	}
	for _, m := range sel.Matchers {
		if m.Type != labels.MatchRegexp || b.Get(m.Name) != "" {
			continue
		}
		for _, v := range append(m.SetMatches(), m.Prefix(), "x") {
			if m.Matches(v) {
				b.Set(m.Name, v)
				break
			}
		}
	}
	l = b.Labels()
	return l, sel.Matches(l)
}
