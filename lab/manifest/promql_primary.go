package manifest

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

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
