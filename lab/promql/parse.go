package promql

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"
)

// maxExprBytes bounds the text of an expression: the parser and the engine recurse over it.
const maxExprBytes = 16 << 10

// maxSelectors bounds the selectors of an expression: the engine's time grows with the square of their number.
const maxSelectors = 500

// Expr is a parsed PromQL expression. It does not change, so servers may share it.
type Expr struct {
	// Text is the expression as given.
	Text string
	// Selectors are what it reads, in the order of the text.
	Selectors []Selector
	// Reach is how far before its evaluation time the expression reads, lookback excluded. Everlasting where that is not
	// a fixed time: @, and ranges or offsets that are computed.
	Reach time.Duration

	ast parser.Expr
}

// Everlasting is the reach of an expression that may read any time before.
const Everlasting = time.Duration(1<<63 - 1)

// Selector is one vector or range selector.
type Selector struct {
	// Matchers are all of them, that of the name included.
	Matchers []*labels.Matcher
	// Text is the selector as Prometheus writes it, with its range and offset.
	Text string
}

// Name is the series's name where the selector demands exactly one, else "".
func (s Selector) Name() string {
	v, _ := s.Equal(NameLabel)
	return v
}

// Equal is the value that the selector demands of a label by equality.
func (s Selector) Equal(label string) (string, bool) {
	for _, m := range s.Matchers {
		if m.Name == label && m.Type == labels.MatchEqual {
			return m.Value, true
		}
	}
	return "", false
}

// Accepts reports whether every matcher on a label takes a value. A label without matchers takes all.
func (s Selector) Accepts(label, value string) bool {
	for _, m := range s.Matchers {
		if m.Name == label && !m.Matches(value) {
			return false
		}
	}
	return true
}

// Constrains reports whether the selector says anything of a label.
func (s Selector) Constrains(label string) bool {
	return slices.ContainsFunc(s.Matchers, func(m *labels.Matcher) bool { return m.Name == label })
}

// Matches reports whether a series with these labels is selected.
func (s Selector) Matches(l Labels) bool { return matches(l, s.Matchers) }

// Parse reads an expression with Prometheus's parser. Errors are Prometheus's, with line and column.
func Parse(expr string) (*Expr, error) {
	if err := checkLength(expr); err != nil {
		return nil, err
	}
	ast, err := parser.NewParser(parser.Options{}).ParseExpr(expr)
	if err != nil {
		return nil, parseError(err)
	}
	e := &Expr{Text: expr, ast: ast}
	parser.Inspect(ast, func(n parser.Node, path []parser.Node) error {
		vs, ok := n.(*parser.VectorSelector)
		switch {
		case !ok:
		case len(e.Selectors) == maxSelectors:
			err = fmt.Errorf("the expression has more than %d selectors", maxSelectors)
			return err
		default:
			e.add(vs, path)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return e, nil
}

func checkLength(expr string) error {
	if len(expr) > maxExprBytes {
		return fmt.Errorf("the expression has %d bytes, of which at most %d are read", len(expr), maxExprBytes)
	}
	return nil
}

// parseError keeps the first of Prometheus's errors, on one line.
func parseError(err error) error {
	var all parser.ParseErrors
	if errors.As(err, &all) && len(all) > 0 {
		err = &all[0]
	}
	return errors.New(strings.Join(strings.Fields(err.Error()), " "))
}

// add notes a selector and how far back the expressions around it make it read.
func (e *Expr) add(vs *parser.VectorSelector, path []parser.Node) {
	vs.Offset = vs.OriginalOffset // as the engine does before it evaluates: functions over ranges read it
	sel := Selector{Matchers: vs.LabelMatchers, Text: vs.String()}
	reach, unbounded := vs.OriginalOffset, vs.Timestamp != nil || vs.StartOrEnd != 0 || vs.OriginalOffsetExpr != nil
	for i, n := range path {
		switch n := n.(type) {
		case *parser.MatrixSelector:
			reach += n.Range
			unbounded = unbounded || n.RangeExpr != nil
			if i == len(path)-1 {
				sel.Text = n.String()
			}
		case *parser.SubqueryExpr:
			reach += n.Range + n.OriginalOffset
			unbounded = unbounded || n.Timestamp != nil || n.StartOrEnd != 0 || n.RangeExpr != nil || n.OriginalOffsetExpr != nil
		}
	}
	if unbounded {
		reach = Everlasting
	}
	e.Selectors = append(e.Selectors, sel)
	e.Reach = max(e.Reach, reach)
}
