package promql

import "github.com/prometheus/prometheus/promql/parser"

// AST is the parsed expression, to be read only.
func (e *Expr) AST() parser.Expr { return e.ast }

// Type is that of the expression's answer.
func (e *Expr) Type() string { return string(e.ast.Type()) }
