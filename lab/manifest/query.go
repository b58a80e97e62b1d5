package manifest

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/prometheus/prometheus/promql/parser"

	"kafka_burndown_exporter/collector"
	"kafka_burndown_exporter/internal/scale"
	"kafka_burndown_exporter/lab/foreign"
	"kafka_burndown_exporter/lab/promql"
	"kafka_burndown_exporter/rules"
)

// Query is a prometheus trigger's query, with what it says of itself.
type Query struct {
	*promql.Expr
	// Refs are the series it reads, in the order of the text.
	Refs []Ref
	// Invents says that the query ends in `or vector(…)`, which turns an unknown truth into a number.
	Invents bool
	// Upper is a bound the answer cannot exceed, +Inf without one.
	Upper float64
}

// Ref is one series a query reads: a signal of a group, or of one topic of it.
type Ref struct {
	Signal Signal
	// Group and Topic are what the selector demands, empty where it demands nothing or no one value.
	Group, Topic string
	// Series is the name, empty where the selector demands no one name.
	Series string
	// Selector is the selector itself.
	Selector promql.Selector
}

// ParseQuery reads a query with Prometheus's parser. series names further series by the signal they stand for, such as
// a queue that is no Kafka topic; it may be nil. A query on a series that nothing publishes or records is an error, and
// so is one whose answer KEDA cannot read.
func ParseQuery(text string, series map[string]Signal) (*Query, error) {
	e, err := promql.Parse(text)
	if err != nil {
		return nil, err
	}
	if t := e.Type(); t != string(parser.ValueTypeVector) {
		return nil, fmt.Errorf("the query gives a %s, which KEDA cannot read: it needs an instant vector with one element", t)
	}
	q := &Query{Expr: e, Upper: math.Inf(1)}
	worst := worstPartitions(e.AST())
	for _, sel := range e.Selectors {
		ref := Ref{Series: sel.Name(), Signal: SignalOther, Selector: sel}
		ref.Group, _ = sel.Equal(collector.LabelGroup)
		ref.Topic, _ = sel.Equal(collector.LabelTopic)
		if ref.Series != "" {
			signal, ok := series[ref.Series]
			if !ok {
				if signal, ok = lookupSeries(ref.Series); !ok {
					return nil, unknownSeries(ref.Series)
				}
				if signal == SignalLag && worst[sel.Text] {
					signal = SignalLagMax
				}
			}
			ref.Signal = signal
		}
		q.Refs = append(q.Refs, ref)
	}
	if len(q.Refs) == 0 {
		return nil, fmt.Errorf("the query reads no series")
	}
	q.Upper, q.Invents = upper(e.AST(), q), invents(e.AST())
	return q, nil
}

// unknownSeries names the recorded series that may be meant.
func unknownSeries(name string) error {
	hint := ""
	for _, record := range rules.Shipped().Records() {
		if rules.Metric(record) != "" && rules.Metric(record) == rules.Metric(name) {
			hint += ", " + record
		}
	}
	if hint != "" {
		return fmt.Errorf("no rule records %s: there is %s", name, hint[2:])
	}
	if presets := foreign.PresetsWith(name); len(presets) > 0 {
		return fmt.Errorf("%s is a series of another exporter: add --series=%s", name, strings.Join(presets, " or --series="))
	}
	return fmt.Errorf("%s is not a series of this exporter, of kafka_exporter or of the rules, so it cannot be evaluated", name)
}

// worstPartitions are the selectors of series per partition whose maximum is taken.
func worstPartitions(e parser.Expr) map[string]bool {
	out := map[string]bool{}
	parser.Inspect(e, func(n parser.Node, path []parser.Node) error {
		vs, ok := n.(*parser.VectorSelector)
		if !ok {
			return nil
		}
		f, ok := collector.Find(vs.Name)
		if !ok || f.Level != collector.LevelGroupPartition {
			return nil
		}
		for _, outer := range slices.Backward(path) {
			if a, ok := outer.(*parser.AggregateExpr); ok {
				out[vs.String()] = a.Op == parser.MAX
				break
			}
		}
		return nil
	})
	return out
}

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
	return q.Uses(SignalProducerRate) && q.Uses(SignalConsumerRate) && strings.Contains(q.Text, "-")
}

