package promql

import (
	"errors"
	"fmt"
	"maps"
	"time"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/prometheus/prometheus/promql/parser"
	"go.yaml.in/yaml/v3"
)

// Group is a rule group of a loaded file.
type Group struct {
	File, Name string
	Interval   time.Duration
	// Phase is when the group is evaluated first, counted from the start. It may be set before Start.
	Phase time.Duration

	server *Server
	offset int64 // ms, query_offset
	limit  int
	rules  []*Rule
	needed bool
	next   int64
}

// Rule is a recording rule.
type Rule struct {
	// Record is the name of the series.
	Record string
	// Err is the error of the last evaluation, nil if it succeeded.
	Err error

	labels labels.Labels
	expr   *Expr
	needed bool
	eval   evaluator
	series map[string]*recorded // by the labels of the result
	round  int
}

type recorded struct {
	ref     Ref
	round   int  // the evaluation that answered it last
	present bool // the last evaluation that succeeded had it
}

// errDuplicate says what Prometheus says of a rule whose results differ in nothing but what the rule overwrites.
var errDuplicate = errors.New("vector contains metrics with the same labelset after applying rule labels")

// validation is that of names, Prometheus's default.
const validation = model.UTF8Validation

// RuleFile is a rule file that was read. It does not change, so servers may share it.
type RuleFile struct {
	file   string
	groups []ruleGroup
}

type ruleGroup struct {
	name             string
	interval, offset time.Duration
	limit            int
	rules            []rule
}

type rule struct {
	record string
	labels labels.Labels
	expr   *Expr
}

// ReadRules reads the recording rules of a rule file, as Prometheus does. Alerts are checked and left out.
func ReadRules(file string, data []byte) (*RuleFile, error) {
	if err := checkRuleFile(data); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	parsed, errs := rulefmt.Parse(data, false, validation, parser.NewParser(parser.Options{}), nil)
	if len(errs) > 0 {
		return nil, fmt.Errorf("%s: %w", file, errs[0])
	}
	f := &RuleFile{file: file}
	for i := range parsed.Groups {
		in := &parsed.Groups[i]
		g := ruleGroup{name: in.Name, interval: time.Duration(in.Interval), limit: in.Limit}
		if in.QueryOffset != nil {
			g.offset = time.Duration(*in.QueryOffset)
		}
		for _, r := range in.Rules {
			if r.Record == "" {
				continue
			}
			e, err := Parse(r.Expr)
			if err != nil {
				return nil, fmt.Errorf("%s: %s: %w", file, r.Record, err)
			}
			all := maps.Clone(in.Labels)
			if all == nil {
				all = map[string]string{}
			}
			maps.Copy(all, r.Labels)
			g.rules = append(g.rules, rule{r.Record, labels.FromMap(all), e})
		}
		f.groups = append(f.groups, g)
	}
	return f, nil
}

// LoadRules reads a rule file and adds its recording rules. Load files before Start.
func (s *Server) LoadRules(file string, data []byte) error {
	f, err := ReadRules(file, data)
	if err != nil {
		return err
	}
	s.AddRules(f)
	return nil
}

// AddRules adds the recording rules of a file. Add files before Start.
func (s *Server) AddRules(f *RuleFile) {
	for _, in := range f.groups {
		g := &Group{File: f.file, Name: in.name, Interval: in.interval, server: s, limit: in.limit, offset: in.offset.Milliseconds()}
		if g.Interval == 0 {
			g.Interval = s.opt.EvaluationInterval
		}
		for _, r := range in.rules {
			g.rules = append(g.rules, &Rule{Record: r.record, expr: r.expr, labels: r.labels, series: map[string]*recorded{}})
		}
		s.groups = append(s.groups, g)
	}
}

// maxRuleBytes bounds a rule file.
const maxRuleBytes = 4 << 20

// checkRuleFile bounds what is given to Prometheus's parser.
func checkRuleFile(data []byte) error {
	if len(data) > maxRuleBytes {
		return fmt.Errorf("the rule file has %d bytes, of which at most %d are read", len(data), maxRuleBytes)
	}
	var f struct {
		Groups []struct {
			Rules []struct {
				Expr string `yaml:"expr"`
			} `yaml:"rules"`
		} `yaml:"groups"`
	}
	if err := yaml.Unmarshal(data, &f); err != nil {
		return nil //nolint:nilerr // Prometheus's own error says more
	}
	for _, g := range f.Groups {
		for _, r := range g.Rules {
			if err := checkLength(r.Expr); err != nil {
				return err
			}
		}
	}
	return nil
}

// Groups are the loaded rule groups, in the order of the files.
func (s *Server) Groups() []*Group { return s.groups }

// Needed are the rules of the group that the queries depend on. Use it after Start.
func (g *Group) Needed() []*Rule {
	var out []*Rule
	for _, r := range g.rules {
		if r.needed {
			out = append(out, r)
		}
	}
	return out
}

// feeds reports whether a selector may find what the rule records.
func (r *Rule) feeds(sel Selector) bool {
	if !sel.Accepts(NameLabel, r.Record) {
		return false
	}
	ok := true
	r.labels.Range(func(l labels.Label) { ok = ok && sel.Accepts(l.Name, l.Value) })
	return ok
}

// start sets the first evaluation.
func (g *Group) start(at int64) {
	g.next = at + g.Phase.Milliseconds()
	for _, r := range g.rules {
		if r.needed {
			g.needed = true
			r.eval = g.server.evaluator(r.expr)
		}
	}
}

// evaluate evaluates the needed rules one after the other, as Prometheus does: a rule sees what the ones before it have
// just recorded.
func (g *Group) evaluate(at int64) {
	for _, r := range g.rules {
		if r.needed {
			r.Err = r.record(g, at-g.offset)
		}
	}
}

// record is one evaluation of a rule. An error leaves the series as they are.
func (r *Rule) record(g *Group, at int64) error {
	a := r.eval.at(at)
	switch {
	case a.Err != nil:
		return a.Err
	case a.Type != TypeVector && a.Type != TypeScalar:
		return fmt.Errorf("rule result is not a vector or scalar")
	case g.limit > 0 && len(a.Elements) > g.limit:
		return fmt.Errorf("exceeded limit of %d with %d series", g.limit, len(a.Elements))
	}
	r.round++
	refs := make([]*recorded, len(a.Elements))
	for i := range a.Elements {
		x := r.find(g.server.store, a.Elements[i].Labels)
		if x.round == r.round {
			return errDuplicate
		}
		x.round, refs[i] = r.round, x
	}
	for i, x := range refs {
		g.server.store.Append(x.ref, at, a.Elements[i].Value)
	}
	for _, x := range r.series {
		if x.present && x.round != r.round {
			g.server.store.Stale(x.ref, at)
		}
		x.present = x.round == r.round
	}
	return nil
}

// find is the series that a result is recorded as.
func (r *Rule) find(store *Store, l labels.Labels) *recorded {
	var buf [512]byte
	key := l.Bytes(buf[:0])
	if x, ok := r.series[string(key)]; ok {
		return x
	}
	b := labels.NewBuilder(l)
	b.Set(NameLabel, r.Record)
	r.labels.Range(func(l labels.Label) { b.Set(l.Name, l.Value) })
	x := &recorded{ref: store.Series(b.Labels())}
	for _, other := range r.series {
		if other.ref == x.ref {
			x = other
		}
	}
	r.series[string(key)] = x
	return x
}
