package manifest

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
