package promql

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"kafka_burndown_exporter/rules"
)

// same compares a query's answer with the engine's on the same samples.
func same(q *Query, at int64) error {
	want := canonical((&engineEval{server: q.server, expr: q.Expr}).at(at))
	if got := canonical(q.At(at)); got != want {
		return fmt.Errorf("%s\nat %d: got %s\nwant %s", q.Text, at, got, want)
	}
	return nil
}

// TestCompiledForms compares every form that is compiled, at the world's times and where samples and windows meet.
func TestCompiledForms(t *testing.T) {
	for _, base := range []string{rules.BaseBurndownExporter, rules.BaseKafkaExporter} {
		t.Run(base, func(t *testing.T) { compiledForms(t, base) })
	}
}

func compiledForms(t *testing.T, base string) {
	w := newWorld(t, NewServer(Options{Keep: 24 * time.Hour}), base)
	times := worldTimes()
	for i := int64(0); i < worldScrapes+30; i += 7 {
		times = append(times, worldStart+i*worldScrape, worldStart+i*worldScrape-1, worldStart+i*worldScrape+1000)
	}
	n, all := 0, forms(t, base)
	for _, form := range all {
		q, err := w.server.Register(form)
		if err != nil {
			t.Fatal(err)
		}
		if !q.Compiled() {
			continue
		}
		n++
		for _, at := range times {
			if err := same(q, at); err != nil {
				t.Error(err)
				break
			}
		}
	}
	t.Logf("%d of %d forms are compiled", n, len(all))
	if n < len(all)/2 {
		t.Errorf("only %d of %d forms are compiled", n, len(all))
	}
}

// maker makes series and expressions by chance.
type maker struct {
	*rand.Rand
	style int // of the gauges of a run
}

var (
	metrics = []string{"m", "n", "c_total", "d_total"}
	labelsA = []string{"x", "y", "z"}
)

func (m *maker) pick(from ...string) string { return from[m.IntN(len(from))] }

// fill plays a run: gauges and counters with gaps, resets, marks, late series and every kind of number.
func (m *maker) fill(s *Server) (end int64) {
	target := s.Target(LabelsOf("job", m.pick("j", "k")))
	type one struct {
		h     Handle
		v     float64
		up    bool
		count bool
		from  int
	}
	var all []*one
	for _, name := range metrics {
		for _, a := range labelsA {
			for b := range 1 + m.IntN(3) {
				if m.IntN(4) == 0 {
					continue
				}
				pairs := []string{"a", a, "b", fmt.Sprint(b)}
				if m.IntN(6) == 0 {
					pairs = append(pairs, "c", m.pick("p", "q"))
				}
				all = append(all, &one{h: target.Series(name, pairs...), count: strings.HasSuffix(name, "_total"), up: m.IntN(5) > 0, from: m.IntN(20) * m.IntN(2)})
			}
		}
	}
	m.style = m.IntN(6)
	at, whole := m.Int64N(4_000_000), m.IntN(3) == 0
	step := []int64{5_000, 15_000, 30_000, 60_000}[m.IntN(4)]
	if err := s.Start(at); err != nil {
		panic(err)
	}
	for i := range 60 {
		at += step
		if !whole {
			at += m.Int64N(100)
		}
		if m.IntN(25) == 0 {
			at += step * int64(m.IntN(12)) // Prometheus was away
		}
		if m.IntN(20) == 0 {
			target.Fail(at)
			continue
		}
		target.Begin(at)
		for _, x := range all {
			if m.IntN(15) == 0 {
				x.up = !x.up
			}
			if !x.up || i < x.from {
				continue
			}
			x.v = m.value(x.v, x.count)
			target.Set(x.h, x.v)
		}
		target.End()
	}
	return at
}

func (m *maker) value(v float64, counter bool) float64 {
	switch {
	case counter && m.IntN(40) == 0:
		return float64(m.IntN(3)) // a reset
	case counter:
		return v + float64(m.IntN(5)) + []float64{0, 0.1}[m.IntN(2)]
	}
	sign := float64(1 - 2*m.IntN(2))
	switch m.style {
	case 0: // the sign of zero shows which element came first
		return []float64{0, math.Copysign(0, -1), 1, -1}[m.IntN(4)]
	case 1: // sums overflow
		return sign * math.MaxFloat64 * m.Float64()
	case 2: // sums lose what the compensation does not keep
		return sign * math.Pow(10, float64(m.IntN(60)-20)) * m.Float64()
	}
	switch m.IntN(30) {
	case 0:
		return math.NaN()
	case 1:
		return math.Inf(int(sign))
	case 2:
		return math.Copysign(0, sign)
	case 3, 4:
		return 0
	}
	return math.Floor(m.NormFloat64()*1e5) / 100
}

func (m *maker) duration() string {
	return m.pick("5s", "15s", "30s", "45s", "1m", "90s", "2m", "5m", "7m", "10m", "1h")
}

