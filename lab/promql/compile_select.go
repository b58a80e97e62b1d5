package promql

import (
	"slices"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
)

// selection is the series that a selector accepts, one lane each.
type selection struct {
	store    *Store
	matchers []*labels.Matcher
	series   []*series
}

func (s *selection) find() []labels.Labels {
	s.series = s.store.selected(s.matchers)
	lanes := make([]labels.Labels, len(s.series))
	for i, x := range s.series {
		lanes[i] = x.labels
	}
	return lanes
}

// selectNode is an instant selector.
type selectNode struct {
	selection
	offset, lookback int64
	out              []point
}

func (n *selectNode) prepare() ([]labels.Labels, bool) { return n.find(), true }

func (n *selectNode) eval(t int64) ([]point, bool) {
	n.out = n.out[:0]
	for i, x := range n.series {
		if v, ok := x.at(t-n.offset, n.lookback); ok {
			n.out = append(n.out, point{i, v})
		}
	}
	return n.out, true
}

// rangeNode is one of Prometheus's functions over a range selector.
type rangeNode struct {
	selection
	call          promql.FunctionCall
	args          parser.Expressions
	params        []scalar // the arguments beside the range
	offset, width int64
	keepName      bool

	vectors []promql.Vector
	matrix  promql.Matrix
	helper  promql.EvalNodeHelper
	scratch []promql.FPoint
	out     []point
}

func (n *rangeNode) prepare() ([]labels.Labels, bool) {
	for _, p := range n.params {
		if !p.prepare() {
			return nil, false
		}
	}
	return distinct(n.find(), !n.keepName)
}

func (n *rangeNode) eval(t int64) ([]point, bool) {
	for i, p := range n.params {
		v, ok := p.value(t)
		if !ok {
			return nil, false
		}
		n.vectors[i] = append(n.vectors[i][:0], promql.Sample{F: v})
	}
	n.out = n.out[:0]
	n.helper.Ts = t
	to := t - n.offset
	for i, x := range n.series {
		n.matrix[0].Floats = x.window(to-n.width, to, &n.scratch)
		if len(n.matrix[0].Floats) == 0 {
			continue
		}
		n.helper.Out = n.helper.Out[:0]
		out, _ := n.call(n.vectors, n.matrix, n.args, &n.helper)
		if len(out) == 0 {
			continue
		}
		n.helper.Out = out
		n.out = append(n.out, point{i, out[0].F})
	}
	return n.out, true
}

// rangeFunctions are those of Prometheus's functions over ranges that read nothing but the samples, their times and
// numbers.
var rangeFunctions = map[string]bool{
	"avg_over_time": true, "changes": true, "count_over_time": true, "delta": true, "deriv": true, "idelta": true,
	"increase": true, "irate": true, "last_over_time": true, "max_over_time": true, "min_over_time": true,
	"predict_linear": true, "present_over_time": true, "quantile_over_time": true, "rate": true, "resets": true,
	"stddev_over_time": true, "stdvar_over_time": true, "sum_over_time": true,
}

// numberFunctions are those that map each element's value.
var numberFunctions = map[string]bool{
	"abs": true, "ceil": true, "clamp": true, "clamp_max": true, "clamp_min": true, "exp": true, "floor": true, "ln": true,
	"log10": true, "log2": true, "round": true, "sgn": true, "sqrt": true,
}

func (c *compiler) call(e *parser.Call) vector {
	switch name := e.Func.Name; {
	case name == "vector":
		if in := c.scalar(e.Args[0]); in != nil {
			return &vectorNode{in: in}
		}
	case rangeFunctions[name]:
		return c.rangeCall(e)
	case numberFunctions[name]:
		return c.numberCall(e)
	}
	return nil
}

