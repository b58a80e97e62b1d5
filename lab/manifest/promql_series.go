package manifest

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

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
