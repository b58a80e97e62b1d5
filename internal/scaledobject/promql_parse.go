package scaledobject

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// node is a parsed expression.
type node struct {
	kind nodeKind
	// name is the operator, the function, the aggregation or the series.
	name     string
	number   float64
	args     []*node
	matchers []matcher
	// window is a range selector, offset an offset modifier.
	window, offset time.Duration
	// bool marks a comparison that answers 0 or 1.
	bool bool
	// grouped marks an aggregation with by or without and lists by's labels.
	grouped bool
	by      []string
	// on marks a binary operator with on, ignoring or group modifiers.
	on  bool
	pos int
}

type nodeKind uint8

const (
	nodeNumber nodeKind = iota
	nodeSeries
	nodeCall
	nodeAggregate
	nodeBinary
	nodeNegate
)

type matcher struct{ label, op, value string }

// maxDepth bounds the nesting of a query, which comes from outside.
const maxDepth = 100

type parser struct {
	tokens []token
	i      int
	depth  int
}

// parsePromQL parses the subset of PromQL that trigger queries use.
func parsePromQL(src string) (*node, error) {
	tokens, err := lex(src)
	if err != nil {
		return nil, err
	}
	p := &parser{tokens: tokens}
	n, err := p.binary(0)
	if err != nil {
		return nil, err
	}
	if t := p.peek(); t.kind != tokEOF {
		return nil, fmt.Errorf("position %d: %s is not expected here", t.pos+1, t)
	}
	return n, nil
}

func (p *parser) peek() token { return p.tokens[p.i] }

func (p *parser) next() token {
	t := p.tokens[p.i]
	if t.kind != tokEOF {
		p.i++
	}
	return t
}

func (p *parser) accept(op string) bool {
	if t := p.peek(); t.kind == tokOp && t.text == op {
		p.i++
		return true
	}
	return false
}

func (p *parser) acceptWord(word string) bool {
	if t := p.peek(); t.kind == tokIdent && strings.EqualFold(t.text, word) {
		p.i++
		return true
	}
	return false
}

func (p *parser) expect(op string) error {
	if !p.accept(op) {
		t := p.peek()
		return fmt.Errorf("position %d: expected %q, found %s", t.pos+1, op, t)
	}
	return nil
}

// levels lists the binary operators from the loosest to the tightest.
var levels = [][]string{
	{"or"}, {"and", "unless"}, {"==", "!=", "<=", "<", ">=", ">"}, {"+", "-"}, {"*", "/", "%"},
}

func (p *parser) operator(level int) (string, bool) {
	t := p.peek()
	if t.kind != tokOp && t.kind != tokIdent {
		return "", false
	}
	word := strings.ToLower(t.text)
	return word, slices.Contains(levels[level], word)
}

func (p *parser) binary(level int) (*node, error) {
	if level == len(levels) {
		return p.unary()
	}
	left, err := p.binary(level + 1)
	if err != nil {
		return nil, err
	}
	for {
		op, ok := p.operator(level)
		if !ok {
			return left, nil
		}
		n := &node{kind: nodeBinary, name: op, pos: p.next().pos}
		n.bool = p.acceptWord("bool")
		if n.on, err = p.vectorMatching(); err != nil {
			return nil, err
		}
		right, err := p.binary(level + 1)
		if err != nil {
			return nil, err
		}
		n.args = []*node{left, right}
		left = n
	}
}

// vectorMatching skips on, ignoring, group_left and group_right, which choose among series of one group.
func (p *parser) vectorMatching() (bool, error) {
	found := false
	for _, word := range []string{"on", "ignoring", "group_left", "group_right"} {
		if !p.acceptWord(word) {
			continue
		}
		found = true
		if t := p.peek(); t.kind == tokOp && t.text == "(" {
			if _, err := p.labelList(); err != nil {
				return false, err
			}
		}
	}
	return found, nil
}

func (p *parser) labelList() ([]string, error) {
	if err := p.expect("("); err != nil {
		return nil, err
	}
	var labels []string
	for !p.accept(")") {
		t := p.next()
		if t.kind != tokIdent {
			return nil, fmt.Errorf("position %d: expected a label, found %s", t.pos+1, t)
		}
		labels = append(labels, t.text)
		if !p.accept(",") {
			return labels, p.expect(")")
		}
	}
	return labels, nil
}

func (p *parser) unary() (*node, error) {
	if p.depth++; p.depth > maxDepth {
		return nil, fmt.Errorf("the query nests deeper than %d levels", maxDepth)
	}
	defer func() { p.depth-- }()
	t := p.peek()
	if p.accept("-") {
		n, err := p.unary()
		if err != nil {
			return nil, err
		}
		return &node{kind: nodeNegate, args: []*node{n}, pos: t.pos}, nil
	}
	if p.accept("+") {
		return p.unary()
	}
	n, err := p.primary()
	if err != nil {
		return nil, err
	}
	if p.accept("^") {
		// Binds tighter than the sign before it, and to the right.
		right, err := p.unary()
		if err != nil {
			return nil, err
		}
		return &node{kind: nodeBinary, name: "^", args: []*node{n, right}, pos: t.pos}, nil
	}
	return n, nil
}

func (p *parser) primary() (*node, error) {
	t := p.next()
	switch {
	case t.kind == tokNumber:
		v, err := strconv.ParseFloat(t.text, 64)
		if err != nil && !math.IsInf(v, 0) {
			return nil, fmt.Errorf("position %d: %s is not a number", t.pos+1, t)
		}
		return &node{kind: nodeNumber, number: v, pos: t.pos}, nil
	case t.kind == tokOp && t.text == "(":
		n, err := p.binary(0)
		if err != nil {
			return nil, err
		}
		return n, p.expect(")")
	case t.kind == tokOp && t.text == "{":
		p.i--
		return p.series(token{tokIdent, "", t.pos})
	case t.kind == tokIdent:
		return p.named(t)
	}
	return nil, fmt.Errorf("position %d: %s is not expected here", t.pos+1, t)
}

