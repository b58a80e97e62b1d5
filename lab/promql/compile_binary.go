package promql

import (
	"math"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"
)

func (c *compiler) binary(e *parser.BinaryExpr) vector {
	if e.Op.IsSetOperator() {
		return c.set(e)
	}
	if !arithmetic(e.Op) && !e.Op.IsComparisonOperator() {
		return nil
	}
	l, r := c.vector(e.LHS), c.vector(e.RHS)
	switch {
	case l != nil && r != nil:
		m := e.VectorMatching
		if len(m.Include) > 0 || m.FillValues.LHS != nil || m.FillValues.RHS != nil {
			return nil
		}
		n := &matchNode{matched: matched{l: l, r: r, on: m.On, names: m.MatchingLabels}, op: e.Op, asBool: e.ReturnBool, card: m.Card}
		if m.Card == parser.CardOneToMany {
			n.l, n.r = r, l
		}
		return n
	case l != nil:
		if s := c.scalar(e.RHS); s != nil {
			return &withNumber{in: l, num: s, op: e.Op, asBool: e.ReturnBool}
		}
	case r != nil:
		if s := c.scalar(e.LHS); s != nil {
			return &withNumber{in: r, num: s, op: e.Op, asBool: e.ReturnBool, swap: true}
		}
	}
	return nil
}

// arithmetic reports whether an operator makes a new quantity: the name goes.
func arithmetic(op parser.ItemType) bool {
	switch op {
	case parser.ADD, parser.SUB, parser.MUL, parser.DIV, parser.MOD, parser.POW, parser.ATAN2:
		return true
	}
	return false
}

// operate is an operator between two numbers. A comparison answers the left one, and whether it holds.
func operate(op parser.ItemType, l, r float64) (float64, bool) {
	switch op {
	case parser.ADD:
		return l + r, true
	case parser.SUB:
		return l - r, true
	case parser.MUL:
		return l * r, true
	case parser.DIV:
		return l / r, true
	case parser.MOD:
		return math.Mod(l, r), true
	case parser.POW:
		return math.Pow(l, r), true
	case parser.ATAN2:
		return math.Atan2(l, r), true
	case parser.EQLC:
		return l, l == r
	case parser.NEQ:
		return l, l != r
	case parser.GTR:
		return l, l > r
	case parser.LSS:
		return l, l < r
	case parser.GTE:
		return l, l >= r
	case parser.LTE:
		return l, l <= r
	}
	return math.NaN(), false
}

func truth(holds bool) float64 {
	if holds {
		return 1
	}
	return 0
}

// withNumber is an operator between a vector and a number.
type withNumber struct {
	in     vector
	num    scalar
	op     parser.ItemType
	asBool bool
	swap   bool // the number stands on the left
	out    []point
}

func (n *withNumber) prepare() ([]labels.Labels, bool) {
	lanes, ok := n.in.prepare()
	if !ok || !n.num.prepare() {
		return nil, false
	}
	return distinct(lanes, n.asBool || arithmetic(n.op))
}

func (n *withNumber) eval(t int64) ([]point, bool) {
	num, ok := n.num.value(t)
	if !ok {
		return nil, false
	}
	in, ok := n.in.eval(t)
	if !ok {
		return nil, false
	}
	compares := n.op.IsComparisonOperator()
	n.out = n.out[:0]
	for _, p := range in {
		l, r := p.v, num
		if n.swap {
			l, r = r, l
		}
		v, holds := operate(n.op, l, r)
		switch {
		case n.asBool:
			v, holds = truth(holds), true
		case compares:
			v = p.v
		}
		if holds {
			n.out = append(n.out, point{p.lane, v})
		}
	}
	return n.out, true
}

// matched finds which lanes of two vectors belong together.
type matched struct {
	l, r       vector
	on         bool
	names      []string
	sigL, sigR []int
	left       []int // by signature: the round in which the left side had it
	right      []struct {
		round int
		v     float64
	}
	round int
}

