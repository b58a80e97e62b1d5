package promql

import (
	"math"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"
)

// A compiled expression is a tree of nodes over lanes: the label sets that a node can answer, found once and again when
// the store has new series. To evaluate is then to follow numbers of lanes. Functions over ranges and of numbers are
// Prometheus's own; selection, aggregation and matching are written here and held equal to the engine, to the bit, by
// FuzzCompiled. Wherever the engine might answer an error, the node gives up and the engine is asked.
//
// Not compiled: @, subqueries, labels from the other side of a match (group_left (x)), aggregations with a parameter,
// functions of labels and of dates. Those take the engine.

// point is an element of a vector: the lane that it belongs to, and its value.
type point struct {
	lane int
	v    float64
}

// vector is a node that answers an instant vector.
type vector interface {
	// prepare finds the lanes anew. It returns false where two lanes have the same labels.
	prepare() ([]labels.Labels, bool)
	// eval answers in the engine's order, in a slice that lives until the next call. It returns false where the engine
	// has to be asked.
	eval(t int64) ([]point, bool)
}

// scalar is a node that answers a number.
type scalar interface {
	prepare() bool
	value(t int64) (float64, bool)
}

// compiler makes nodes.
type compiler struct {
	store    *Store
	lookback int64
}

// compiled evaluates nodes, and asks the engine where they give up.
type compiled struct {
	root   vector
	store  *Store
	engine evaluator
	lanes  []labels.Labels
	seen   int // series of the store when the lanes were found
	usable bool
	out    []Element
}

// compile returns nil for an expression that takes the engine.
func (s *Server) compile(e *Expr) *compiled {
	c := &compiler{store: s.store, lookback: s.opt.Lookback.Milliseconds()}
	root := c.vector(e.ast)
	if root == nil {
		return nil
	}
	return &compiled{root: root, store: s.store, engine: &engineEval{server: s, expr: e}, seen: -1}
}

// points is an evaluation by lanes, if the nodes can do it.
func (c *compiled) points(t int64) ([]point, bool) {
	if c.seen != len(c.store.series) {
		c.seen = len(c.store.series)
		c.lanes, c.usable = c.root.prepare()
	}
	if !c.usable {
		return nil, false
	}
	return c.root.eval(t)
}

func (c *compiled) at(t int64) Answer {
	points, ok := c.points(t)
	if !ok {
		return c.engine.at(t)
	}
	c.out = c.out[:0]
	for _, p := range points {
		c.out = append(c.out, Element{c.lanes[p.lane], p.v})
	}
	return Answer{Type: TypeVector, Elements: c.out}
}

// vector makes the node of an expression that answers a vector, or nil.
func (c *compiler) vector(e parser.Expr) vector {
	if e.Type() != parser.ValueTypeVector {
		return nil
	}
	switch e := e.(type) {
	case *parser.ParenExpr:
		return c.vector(e.Expr)
	case *parser.VectorSelector:
		if !plain(e) {
			return nil
		}
		return &selectNode{selection: selection{store: c.store, matchers: e.LabelMatchers}, offset: e.OriginalOffset.Milliseconds(), lookback: c.lookback}
	case *parser.UnaryExpr:
		in := c.vector(e.Expr)
		if in == nil {
			return nil
		}
		if e.Op == parser.ADD {
			return in
		}
		return &mapNode{in: in, drop: true, f: func(_ int64, v float64) (float64, bool) { return -v, true }}
	case *parser.AggregateExpr:
		return c.aggregate(e)
	case *parser.Call:
		return c.call(e)
	case *parser.BinaryExpr:
		return c.binary(e)
	}
	return nil
}

// plain reports whether a selector reads at its evaluation time, by a fixed offset.
func plain(vs *parser.VectorSelector) bool {
	return vs.Timestamp == nil && vs.StartOrEnd == 0 && vs.OriginalOffsetExpr == nil && !vs.Anchored && !vs.Smoothed
}

// scalar makes the node of an expression that answers a number, or nil.
func (c *compiler) scalar(e parser.Expr) scalar {
	switch e := e.(type) {
	case *parser.ParenExpr:
		return c.scalar(e.Expr)
	case *parser.NumberLiteral:
		return number(e.Val)
	case *parser.UnaryExpr:
		if in := c.scalar(e.Expr); in != nil {
			sign := number(1)
			if e.Op == parser.SUB {
				sign = -1
			}
			return &scalarBinary{parser.MUL, sign, in}
		}
	case *parser.Call:
		switch e.Func.Name {
		case "time":
			return clock{}
		case "scalar":
			if in := c.vector(e.Args[0]); in != nil {
				return &onlyNode{in}
			}
		}
	case *parser.BinaryExpr:
		l, r := c.scalar(e.LHS), c.scalar(e.RHS)
		if l != nil && r != nil && arithmetic(e.Op) {
			return &scalarBinary{e.Op, l, r}
		}
	}
	return nil
}

// number is a literal.
type number float64

func (n number) prepare() bool               { return true }
func (n number) value(int64) (float64, bool) { return float64(n), true }

// clock is time().
type clock struct{}

func (clock) prepare() bool                 { return true }
func (clock) value(t int64) (float64, bool) { return float64(t) / 1000, true }

// onlyNode is scalar(): the value of the only element.
type onlyNode struct{ in vector }

func (n *onlyNode) prepare() bool {
	_, ok := n.in.prepare()
	return ok
}

func (n *onlyNode) value(t int64) (float64, bool) {
	in, ok := n.in.eval(t)
	if len(in) == 1 {
		return in[0].v, ok
	}
	return math.NaN(), ok
}

// scalarBinary is arithmetic between numbers.
type scalarBinary struct {
	op   parser.ItemType
	l, r scalar
}

func (n *scalarBinary) prepare() bool { return n.l.prepare() && n.r.prepare() }

func (n *scalarBinary) value(t int64) (float64, bool) {
	l, okL := n.l.value(t)
	r, okR := n.r.value(t)
	v, _ := operate(n.op, l, r)
	return v, okL && okR
}

// distinct drops the labels that a function drops, and reports whether the lanes stay distinct.
func distinct(in []labels.Labels, drop bool) ([]labels.Labels, bool) {
	if !drop {
		return in, true
	}
	out := make([]labels.Labels, len(in))
	seen := make(map[string]bool, len(in))
	for i, l := range in {
		out[i] = withoutName(l)
		key := string(out[i].Bytes(nil))
		if seen[key] {
			return nil, false
		}
		seen[key] = true
	}
	return out, true
}

// withoutName drops the name and what Prometheus treats like it.
func withoutName(l labels.Labels) labels.Labels {
	return l.DropReserved(func(name string) bool {
		return name == NameLabel || name == "__type__" || name == "__unit__"
	})
}
