package promql

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/prometheus/prometheus/promql"
	"github.com/prometheus/prometheus/promql/parser"
)

// Options say how a server works. The zero value is Prometheus's defaults.
type Options struct {
	// Lookback is how long an instant selector finds a sample, 5m if 0 (--query.lookback-delta).
	Lookback time.Duration
	// EvaluationInterval is that of rule groups without one and the default step of subqueries, 1m if 0.
	EvaluationInterval time.Duration
	// Keep keeps every scraped series and evaluates every recording rule, for queries that come after Start, and holds
	// the samples for at least as long. 0 keeps what the registered queries read.
	Keep time.Duration
	// EngineOnly answers every query with Prometheus's engine. Else expressions of the common forms are compiled; the
	// answers are the same.
	EngineOnly bool
}

// Server is a simulated Prometheus.
type Server struct {
	opt     Options
	store   *Store
	engine  *promql.Engine
	groups  []*Group
	queries []*Query
	reads   []Selector // what the queries and the needed rules read
	started bool
}

// NewServer returns a server without rules, queries and samples.
func NewServer(opt Options) *Server {
	if opt.Lookback == 0 {
		opt.Lookback = 5 * time.Minute
	}
	if opt.EvaluationInterval == 0 {
		opt.EvaluationInterval = time.Minute
	}
	s := &Server{opt: opt, store: NewStore(0)}
	s.engine = promql.NewEngine(promql.EngineOpts{
		MaxSamples: 50_000_000, Timeout: 2 * time.Minute, LookbackDelta: opt.Lookback,
		NoStepSubqueryIntervalFn: func(int64) int64 { return opt.EvaluationInterval.Milliseconds() },
		EnableAtModifier:         true, EnableNegativeOffset: true,
		Parser: parser.NewParser(parser.Options{}),
	})
	return s
}

// Store is where the server keeps its samples.
func (s *Server) Store() *Store { return s.store }

// Query is a registered query.
type Query struct {
	*Expr
	server *Server
	eval   evaluator
}

// evaluator is one way to evaluate an expression.
type evaluator interface {
	at(t int64) Answer
}

// Register adds a query. Its errors are Prometheus's.
func (s *Server) Register(expr string) (*Query, error) {
	e, err := Parse(expr)
	if err != nil {
		return nil, err
	}
	return s.RegisterExpr(e)
}

// RegisterExpr adds a query that was parsed.
func (s *Server) RegisterExpr(e *Expr) (*Query, error) {
	if s.started && s.opt.Keep == 0 {
		return nil, errors.New("queries are registered before the start, unless the server keeps everything")
	}
	q := &Query{Expr: e, server: s}
	if s.started {
		if err := q.alerts(); err != nil {
			return nil, err
		}
		q.eval = s.evaluator(e)
	}
	s.queries = append(s.queries, q)
	return q, nil
}

// Start finds the rules that the queries depend on and begins the time of the rule groups.
func (s *Server) Start(at int64) error {
	if s.started {
		return errors.New("the server has started already")
	}
	for _, q := range s.queries {
		if err := q.alerts(); err != nil {
			return err
		}
	}
	s.started = true
	s.resolve(at)
	for _, q := range s.queries {
		q.eval = s.evaluator(q.Expr)
	}
	return nil
}

// resolve marks the needed rules, transitively, and sets the retention.
func (s *Server) resolve(start int64) {
	reach := s.opt.Keep
	todo := make([]*Expr, 0, len(s.queries))
	for _, q := range s.queries {
		todo = append(todo, q.Expr)
	}
	if s.opt.Keep > 0 {
		for _, g := range s.groups {
			for _, r := range g.rules {
				r.needed = true
				todo = append(todo, r.expr)
			}
		}
	}
	for len(todo) > 0 {
		e := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		reach = max(reach, e.Reach)
		for _, sel := range e.Selectors {
			s.reads = append(s.reads, sel)
			for _, g := range s.groups {
				for _, r := range g.rules {
					if !r.needed && r.feeds(sel) {
						r.needed = true
						todo = append(todo, r.expr)
					}
				}
			}
		}
	}
	if reach < Everlasting/2 {
		// Rules are evaluated up to their query offset late, and KEDA asks for the last whole second.
		s.store.retention = (reach + s.opt.Lookback + time.Minute).Milliseconds()
	}
	for _, g := range s.groups {
		g.start(start)
	}
}