// signatures numbers what the lanes of both sides match by.
func (m *matched) signatures() (l, r []labels.Labels, ok bool) {
	if l, ok = m.l.prepare(); !ok {
		return nil, nil, false
	}
	if r, ok = m.r.prepare(); !ok {
		return nil, nil, false
	}
	ids := map[string]int{}
	number := func(lanes []labels.Labels) []int {
		out := make([]int, len(lanes))
		for i, x := range lanes {
			b := labels.NewBuilder(x)
			if m.on {
				b.Keep(m.names...)
			} else {
				b.Del(m.names...).Del(NameLabel)
			}
			key := string(b.Labels().Bytes(nil))
			id, ok := ids[key]
			if !ok {
				id = len(ids)
				ids[key] = id
			}
			out[i] = id
		}
		return out
	}
	m.sigL, m.sigR = number(l), number(r)
	m.left = make([]int, len(ids))
	m.right = make([]struct {
		round int
		v     float64
	}, len(ids))
	m.round = 0
	return l, r, true
}

func (m *matched) sides(t int64) (l, r []point, ok bool) {
	if l, ok = m.l.eval(t); !ok {
		return nil, nil, false
	}
	if r, ok = m.r.eval(t); !ok {
		return nil, nil, false
	}
	m.round++
	return l, r, true
}

// matchNode is an operator between two vectors. Many to one stands as it is written; one to many has its sides changed
// over, so that the right one is always the one.
type matchNode struct {
	matched
	op     parser.ItemType
	asBool bool
	card   parser.VectorMatchCardinality
	out    []point
}

func (n *matchNode) prepare() ([]labels.Labels, bool) {
	l, _, ok := n.signatures()
	if !ok {
		return nil, false
	}
	if n.card != parser.CardOneToOne {
		return distinct(l, n.asBool || arithmetic(n.op))
	}
	lanes := make([]labels.Labels, len(l))
	for i, x := range l {
		if n.asBool || arithmetic(n.op) {
			x = withoutName(x)
		}
		b := labels.NewBuilder(x)
		if n.on {
			b.Keep(n.names...)
		} else {
			b.Del(n.names...)
		}
		lanes[i] = b.Labels()
	}
	return lanes, true
}

func (n *matchNode) eval(t int64) ([]point, bool) {
	l, r, ok := n.sides(t)
	if !ok {
		return nil, false
	}
	n.out = n.out[:0]
	for _, p := range r {
		x := &n.right[n.sigR[p.lane]]
		if x.round == n.round {
			return nil, false // many to many
		}
		x.round, x.v = n.round, p.v
	}
	for _, p := range l {
		sig := n.sigL[p.lane]
		x := n.right[sig]
		if x.round != n.round {
			continue
		}
		if n.card == parser.CardOneToOne && n.left[sig] == n.round {
			return nil, false // many to one
		}
		n.left[sig] = n.round
		left, right := p.v, x.v
		if n.card == parser.CardOneToMany {
			left, right = right, left
		}
		v, holds := operate(n.op, left, right)
		if n.asBool {
			v, holds = truth(holds), true
		}
		if holds {
			n.out = append(n.out, point{p.lane, v})
		}
	}
	return n.out, true
}

// setNode is and, or, unless.
type setNode struct {
	matched
	op    parser.ItemType
	lanes int // of the left side: those of the right follow
	out   []point
}

func (c *compiler) set(e *parser.BinaryExpr) vector {
	l, r := c.vector(e.LHS), c.vector(e.RHS)
	if l == nil || r == nil {
		return nil
	}
	m := e.VectorMatching
	return &setNode{matched: matched{l: l, r: r, on: m.On, names: m.MatchingLabels}, op: e.Op}
}

func (n *setNode) prepare() ([]labels.Labels, bool) {
	l, r, ok := n.signatures()
	if !ok {
		return nil, false
	}
	n.lanes = len(l)
	if n.op != parser.LOR {
		return l, true
	}
	return append(append([]labels.Labels(nil), l...), r...), true
}

func (n *setNode) eval(t int64) ([]point, bool) {
	l, r, ok := n.sides(t)
	if !ok {
		return nil, false
	}
	n.out = n.out[:0]
	if n.op == parser.LOR {
		n.out = append(n.out, l...)
		for _, p := range l {
			n.left[n.sigL[p.lane]] = n.round
		}
		for _, p := range r {
			if n.left[n.sigR[p.lane]] != n.round {
				n.out = append(n.out, point{n.lanes + p.lane, p.v})
			}
		}
		return n.out, true
	}
	for _, p := range r {
		n.right[n.sigR[p.lane]].round = n.round
	}
	for _, p := range l {
		if (n.right[n.sigL[p.lane]].round == n.round) == (n.op == parser.LAND) {
			n.out = append(n.out, p)
		}
	}
	return n.out, true
}