func (m *maker) matchers() string {
	var out []string
	for range m.IntN(3) {
		out = append(out, m.pick(`a="x"`, `a!="x"`, `a=~"x|y"`, `a!~"z"`, `b="0"`, `b=""`, `c=""`, `c!=""`, `c="p"`, `job="j"`, `b=~".+"`))
	}
	return strings.Join(out, ",")
}

func (m *maker) selector() string {
	name := m.pick(metrics...)
	if m.IntN(12) == 0 {
		return fmt.Sprintf(`{__name__=~"%s"%s}`, m.pick("m|n", "c_total", "._total"), m.pick("", `,a="x"`, `,b="1"`))
	}
	if in := m.matchers(); in != "" {
		return name + "{" + in + "}"
	}
	return name
}

func (m *maker) offset() string {
	switch m.IntN(8) {
	case 0:
		return " offset " + m.duration()
	case 1:
		return " offset -" + m.duration()
	case 2:
		if m.IntN(4) == 0 {
			return " @ end()"
		}
	}
	return ""
}

func (m *maker) grouping() string {
	if m.IntN(3) == 0 {
		return ""
	}
	return m.pick("by", "without") + m.pick(" ()", " (a)", " (b)", " (a, b)", " (c)", " (job, a)", " (__name__)", " (missing)")
}

// vector makes an expression that answers a vector.
func (m *maker) vector(depth int) string {
	if depth <= 0 {
		if m.IntN(2) == 0 {
			return m.selector() + m.offset()
		}
		return m.overRange()
	}
	switch m.IntN(12) {
	case 0:
		return m.overRange()
	case 1, 2, 3:
		op := m.pick("sum", "sum", "avg", "avg", "min", "max", "count", "group", "stddev")
		return fmt.Sprintf("%s %s (%s)", op, m.grouping(), m.vector(depth-1))
	case 4:
		f := m.pick("abs", "ceil", "floor", "exp", "ln", "log2", "log10", "sgn", "sqrt", "round")
		return fmt.Sprintf("%s(%s)", f, m.vector(depth-1))
	case 5:
		switch f := m.pick("clamp", "clamp_min", "clamp_max", "round"); f {
		case "clamp":
			return fmt.Sprintf("clamp(%s, %s, %s)", m.vector(depth-1), m.scalar(1), m.scalar(1))
		default:
			return fmt.Sprintf("%s(%s, %s)", f, m.vector(depth-1), m.scalar(1))
		}
	case 6, 7:
		op, l, r := m.operator(), m.vector(depth-1), m.scalar(1)
		if m.IntN(2) == 0 {
			l, r = r, l
		}
		return fmt.Sprintf("(%s %s %s)", l, op, r)
	case 8, 9:
		return fmt.Sprintf("(%s %s %s %s)", m.vector(depth-1), m.operator(), m.grouped(), m.vector(depth-1))
	case 10:
		return fmt.Sprintf("(%s %s %s %s)", m.vector(depth-1), m.pick("and", "or", "unless"), m.matching(), m.vector(depth-1))
	default:
		return m.pick("-", "+", "") + m.pick("vector("+m.scalar(1)+")", m.selector(), m.vector(depth-1))
	}
}

func (m *maker) operator() string {
	switch m.IntN(3) {
	case 0:
		return m.pick("==", "!=", ">", "<", ">=", "<=")
	case 1:
		return m.pick("==", "!=", ">", "<", ">=", "<=") + " bool"
	}
	return m.pick("+", "-", "*", "/", "%", "^", "atan2")
}

func (m *maker) matching() string {
	switch m.IntN(3) {
	case 0:
		return ""
	case 1:
		return m.pick("on", "ignoring") + m.pick(" ()", " (a)", " (a, b)", " (a, b, c)", " (a, b, c, job)")
	}
	return m.pick("", "on (a, b)", "ignoring (c)")
}

// grouped is a matching of an operator that is not one of sets.
func (m *maker) grouped() string {
	if m.IntN(3) > 0 {
		return m.matching()
	}
	return m.pick("on (a)", "on (a, b)", "on (job)", "on ()", "ignoring (b, c)", "ignoring (c)") + m.pick(" group_left", " group_left ()", " group_right", " group_right ()", " group_left (c)")
}

func (m *maker) scalar(depth int) string {
	if depth > 0 && m.IntN(4) == 0 {
		return fmt.Sprintf("(%s %s %s)", m.scalar(depth-1), m.pick("+", "-", "*", "/", "%", "^"), m.scalar(depth-1))
	}
	if m.IntN(9) == 0 {
		return m.pick("time()", "-1", "scalar("+m.vector(0)+")", "scalar(sum("+m.selector()+"))")
	}
	return m.pick("0", "1", "-1", "2.5", "0.1", "1e3", "100", "NaN", "Inf", "-Inf", "3")
}

