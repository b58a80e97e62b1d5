package manifest

import (
	"fmt"
	"math"
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