// named parses what begins with a word: a special number, an aggregation, a call or a series.
func (p *parser) named(t token) (*node, error) {
	lower := strings.ToLower(t.text)
	switch {
	case lower == "inf":
		return &node{kind: nodeNumber, number: math.Inf(1), pos: t.pos}, nil
	case lower == "nan":
		return &node{kind: nodeNumber, number: math.NaN(), pos: t.pos}, nil
	case slices.Contains([]string{"sum", "max", "min", "avg", "count"}, lower):
		return p.aggregate(lower, t)
	}
	if next := p.peek(); next.kind == tokOp && next.text == "(" {
		args, err := p.arguments()
		return &node{kind: nodeCall, name: t.text, args: args, pos: t.pos}, err
	}
	return p.series(t)
}

func (p *parser) arguments() ([]*node, error) {
	if err := p.expect("("); err != nil {
		return nil, err
	}
	var args []*node
	for !p.accept(")") {
		a, err := p.binary(0)
		if err != nil {
			return nil, err
		}
		args = append(args, a)
		if !p.accept(",") {
			return args, p.expect(")")
		}
	}
	return args, nil
}

func (p *parser) aggregate(op string, t token) (*node, error) {
	n := &node{kind: nodeAggregate, name: op, pos: t.pos}
	if err := p.grouping(n); err != nil {
		return nil, err
	}
	args, err := p.arguments()
	if err != nil {
		return nil, err
	}
	if len(args) != 1 {
		return nil, fmt.Errorf("position %d: %s takes one argument", t.pos+1, op)
	}
	n.args = args
	return n, p.grouping(n)
}

func (p *parser) grouping(n *node) error {
	by := p.acceptWord("by")
	if !by && !p.acceptWord("without") {
		return nil
	}
	labels, err := p.labelList()
	if err != nil {
		return err
	}
	n.grouped = true
	if by {
		n.by = labels
		n.grouped = len(labels) > 0
	}
	return nil
}

func (p *parser) series(t token) (*node, error) {
	n := &node{kind: nodeSeries, name: t.text, pos: t.pos}
	if p.accept("{") {
		if err := p.matcherList(n); err != nil {
			return nil, err
		}
	}
	if p.accept("[") {
		w, err := p.duration()
		if err != nil {
			return nil, err
		}
		n.window = w
		if err := p.expect("]"); err != nil {
			return nil, fmt.Errorf("%w (subqueries are not read)", err)
		}
	}
	if p.acceptWord("offset") {
		d, err := p.duration()
		if err != nil {
			return nil, err
		}
		n.offset = d
	}
	if t := p.peek(); t.kind == tokOp && t.text == "@" {
		return nil, fmt.Errorf("position %d: the @ modifier is not read", t.pos+1)
	}
	return n, nil
}

func (p *parser) matcherList(n *node) error {
	for !p.accept("}") {
		label := p.next()
		if label.kind != tokIdent {
			return fmt.Errorf("position %d: expected a label, found %s", label.pos+1, label)
		}
		op := p.next()
		if op.kind != tokOp || !slices.Contains([]string{"=", "!=", "=~", "!~"}, op.text) {
			return fmt.Errorf("position %d: expected a matcher such as =, found %s", op.pos+1, op)
		}
		value := p.next()
		if value.kind != tokString {
			return fmt.Errorf("position %d: expected a quoted value, found %s", value.pos+1, value)
		}
		n.matchers = append(n.matchers, matcher{label.text, op.text, value.text})
		if !p.accept(",") {
			return p.expect("}")
		}
	}
	return nil
}

func (p *parser) duration() (time.Duration, error) {
	t := p.next()
	if t.kind != tokDuration {
		return 0, fmt.Errorf("position %d: expected a duration such as 5m, found %s", t.pos+1, t)
	}
	d, err := parseDuration(t.text)
	if err != nil {
		return 0, fmt.Errorf("position %d: %w", t.pos+1, err)
	}
	return d, nil
}

var durationUnits = []struct {
	name string
	unit time.Duration
}{
	{"ms", time.Millisecond}, {"s", time.Second}, {"m", time.Minute}, {"h", time.Hour},
	{"d", 24 * time.Hour}, {"w", 7 * 24 * time.Hour}, {"y", 365 * 24 * time.Hour},
}

// parseDuration reads a duration as Prometheus writes it: 90s, 1m30s, 7d.
func parseDuration(text string) (time.Duration, error) {
	var total time.Duration
	for rest := text; rest != ""; {
		digits := 0
		for digits < len(rest) && isDigit(rest[digits]) {
			digits++
		}
		n, err := strconv.ParseInt(rest[:digits], 10, 64)
		if err != nil {
			return 0, fmt.Errorf("%q is no duration such as 5m", text)
		}
		rest = rest[digits:]
		unit := time.Duration(0)
		for _, u := range durationUnits {
			if strings.HasPrefix(rest, u.name) {
				unit, rest = u.unit, rest[len(u.name):]
				break
			}
		}
		if unit == 0 || n > int64(math.MaxInt64/unit) || total > math.MaxInt64-time.Duration(n)*unit {
			return 0, fmt.Errorf("%q is no duration such as 5m", text)
		}
		total += time.Duration(n) * unit
	}
	if total <= 0 {
		return 0, fmt.Errorf("the duration %q is not above 0", text)
	}
	return total, nil
}
