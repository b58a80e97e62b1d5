package manifest

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// Query is a prometheus trigger's query, read against the exporter's series and the recorded ones.
type Query struct {
	// Text is the query as written.
	Text string
	// Refs are the series it reads, in the order of the text.
	Refs []Ref
	// Invents says that the query ends in `or vector(…)`, which turns an unknown truth into a number.
	Invents bool
	// Upper is a bound the answer cannot exceed, +Inf without one.
	Upper float64
	eval  evalFunc
}

type evalFunc func(Signals) (float64, bool)

// ParseQuery reads a query. series names further series by the signal they stand for, such as a queue that is no
// Kafka topic; it may be nil. A query that cannot be evaluated faithfully is an error that says why.
func ParseQuery(text string, series map[string]Signal) (*Query, error) {
	n, err := parsePromQL(text)
	if err != nil {
		return nil, err
	}
	q := &Query{Text: text}
	c := &compiler{query: q, series: series}
	v, err := c.compile(n, "")
	if err != nil {
		return nil, err
	}
	if v.scalar {
		return nil, fmt.Errorf("the query gives a scalar, which KEDA cannot read: it needs an instant vector with one element")
	}
	if len(q.Refs) == 0 {
		return nil, fmt.Errorf("the query reads no series")
	}
	q.eval, q.Upper = v.eval, v.upper
	return q, nil
}

// Eval answers the query. ok is false where Prometheus would return nothing; the value can be NaN or infinite.
func (q *Query) Eval(s Signals) (value float64, ok bool) { return q.eval(s) }

// Uses says whether the query reads the signal.
func (q *Query) Uses(s Signal) bool {
	return slices.ContainsFunc(q.Refs, func(r Ref) bool { return r.Signal == s })
}

// Group is the consumer group the query reads, empty if it reads none or several.
func (q *Query) Group() string {
	group := ""
	for _, r := range q.Refs {
		if r.Group == "" {
			continue
		}
		if group != "" && group != r.Group {
			return ""
		}
		group = r.Group
	}
	return group
}

// Primary is the first signal of the query, which names it in tables.
func (q *Query) Primary() Signal { return q.Refs[0].Signal }

// Difference says that the query subtracts consumer and producer rate.
func (q *Query) Difference() bool {
	return q.Uses(SignalProducerRate) && q.Uses(SignalConsumerRate) && strings.Contains(q.Text, "-") &&
		!q.Uses(SignalDesired)
}

// compiled is an expression ready to evaluate: a scalar, or a vector of at most one element with a set of labels.
type compiled struct {
	eval   evalFunc
	scalar bool
	labels string
	// upper is a bound the value cannot exceed, +Inf without one.
	upper float64
}

type compiler struct {
	query  *Query
	series map[string]Signal
}

// compile turns a node into an evaluation. agg is the aggregation around it, as far as it commutes with what lies
// between: it is what makes one element of a series per topic or partition.
func (c *compiler) compile(n *node, agg string) (compiled, error) {
	switch n.kind {
	case nodeNumber:
		v := n.number
		return compiled{eval: constant(v), scalar: true, upper: v}, nil
	case nodeSeries:
		if n.window > 0 {
			return compiled{}, fmt.Errorf("position %d: a range needs a function such as max_over_time around it", n.pos+1)
		}
		return c.compileSeries(n, agg, OverNone)
	case nodeAggregate:
		return c.compileAggregate(n)
	case nodeCall:
		return c.compileCall(n, agg)
	case nodeNegate:
		if agg != "" && agg != "sum" {
			agg = ""
		}
		v, err := c.compile(n.args[0], agg)
		if err != nil {
			return v, err
		}
		inner := v.eval
		v.eval = func(s Signals) (float64, bool) { x, ok := inner(s); return -x, ok }
		v.upper = math.Inf(1)
		return v, nil
	default:
		return c.compileBinary(n, agg)
	}
}

func constant(v float64) evalFunc { return func(Signals) (float64, bool) { return v, true } }

func (c *compiler) compileAggregate(n *node) (compiled, error) {
	if n.name == "count" {
		return compiled{}, fmt.Errorf("position %d: count() is not evaluated here", n.pos+1)
	}
	v, err := c.compile(n.args[0], n.name)
	if err != nil {
		return v, err
	}
	if v.scalar {
		return v, fmt.Errorf("position %d: %s() needs a vector", n.pos+1, n.name)
	}
	v.labels = ""
	if n.grouped {
		v.labels = "by " + strings.Join(n.by, ",")
	}
	return v, nil
}
