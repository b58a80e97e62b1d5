package promql

import "github.com/prometheus/prometheus/promql/parser"

// AST is the parsed expression, to be read only.
func (e *Expr) AST() parser.Expr { return e.ast }

// Type is that of the expression's answer.
func (e *Expr) Type() string { return string(e.ast.Type()) }

// Reads lists the selectors of the queries and of the rules behind them. Use it after Start.
func (s *Server) Reads() []Selector { return s.reads }

// Wanted is the reference of a series that no target exposes, such as one that somebody else records; NoRef where
// nothing reads it. Use it after Start.
func (s *Server) Wanted(l Labels) Ref { return s.wanted(l) }

// Count is how many series a selector has found so far.
func (s *Store) Count(sel Selector) int {
	n := 0
	for _, x := range s.series {
		if sel.Matches(x.labels) {
			n++
		}
	}
	return n
}

// Records are the names that the group's rules record.
func (g *Group) Records() []string {
	var out []string
	for _, r := range g.rules {
		out = append(out, r.Record)
	}
	return out
}
