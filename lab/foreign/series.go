package foreign

import (
	"fmt"
	"slices"
	"strings"

	"github.com/prometheus/prometheus/promql/parser"

	"kafka_burndown_exporter/collector"
	"kafka_burndown_exporter/lab/promql"
)

// Series is one series name of another exporter.
type Series struct {
	Name string
	// Signal is what it shows, by the names of --series.
	Signal string
	// Source is the family of ours that shows the same. Where a label of the source is left out, values are added up, or
	// the largest is taken where Max is set.
	Source string
	Max    bool
	Labels []Label
}

// Label is a label of a foreign series: a label of the source under another name, or a constant.
type Label struct{ Name, From, Value string }

// Target is what a scrape of another exporter finds.
type Target struct {
	// Job is the target's label.
	Job    string
	Series []Series
	// Pods says that the members publish the series themselves: one target for each service, and nothing without members.
	Pods bool
}

// signals are the ones that --series takes, with the family that shows each, from fine to coarse.
var signals = []struct {
	name    string
	sources []source
}{
	{"lag", []source{
		{collector.LevelGroupPartition, "lag"}, {collector.LevelGroupTopic, "lag"}, {collector.LevelGroup, "lag"},
	}},
	{"lag_max", []source{{collector.LevelGroupTopic, "lag_max"}, {collector.LevelGroup, "lag_max"}}},
	{"lag_seconds", []source{{collector.LevelGroupTopic, "lag_seconds"}, {collector.LevelGroup, "lag_seconds"}}},
	{"backlog", []source{{collector.LevelGroupTopic, "backlog"}, {collector.LevelGroup, "backlog"}}},
	{"committed", []source{
		{collector.LevelGroupPartition, "current_offset"}, {collector.LevelGroupTopic, "current_offset_sum"},
	}},
	{"end", []source{{collector.LevelTopicPartition, "current_offset"}}},
	{"start", []source{{collector.LevelTopicPartition, "oldest_offset"}}},
	{"members", []source{{collector.LevelGroup, "members"}}},
}

type source struct {
	level  collector.Level
	signal string
}

// labels are those of a source's series.
func (s source) labels() []string {
	f, _ := collector.Find(collector.Named(s.level, s.signal))
	return f.Labels
}

// newSeries finds the source that shows a signal with the labels that the series has: the coarsest that has them all,
// else the finest, whose values are then added up.
func newSeries(name, signal string, labels ...Label) (Series, error) {
	i := slices.IndexFunc(signals, func(s struct {
		name    string
		sources []source
	}) bool {
		return s.name == signal
	})
	if i < 0 {
		var known []string
		for _, s := range signals {
			known = append(known, s.name)
		}
		return Series{}, fmt.Errorf("no signal is called %q; there are %s", signal, strings.Join(known, ", "))
	}
	out := Series{Name: name, Signal: signal, Labels: labels, Max: signal == "lag_max" || signal == "lag_seconds"}
	for _, s := range slices.Backward(signals[i].sources) {
		has := s.labels()
		if !slices.ContainsFunc(labels, func(l Label) bool { return l.From != "" && !slices.Contains(has, l.From) }) {
			out.Source = collector.Named(s.level, s.signal)
			return out, nil
		}
	}
	return out, fmt.Errorf("%s is not known by %s", signal, fromText(labels))
}

func fromText(labels []Label) string {
	var out []string
	for _, l := range labels {
		if l.From != "" {
			out = append(out, l.From)
		}
	}
	return strings.Join(out, ", ")
}

// placeholders stand for what a label of a selector carries.
var placeholders = map[string]string{
	"{{group}}": collector.LabelGroup, "{{topic}}": collector.LabelTopic, "{{partition}}": collector.LabelPartition,
}

// Parse reads an item of --series: the name of a preset, or SIGNAL=SELECTOR. In the selector's labels {{group}},
// {{topic}} and {{partition}} stand for what they carry; others are constants.
func Parse(item string) (*Target, error) {
	signal, selector, ok := strings.Cut(item, "=")
	if !ok {
		if t, ok := presets()[item]; ok {
			return t, nil
		}
		return nil, fmt.Errorf("%q is not a preset (%s) and not SIGNAL=SELECTOR", item, strings.Join(Presets(), ", "))
	}
	e, err := promql.Parse(selector)
	if err != nil {
		return nil, fmt.Errorf("%q: %w", selector, err)
	}
	if _, plain := e.AST().(*parser.VectorSelector); !plain || e.Selectors[0].Name() == "" {
		return nil, fmt.Errorf(`%q is not a selector such as my_lag{group="{{group}}"}`, selector)
	}
	var labels []Label
	for _, m := range e.Selectors[0].Matchers {
		v, equal := e.Selectors[0].Equal(m.Name)
		switch {
		case m.Name == promql.NameLabel:
		case !equal:
			return nil, fmt.Errorf("%q: %s is not given by equality; write %s=\"…\"", selector, m.Name, m.Name)
		case placeholders[v] != "":
			labels = append(labels, Label{Name: m.Name, From: placeholders[v]})
		default:
			labels = append(labels, Label{Name: m.Name, Value: v})
		}
	}
	s, err := newSeries(e.Selectors[0].Name(), signal, labels...)
	if err != nil {
		return nil, fmt.Errorf("%q: %w", item, err)
	}
	return &Target{Job: "series", Series: []Series{s}}, nil
}

// ParseAll reads several.
func ParseAll(items []string) ([]*Target, error) {
	var out []*Target
	for _, item := range items {
		t, err := Parse(item)
		if err != nil {
			return nil, fmt.Errorf("--series: %w", err)
		}
		out = append(out, t)
	}
	return out, nil
}

// Label is the name of the series's label that carries a label of ours; empty where it has none.
func (s *Series) Label(from string) string {
	for _, l := range s.Labels {
		if l.From == from {
			return l.Name
		}
	}
	return ""
}

// Pairs are the names and values of a series's labels, for a series of its source.
func (s *Series) Pairs(source []string) []string {
	var out []string
	for _, l := range s.Labels {
		v := l.Value
		for i := 0; i < len(source); i += 2 {
			if source[i] == l.From {
				v = source[i+1]
			}
		}
		out = append(out, l.Name, v)
	}
	return out
}
