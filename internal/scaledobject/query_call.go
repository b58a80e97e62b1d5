package scaledobject

import (
	"fmt"
	"math"
	"slices"
)

// plain are the functions of one value.
var plain = map[string]func(float64) float64{
	"abs": math.Abs, "ceil": math.Ceil, "floor": math.Floor, "sqrt": math.Sqrt, "exp": math.Exp,
	"ln": math.Log, "log2": math.Log2, "log10": math.Log10,
	"round": func(v float64) float64 { return math.Floor(v + 0.5) },
}

// overTime maps PromQL's range functions; irate, delta and idelta count as the plain ones.
var overTime = map[string]Over{
	"max_over_time": OverMax, "min_over_time": OverMin, "avg_over_time": OverAvg, "last_over_time": OverLast,
	"deriv": OverDeriv, "rate": OverRate, "irate": OverRate, "increase": OverRate, "delta": OverRate,
}

func (c *compiler) compileCall(n *node, agg string) (compiled, error) {
	if over, ok := overTime[n.name]; ok {
		return c.compileOver(n, agg, over)
	}
	if f, ok := plain[n.name]; ok {
		// Rounding the elements and then adding them up is not the same as the other way round.
		if agg != "max" && agg != "min" {
			agg = ""
		}
		v, err := c.argument(n, 0, 1, agg)
		if err != nil {
			return v, err
		}
		inner := v.eval
		v.eval = func(s Signals) (float64, bool) { x, ok := inner(s); return f(x), ok }
		v.upper = math.Inf(1)
		return v, nil
	}
	switch n.name {
	case "clamp", "clamp_min", "clamp_max":
		return c.compileClamp(n, agg)
	case "vector":
		v, err := c.argument(n, 0, 1, "")
		if err == nil && !v.scalar {
			err = fmt.Errorf("position %d: vector() needs a number", n.pos+1)
		}
		v.scalar, v.labels = false, ""
		return v, err
	}
	return compiled{}, fmt.Errorf("position %d: the function %s() is not evaluated here", n.pos+1, n.name)
}

func (c *compiler) argument(n *node, i, want int, agg string) (compiled, error) {
	if len(n.args) != want {
		return compiled{}, fmt.Errorf("position %d: %s() takes %d argument(s), not %d", n.pos+1, n.name, want, len(n.args))
	}
	return c.compile(n.args[i], agg)
}

func (c *compiler) compileOver(n *node, agg string, over Over) (compiled, error) {
	if len(n.args) != 1 || n.args[0].kind != nodeSeries || n.args[0].window == 0 {
		return compiled{}, fmt.Errorf("position %d: %s() is evaluated around one series with a range such as [5m] only",
			n.pos+1, n.name)
	}
	series := n.args[0]
	v, err := c.compileSeries(series, agg, over)
	if err != nil || (n.name != "increase" && n.name != "delta") {
		return v, err
	}
	inner, seconds := v.eval, series.window.Seconds()
	v.eval = func(s Signals) (float64, bool) { x, ok := inner(s); return x * seconds, ok }
	return v, nil
}

func (c *compiler) compileClamp(n *node, agg string) (compiled, error) {
	want := 2
	if n.name == "clamp" {
		want = 3
	}
	if agg == "sum" && !(n.name == "clamp_min" && len(n.args) == 2 && n.args[1].kind == nodeNumber && n.args[1].number <= 0) {
		// Only a floor at 0 is the same on the parts and on their sum.
		agg = ""
	}
	v, err := c.argument(n, 0, want, agg)
	if err != nil {
		return v, err
	}
	bounds := []evalFunc{constant(math.Inf(-1)), constant(math.Inf(1))}
	for i, arg := range n.args[1:] {
		b, err := c.compile(arg, "")
		if err != nil {
			return v, err
		}
		if !b.scalar {
			return v, fmt.Errorf("position %d: the bounds of %s() are numbers", arg.pos+1, n.name)
		}
		if n.name == "clamp_max" {
			i = 1
		}
		bounds[i] = b.eval
	}
	// Scalars read no signal, so their value is known now.
	hi, _ := bounds[1](nil)
	v.upper = math.Min(v.upper, hi)
	inner := v.eval
	v.eval = func(s Signals) (float64, bool) {
		x, ok := inner(s)
		lo, _ := bounds[0](s)
		return math.Max(lo, math.Min(hi, x)), ok && lo <= hi
	}
	return v, nil
}