func (m *maker) overRange() string {
	f := m.pick("avg_over_time", "changes", "count_over_time", "delta", "deriv", "idelta", "increase", "irate",
		"last_over_time", "max_over_time", "min_over_time", "present_over_time", "rate", "resets", "stddev_over_time",
		"stdvar_over_time", "sum_over_time", "predict_linear", "quantile_over_time")
	in := fmt.Sprintf("%s[%s]%s", m.selector(), m.duration(), m.offset())
	switch f {
	case "predict_linear":
		return fmt.Sprintf("predict_linear(%s, %s)", in, m.scalar(1))
	case "quantile_over_time":
		return fmt.Sprintf("quantile_over_time(%s, %s)", m.scalar(1), in)
	}
	return fmt.Sprintf("%s(%s)", f, in)
}

// differential makes a run and expressions from a seed and compares each compiled one with the engine while the run goes
// on. It returns how many answers with elements it compared.
func differential(t testing.TB, seed uint64, expressions int) (compared, compiledOnes int) {
	m := &maker{Rand: rand.New(rand.NewPCG(seed, 1))}
	s := NewServer(Options{Keep: 3 * time.Hour})
	end := m.fill(s)
	for range expressions {
		expr := m.vector(1 + m.IntN(3))
		q, err := s.Register(expr)
		if err != nil {
			continue // scalars compared without bool, and the like
		}
		if !q.Compiled() {
			continue
		}
		compiledOnes++
		for i := range 12 {
			at := end - m.Int64N(60*30_000)
			if i%3 == 0 && len(s.store.series) > 0 {
				if x := s.store.series[m.IntN(len(s.store.series))].samples; len(x) > 0 {
					at = x[m.IntN(len(x))].T + m.Int64N(4)*15_000
					if i%2 == 0 { // the last moment of the lookback, and the first after it
						at = x[len(x)-1].T + 300_000 - m.Int64N(2)
					}
				}
			}
			if err := same(q, at); err != nil {
				t.Errorf("seed %d: %v", seed, err)
				break
			}
			if a := q.At(at); a.Err == nil && len(a.Elements) > 0 {
				compared++
			}
			if i == 6 && m.IntN(8) == 0 { // a series that is new to the compiled form
				ref := s.store.Series(LabelsOf(NameLabel, m.pick(metrics...), "a", m.pick(labelsA...), "b", fmt.Sprint(m.IntN(9))))
				s.store.Append(ref, end-m.Int64N(600_000), float64(m.IntN(100)))
			}
		}
	}
	return compared, compiledOnes
}

// TestCompiled compares expressions and runs made by chance, some hundred of each.
func TestCompiled(t *testing.T) {
	compared, n := 0, 0
	for seed := range uint64(150) {
		c, k := differential(t, seed, 12)
		compared, n = compared+c, n+k
		if t.Failed() {
			return
		}
	}
	t.Logf("%d expressions, %d answers", n, compared)
	if n < 1000 || compared < 5000 {
		t.Errorf("%d expressions and %d answers prove little", n, compared)
	}
}

// TestCompiledOrder compares what depends on the order of elements and groups, and on what sums lose: zeros of both signs,
// sums that overflow, numbers of every size, with series that come and go.
func TestCompiledOrder(t *testing.T) {
	var exprs []string
	for _, op := range []string{"sum", "avg", "min", "max"} {
		exprs = append(exprs, op+"(m)", op+" by (a) (m)", fmt.Sprintf("%[1]s(%[1]s by (a) (m))", op), op+"(m or n)", op+"(m * 0.1)")
	}
	for style := range 3 {
		m := &maker{Rand: rand.New(rand.NewPCG(uint64(style), 5)), style: style}
		s := NewServer(Options{Keep: time.Hour})
		if err := s.Start(0); err != nil {
			t.Fatal(err)
		}
		var queries []*Query
		for _, expr := range exprs {
			q, err := s.Register(expr)
			if err != nil {
				t.Fatal(err)
			}
			queries = append(queries, q)
		}
		target := s.Target(LabelsOf("job", "j"))
		for at := int64(1000); at < 250_000; at += 1000 {
			target.Begin(at)
			for i := range 9 {
				name := metrics[i/6]
				if m.IntN(3) > 0 {
					target.Set(target.Series(name, "a", labelsA[i%3], "b", fmt.Sprint(i)), m.value(0, false))
				}
			}
			target.End()
			for _, q := range queries {
				if err := same(q, at); err != nil {
					t.Fatalf("style %d: %v", style, err)
				}
			}
		}
	}
}

// FuzzCompiled compares for as long as it is let.
func FuzzCompiled(f *testing.F) {
	for seed := range uint64(8) {
		f.Add(1_000_000 + seed)
	}
	f.Fuzz(func(t *testing.T, seed uint64) { differential(t, seed, 6) })
}
