package simulate

import (
	"errors"
	"fmt"
	"strings"

	"kafka_burndown_exporter/internal/scale"
	"kafka_burndown_exporter/lab/promql"
)

// asked is a prometheus trigger's query over the run, with what became of it.
type asked struct {
	query          *promql.Query
	asks, answered int
}

// ask answers for KEDA. The error is one that KEDA would have at every poll: the query itself is wrong.
func (a *asked) ask(at int64) (scale.Answer, error) {
	if a.query == nil {
		err := errors.New("the query cannot be evaluated")
		return scale.Answer{Err: err}, err
	}
	a.asks++
	got := a.query.At(at)
	switch {
	case got.Err == nil && got.Type == promql.TypeVector && len(got.Elements) == 1:
		a.answered++
		return scale.Answer{Value: got.Elements[0].Value}, nil
	case got.Err == nil && got.Type == promql.TypeVector && len(got.Elements) == 0:
		return scale.Answer{Empty: true}, nil
	}
	_, err := got.KEDA(a.query.Text, false)
	if len(got.Elements) > 1 {
		err = fmt.Errorf("%w: %d elements, such as %s: put max() or sum() around it", err, len(got.Elements), examples(got.Elements))
	}
	return scale.Answer{Err: err}, err
}

// examples are the labels of the first two elements.
func examples(elements []promql.Element) string {
	var out []string
	for _, e := range elements[:2] {
		out = append(out, e.Labels.String())
	}
	return strings.Join(out, " and ")
}

// unanswered is the error of a trigger that never answered in the whole run: what such a run shows is not what the
// trigger does.
func (d *driver) unanswered() error {
	for i := range d.asked {
		a := &d.asked[i]
		if a.query == nil || a.answered > 0 || a.asks == 0 {
			continue
		}
		_, err := promql.Answer{Type: promql.TypeVector}.KEDA(a.query.Text, false)
		return &UnansweredError{Place: d.ctl.place(i), Asks: a.asks, Reason: err, Missing: d.prom.missing(a.query)}
	}
	return nil
}

// UnansweredError is a trigger that never answered.
type UnansweredError struct {
	Place  string
	Asks   int
	Reason error // KEDA's
	// Missing are the selectors behind the query that found no series.
	Missing []string
}

func (e *UnansweredError) Error() string {
	why := "every series that it reads was there, and the query answered nothing with them"
	if len(e.Missing) > 0 {
		why = "nothing was found for " + strings.Join(e.Missing, ", ")
	}
	return fmt.Sprintf("%s: the query never answered a sample in the whole run (asked %d times): %v: %s", e.Place, e.Asks, e.Reason, why)
}

func (e *UnansweredError) Unwrap() error { return e.Reason }

// missing lists the selectors behind a query, of series that are scraped, that no series ever matched.
func (p *prometheus) missing(q *promql.Query) []string {
	var out []string
	for _, sel := range q.Raw() {
		if p.server.Store().Count(sel) == 0 {
			out = append(out, sel.Text)
		}
	}
	return out
}

// place names a trigger of the controller.
func (c *Controller) place(trigger int) string {
	t := &c.Object.Triggers[trigger]
	return fmt.Sprintf("%s: spec.triggers[%d] (%s)", c.Origin, trigger, t.Type)
}