var arithmetic = map[string]func(a, b float64) float64{
	"+": func(a, b float64) float64 { return a + b },
	"-": func(a, b float64) float64 { return a - b },
	"*": func(a, b float64) float64 { return a * b },
	"/": func(a, b float64) float64 { return a / b },
	"%": math.Mod,
	"^": math.Pow,
}

var comparison = map[string]func(a, b float64) bool{
	"==": func(a, b float64) bool { return a == b },
	"!=": func(a, b float64) bool { return a != b },
	"<":  func(a, b float64) bool { return a < b },
	">":  func(a, b float64) bool { return a > b },
	"<=": func(a, b float64) bool { return a <= b },
	">=": func(a, b float64) bool { return a >= b },
}

func (c *compiler) compileBinary(n *node, agg string) (compiled, error) {
	if !commutes(n, agg) {
		agg = ""
	}
	left, err := c.compile(n.args[0], agg)
	if err != nil {
		return left, err
	}
	right, err := c.compile(n.args[1], agg)
	if err != nil {
		return right, err
	}
	set := slices.Contains([]string{"or", "and", "unless"}, n.name)
	switch {
	case set && (left.scalar || right.scalar):
		return left, fmt.Errorf("position %d: %q needs vectors on both sides", n.pos+1, n.name)
	case !left.scalar && !right.scalar && left.labels != right.labels && !n.on:
		return left, fmt.Errorf("position %d: the sides of %q carry different labels (%s; %s) and never match: "+
			"put max() around both", n.pos+1, n.name, labelText(left.labels), labelText(right.labels))
	case set:
		return c.compileSet(n, left, right), nil
	}
	return compileOperator(n, left, right)
}

func labelText(labels string) string {
	if labels == "" {
		return "none"
	}
	return labels
}

// commutes says whether an aggregation around the operator may be moved onto its sides.
func commutes(n *node, agg string) bool {
	number := n.args[0].kind == nodeNumber || n.args[1].kind == nodeNumber
	switch n.name {
	case "+", "-":
		return agg == "sum" && !number
	case "*", "/":
		return number && n.args[1].kind == nodeNumber && n.args[1].number > 0
	default:
		return false
	}
}

func (c *compiler) compileSet(n *node, left, right compiled) compiled {
	out := compiled{labels: left.labels, upper: math.Inf(1)}
	if n.name != "or" {
		out.upper = left.upper
	}
	a, b := left.eval, right.eval
	switch n.name {
	case "or":
		if isVector(n.args[1]) {
			c.query.Invents = true
		}
		out.eval = func(s Signals) (float64, bool) {
			if x, ok := a(s); ok {
				return x, true
			}
			return b(s)
		}
	case "and":
		out.eval = func(s Signals) (float64, bool) {
			x, ok := a(s)
			_, also := b(s)
			return x, ok && also
		}
	default:
		out.eval = func(s Signals) (float64, bool) {
			x, ok := a(s)
			_, also := b(s)
			return x, ok && !also
		}
	}
	return out
}

// positiveFactor is the number a product or quotient scales its left side by.
func positiveFactor(n *node) (float64, bool) {
	k := n.args[1]
	if k.kind != nodeNumber || !(k.number > 0) {
		return 0, false
	}
	switch n.name {
	case "*":
		return k.number, true
	case "/":
		return 1 / k.number, true
	}
	return 0, false
}

func isVector(n *node) bool { return n.kind == nodeCall && n.name == "vector" }

func compileOperator(n *node, left, right compiled) (compiled, error) {
	out := compiled{scalar: left.scalar && right.scalar, labels: left.labels, upper: math.Inf(1)}
	if k, ok := positiveFactor(n); ok {
		out.upper = left.upper * k
	}
	if left.scalar {
		out.labels = right.labels
	}
	a, b := left.eval, right.eval
	if f, ok := arithmetic[n.name]; ok {
		out.eval = func(s Signals) (float64, bool) {
			x, okx := a(s)
			y, oky := b(s)
			return f(x, y), okx && oky
		}
		return out, nil
	}
	f := comparison[n.name]
	if out.scalar && !n.bool {
		return out, fmt.Errorf("position %d: a comparison of two numbers needs bool", n.pos+1)
	}
	scalarLeft := left.scalar
	out.eval = func(s Signals) (float64, bool) {
		x, okx := a(s)
		y, oky := b(s)
		holds := f(x, y)
		switch {
		case n.bool && holds:
			return 1, okx && oky
		case n.bool:
			return 0, okx && oky
		case scalarLeft:
			// A filter keeps the vector's value, on whichever side it stands.
			return y, okx && oky && holds
		default:
			return x, okx && oky && holds
		}
	}
	return out, nil
}