// invents reports whether an `or vector(…)` answers where nothing else does.
func invents(e parser.Expr) bool {
	found := false
	parser.Inspect(e, func(n parser.Node, _ []parser.Node) error {
		b, ok := n.(*parser.BinaryExpr)
		if !ok || b.Op != parser.LOR {
			return nil
		}
		call, ok := unwrap(b.RHS).(*parser.Call)
		found = found || ok && call.Func.Name == "vector"
		return nil
	})
	return found
}

func unwrap(e parser.Expr) parser.Expr {
	for {
		p, ok := e.(*parser.ParenExpr)
		if !ok {
			return e
		}
		e = p.Expr
	}
}

// number is the value of an expression of numbers alone.
func number(e parser.Expr) (float64, bool) {
	switch e := unwrap(e).(type) {
	case *parser.NumberLiteral:
		return e.Val, true
	case *parser.UnaryExpr:
		v, ok := number(e.Expr)
		if e.Op == parser.SUB {
			v = -v
		}
		return v, ok
	case *parser.BinaryExpr:
		a, ok1 := number(e.LHS)
		b, ok2 := number(e.RHS)
		f, ok3 := arithmetic[e.Op]
		if !ok1 || !ok2 || !ok3 {
			return 0, false
		}
		return f(a, b), true
	}
	return 0, false
}

var arithmetic = map[parser.ItemType]func(a, b float64) float64{
	parser.ADD: func(a, b float64) float64 { return a + b },
	parser.SUB: func(a, b float64) float64 { return a - b },
	parser.MUL: func(a, b float64) float64 { return a * b },
	parser.DIV: func(a, b float64) float64 { return a / b },
	parser.POW: math.Pow,
}

// keeping are the functions that give nothing larger than what they are given.
var keeping = []string{"max_over_time", "min_over_time", "avg_over_time", "last_over_time"}

// upper is a bound that no element of the answer exceeds.
func upper(e parser.Expr, q *Query) float64 {
	switch e := unwrap(e).(type) {
	case *parser.VectorSelector:
		if s, _ := lookupSeries(e.Name); s == SignalLog2x7 {
			return scale.DefaultLog2x7Max
		}
	case *parser.MatrixSelector:
		return upper(e.VectorSelector, q)
	case *parser.AggregateExpr:
		if slices.Contains([]parser.ItemType{parser.MAX, parser.MIN, parser.AVG}, e.Op) || e.Op == parser.SUM && single(e.Expr) {
			return upper(e.Expr, q)
		}
	case *parser.Call:
		return upperOfCall(e, q)
	case *parser.BinaryExpr:
		return upperOfBinary(e, q)
	}
	return math.Inf(1)
}

// single says that a sum over the expression adds up one element: a group's own series.
func single(e parser.Expr) bool {
	vs, ok := unwrap(e).(*parser.VectorSelector)
	if !ok {
		return false
	}
	f, ok := collector.Find(vs.Name)
	return ok && f.Level == collector.LevelGroup
}

func upperOfCall(e *parser.Call, q *Query) float64 {
	switch name := e.Func.Name; {
	case name == "clamp_max" || name == "clamp":
		if hi, ok := number(e.Args[len(e.Args)-1]); ok {
			return math.Min(hi, upper(e.Args[0], q))
		}
	case name == "clamp_min":
		if lo, ok := number(e.Args[1]); ok {
			return math.Max(lo, upper(e.Args[0], q))
		}
	case slices.Contains(keeping, name):
		return upper(e.Args[0], q)
	}
	return math.Inf(1)
}

func upperOfBinary(e *parser.BinaryExpr, q *Query) float64 {
	k, ok := number(e.RHS)
	switch {
	case e.Op == parser.LAND || e.Op == parser.LUNLESS:
		return upper(e.LHS, q)
	case e.Op == parser.LOR:
		return math.Inf(1)
	case e.ReturnBool:
		return 1
	case e.Op.IsComparisonOperator():
		if _, scalar := number(e.LHS); scalar {
			return upper(e.RHS, q)
		}
		return upper(e.LHS, q)
	case ok && k > 0 && e.Op == parser.MUL:
		return upper(e.LHS, q) * k
	case ok && k > 0 && e.Op == parser.DIV:
		return upper(e.LHS, q) / k
	}
	return math.Inf(1)
}