// alerts is an error if the query, or a rule behind it, reads what Prometheus writes of alerts.
func (q *Query) alerts() error {
	for _, sel := range q.Raw() {
		if name := sel.Name(); name == "ALERTS" || name == "ALERTS_FOR_STATE" {
			return fmt.Errorf("%s reads the state of alerts, which is not simulated", sel.Text)
		}
	}
	return nil
}

// wanted is the reference of a series if something reads it.
func (s *Server) wanted(l Labels) Ref {
	if s.opt.Keep > 0 {
		return s.store.Series(l)
	}
	for i := range s.reads {
		if s.reads[i].Matches(l) {
			return s.store.Series(l)
		}
	}
	return NoRef
}

// Advance evaluates the rule groups that are due up to and at a time, in the order of time.
func (s *Server) Advance(to int64) {
	for {
		var next *Group
		for _, g := range s.groups {
			if g.needed && g.next <= to && (next == nil || g.next < next.next) {
				next = g
			}
		}
		if next == nil {
			return
		}
		next.evaluate(next.next)
		next.next += next.Interval.Milliseconds()
	}
}

// Next is when the next rule group is due; the largest time if none is needed.
func (s *Server) Next() int64 {
	next := int64(math.MaxInt64)
	for _, g := range s.groups {
		if g.needed {
			next = min(next, g.next)
		}
	}
	return next
}

// At answers the query at a time.
func (q *Query) At(t int64) Answer {
	if q.eval == nil {
		return Answer{Err: errors.New("the server has not started")}
	}
	return q.eval.at(t)
}

// Raw lists the selectors, of the query or of rules behind it, that no rule records for: what somebody has to expose.
func (q *Query) Raw() []Selector {
	var out []Selector
	seen := map[*Rule]bool{}
	var visit func(*Expr)
	visit = func(e *Expr) {
		for _, sel := range e.Selectors {
			recorded := false
			for _, g := range q.server.groups {
				for _, r := range g.rules {
					if !r.feeds(sel) {
						continue
					}
					recorded = true
					if !seen[r] {
						seen[r] = true
						visit(r.expr)
					}
				}
			}
			if !recorded {
				out = append(out, sel)
			}
		}
	}
	visit(q.Expr)
	return out
}

// evaluator is the compiled expression, or the engine.
func (s *Server) evaluator(e *Expr) evaluator {
	if !s.opt.EngineOnly {
		if c := s.compile(e); c != nil {
			return c
		}
	}
	return &engineEval{server: s, expr: e}
}

// Compiled reports whether the query takes a compiled form. Use it after Start.
func (q *Query) Compiled() bool {
	_, ok := q.eval.(*compiled)
	return ok
}

// engineEval evaluates with Prometheus's engine.
type engineEval struct {
	server *Server
	expr   *Expr
}

func (e *engineEval) at(t int64) Answer {
	ctx := context.Background()
	q, err := e.server.engine.NewInstantQuery(ctx, e.server.store, nil, e.expr.Text, time.UnixMilli(t))
	if err != nil {
		return Answer{Err: err}
	}
	defer q.Close()
	res := q.Exec(ctx)
	if res.Err != nil {
		return Answer{Err: res.Err}
	}
	switch v := res.Value.(type) {
	case promql.Vector:
		out := Answer{Type: TypeVector, Elements: make([]Element, len(v))}
		for i := range v {
			out.Elements[i] = Element{v[i].Metric, v[i].F}
		}
		return out
	case promql.Scalar:
		return Answer{Type: TypeScalar, Elements: []Element{{Value: v.V}}}
	case promql.Matrix:
		out := Answer{Type: TypeMatrix}
		for i := range v {
			out.Elements = append(out.Elements, Element{v[i].Metric, v[i].Floats[len(v[i].Floats)-1].F})
		}
		return out
	default:
		return Answer{Type: TypeString}
	}
}