func (c *compiler) rangeCall(e *parser.Call) vector {
	n := &rangeNode{call: promql.FunctionCalls[e.Func.Name], args: slices.Clone(e.Args), keepName: e.Func.Name == "last_over_time",
		vectors: make([]promql.Vector, len(e.Args)-1), matrix: make(promql.Matrix, 1)}
	for i, arg := range e.Args {
		ms, ok := unwrap(arg).(*parser.MatrixSelector)
		if !ok {
			p := c.scalar(arg)
			if p == nil {
				return nil
			}
			n.params = append(n.params, p)
			continue
		}
		vs := ms.VectorSelector.(*parser.VectorSelector)
		if !plain(vs) || ms.RangeExpr != nil {
			return nil
		}
		n.args[i] = ms
		n.selection = selection{store: c.store, matchers: vs.LabelMatchers}
		n.offset, n.width = vs.OriginalOffset.Milliseconds(), ms.Range.Milliseconds()
	}
	if n.store == nil {
		return nil // over a subquery
	}
	return n
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

// numberNode is one of Prometheus's functions of numbers.
type numberNode struct {
	in      vector
	call    promql.FunctionCall
	args    parser.Expressions
	params  []scalar
	vectors []promql.Vector
	helper  promql.EvalNodeHelper
	out     []point
}

func (c *compiler) numberCall(e *parser.Call) vector {
	n := &numberNode{call: promql.FunctionCalls[e.Func.Name], args: e.Args, in: c.vector(e.Args[0]),
		vectors: make([]promql.Vector, len(e.Args))}
	if n.in == nil {
		return nil
	}
	for _, arg := range e.Args[1:] {
		p := c.scalar(arg)
		if p == nil {
			return nil
		}
		n.params = append(n.params, p)
	}
	return n
}

func (n *numberNode) prepare() ([]labels.Labels, bool) {
	for _, p := range n.params {
		if !p.prepare() {
			return nil, false
		}
	}
	lanes, ok := n.in.prepare()
	if !ok {
		return nil, false
	}
	return distinct(lanes, true)
}

func (n *numberNode) eval(t int64) ([]point, bool) {
	in, ok := n.in.eval(t)
	if !ok {
		return nil, false
	}
	for i, p := range n.params {
		v, ok := p.value(t)
		if !ok {
			return nil, false
		}
		n.vectors[i+1] = append(n.vectors[i+1][:0], promql.Sample{F: v})
	}
	n.vectors[0] = n.vectors[0][:0]
	for _, p := range in {
		n.vectors[0] = append(n.vectors[0], promql.Sample{F: p.v})
	}
	n.helper.Ts, n.helper.Out = t, n.helper.Out[:0]
	out, _ := n.call(n.vectors, nil, n.args, &n.helper)
	n.out = n.out[:0]
	for i, s := range out { // all of them or, with clamp's bounds the wrong way round, none
		n.out = append(n.out, point{in[i].lane, s.F})
	}
	n.helper.Out = out
	return n.out, true
}

// vectorNode is vector().
type vectorNode struct {
	in  scalar
	out [1]point
}

func (n *vectorNode) prepare() ([]labels.Labels, bool) {
	return []labels.Labels{labels.EmptyLabels()}, n.in.prepare()
}

func (n *vectorNode) eval(t int64) ([]point, bool) {
	v, ok := n.in.value(t)
	n.out[0] = point{0, v}
	return n.out[:], ok
}

// mapNode maps values, and drops those that are not kept.
type mapNode struct {
	in   vector
	drop bool // the name
	f    func(t int64, v float64) (float64, bool)
	out  []point
}

func (n *mapNode) prepare() ([]labels.Labels, bool) {
	lanes, ok := n.in.prepare()
	if !ok {
		return nil, false
	}
	return distinct(lanes, n.drop)
}

func (n *mapNode) eval(t int64) ([]point, bool) {
	in, ok := n.in.eval(t)
	if !ok {
		return nil, false
	}
	n.out = n.out[:0]
	for _, p := range in {
		if v, keep := n.f(t, p.v); keep {
			n.out = append(n.out, point{p.lane, v})
		}
	}
	return n.out, true
}
