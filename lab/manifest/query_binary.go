package manifest

import (
	"fmt"
	"math"
	"slices"
)

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
