package promql

import (
	"math"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/prometheus/prometheus/util/kahansum"
)

// aggregateNode is sum, avg, min, max, count or group.
type aggregateNode struct {
	in       vector
	op       parser.ItemType
	grouping []string
	without  bool

	groupOf []int // by lane of the input
	groups  []aggregation
	order   []int
	round   int
	out     []point
}

// aggregation is a group's value while its elements come in.
type aggregation struct {
	round       int
	n           float64
	value       float64
	c           float64 // what the sum lost to rounding
	mean        float64
	incremental bool
}

func (c *compiler) aggregate(e *parser.AggregateExpr) vector {
	switch e.Op {
	case parser.SUM, parser.AVG, parser.MIN, parser.MAX, parser.COUNT, parser.GROUP:
	default:
		return nil
	}
	in := c.vector(e.Expr)
	if in == nil {
		return nil
	}
	return &aggregateNode{in: in, op: e.Op, grouping: e.Grouping, without: e.Without}
}

func (n *aggregateNode) prepare() ([]labels.Labels, bool) {
	in, ok := n.in.prepare()
	if !ok {
		return nil, false
	}
	var lanes []labels.Labels
	n.groupOf = make([]int, len(in))
	byLabels := map[string]int{}
	for i, l := range in {
		l = n.label(l)
		key := string(l.Bytes(nil))
		g, ok := byLabels[key]
		if !ok {
			g = len(lanes)
			byLabels[key] = g
			lanes = append(lanes, l)
		}
		n.groupOf[i] = g
	}
	n.groups = make([]aggregation, len(lanes))
	n.round = 0
	return lanes, true
}

func (n *aggregateNode) label(l labels.Labels) labels.Labels {
	switch {
	case n.without:
		return withoutName(labels.NewBuilder(l).Del(n.grouping...).Labels())
	case len(n.grouping) > 0:
		return labels.NewBuilder(l).Keep(n.grouping...).Labels()
	}
	return labels.EmptyLabels()
}

func (n *aggregateNode) eval(t int64) ([]point, bool) {
	in, ok := n.in.eval(t)
	if !ok {
		return nil, false
	}
	n.round++
	n.order = n.order[:0]
	for _, p := range in {
		i := n.groupOf[p.lane]
		g := &n.groups[i]
		if g.round != n.round {
			*g = aggregation{round: n.round, n: 1, value: p.v, mean: p.v}
			n.order = append(n.order, i)
			continue
		}
		g.n++
		switch n.op {
		case parser.SUM:
			g.value, g.c = kahansum.Inc(p.v, g.value, g.c)
		case parser.AVG:
			g.average(p.v)
		case parser.MAX:
			if g.value < p.v || math.IsNaN(g.value) {
				g.value = p.v
			}
		case parser.MIN:
			if g.value > p.v || math.IsNaN(g.value) {
				g.value = p.v
			}
		}
	}
	n.out = n.out[:0]
	for _, i := range n.order {
		n.out = append(n.out, point{i, n.groups[i].result(n.op)})
	}
	return n.out, true
}

// average goes over to a running mean where the sum would overflow.
func (g *aggregation) average(v float64) {
	if !g.incremental {
		sum, c := kahansum.Inc(v, g.value, g.c)
		if !math.IsInf(sum, 0) {
			g.value, g.c = sum, c
			return
		}
		g.incremental = true
		g.mean = g.value / (g.n - 1)
		g.c /= g.n - 1
	}
	q := (g.n - 1) / g.n
	g.mean, g.c = kahansum.Inc(v/g.n, q*g.mean, q*g.c)
}

func (g *aggregation) result(op parser.ItemType) float64 {
	switch {
	case op == parser.SUM:
		return g.value + g.c
	case op == parser.AVG && g.incremental:
		return g.mean + g.c
	case op == parser.AVG:
		return g.value/g.n + g.c/g.n
	case op == parser.COUNT:
		return g.n
	case op == parser.GROUP:
		return 1
	}
	return g.value
}
