package rules

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/common/model"
	"go.yaml.in/yaml/v3"
)

// File is a rule file as Prometheus reads it.
type File struct {
	Name   string
	Groups []Group
}

// Group is a group of rules, which Prometheus evaluates one after the other.
type Group struct {
	Name     string
	Interval time.Duration // 0: the server's evaluation interval
	Rules    []Rule
}

// Rule is a recording rule or an alert.
type Rule struct {
	Record, Alert string
	Expr          string
	// Level is what one recorded series is about: the name before the first colon, such as consumergroup.
	Level string
	// Labels are the label names that a recorded series can carry, sorted: those its expression aggregates by, else
	// those of the first recorded series that it reads.
	Labels []string
	// Reads are the names of the series that the expression reads, sorted.
	Reads []string
}

// yamlFile is the part of the format that the shipped files use.
type yamlFile struct {
	Groups []struct {
		Name     string         `yaml:"name"`
		Interval model.Duration `yaml:"interval"`
		Rules    []struct {
			Record      string            `yaml:"record"`
			Alert       string            `yaml:"alert"`
			Expr        string            `yaml:"expr"`
			For         model.Duration    `yaml:"for"`
			Labels      map[string]string `yaml:"labels"`
			Annotations map[string]string `yaml:"annotations"`
		} `yaml:"rules"`
	} `yaml:"groups"`
}

// Read reads one of the files.
func Read(files fs.FS, name string) (*File, error) {
	data, err := fs.ReadFile(files, name)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	var y yamlFile
	dec := yaml.NewDecoder(bytes.NewReader(data))
	dec.KnownFields(true)
	if err := dec.Decode(&y); err != nil {
		return nil, fmt.Errorf("parse %s: %w", name, err)
	}
	f := &File{Name: name}
	for _, g := range y.Groups {
		group := Group{Name: g.Name, Interval: time.Duration(g.Interval)}
		for _, r := range g.Rules {
			level, _, _ := strings.Cut(r.Record, ":")
			group.Rules = append(group.Rules, Rule{Record: r.Record, Alert: r.Alert, Expr: r.Expr, Level: level, Reads: reads(r.Expr)})
		}
		f.Groups = append(f.Groups, group)
	}
	return f, nil
}

// Bundle is what a Prometheus loads: one base, and the recording rules on top of it.
type Bundle struct {
	Files   []*File
	records map[string]*Rule
}

// Load reads a base and the recording rules of a folder.
func Load(files fs.FS, base string) (*Bundle, error) {
	b := &Bundle{records: map[string]*Rule{}}
	for _, name := range []string{base, Recording} {
		f, err := Read(files, name)
		if err != nil {
			return nil, err
		}
		b.Files = append(b.Files, f)
	}
	for _, g := range b.Groups() {
		for i := range g.Rules {
			if r := &g.Rules[i]; r.Record != "" {
				b.records[r.Record] = r
			}
		}
	}
	for _, r := range b.records {
		if r.Labels = b.labels(r, 0); r.Labels == nil {
			return nil, fmt.Errorf("%s: the labels of %s cannot be told from its expression", base, r.Record)
		}
	}
	return b, nil
}

// Shipped is the bundle for this exporter.
var Shipped = sync.OnceValue(func() *Bundle {
	b, err := Load(Files, BaseBurndownExporter)
	if err != nil {
		panic(err) // the files are embedded, and a test reads them
	}
	return b
})

// Groups are all groups of the bundle, in the order of the files.
func (b *Bundle) Groups() []*Group {
	var out []*Group
	for _, f := range b.Files {
		for i := range f.Groups {
			out = append(out, &f.Groups[i])
		}
	}
	return out
}

// Record is the rule that records a name; nil where none does.
func (b *Bundle) Record(name string) *Rule { return b.records[name] }

// Records are all recorded names, sorted.
func (b *Bundle) Records() []string {
	var out []string
	for name := range b.records {
		out = append(out, name)
	}
	slices.Sort(out)
	return out
}

// errNoRecord is a defect of the rule files or of the code that asks for something they never recorded.
var errNoRecord = errors.New("no rule records it")

// Of finds the record at a level of which the base makes nothing but one exported series (and the counter that stands
// in for it): consumergroup and kafka_group_lag give consumergroup:kafka_group_lag:sum.
func (b *Bundle) Of(level, exported string) (string, error) {
	found := ""
	for _, name := range b.Records() {
		r := b.records[name]
		if r.Level == level && Metric(name) != "" && slices.Contains(r.Reads, exported) && !b.readsRecord(r) {
			if found != "" {
				return "", fmt.Errorf("%s at the level %s: both %s and %s record it", exported, level, found, name)
			}
			found = name
		}
	}
	if found == "" {
		return "", fmt.Errorf("%s at the level %s: %w", exported, level, errNoRecord)
	}
	return found, nil
}

func (b *Bundle) readsRecord(r *Rule) bool {
	return slices.ContainsFunc(r.Reads, func(name string) bool { return b.records[name] != nil })
}

// Metric is the middle of a recorded name, level:metric:operation; empty where the name is not of that form.
func Metric(record string) string {
	parts := strings.Split(record, ":")
	if len(parts) != 3 {
		return ""
	}
	return parts[1]
}

// Operation is the last part of a recorded name.
func Operation(record string) string {
	parts := strings.Split(record, ":")
	if len(parts) != 3 {
		return ""
	}
	return parts[2]
}

// depth bounds how far labels are inherited: a rule that reads itself has to end.
const depth = 10

var byList = regexp.MustCompile(`\bby\s*\(([^)]*)\)`)

func (b *Bundle) labels(r *Rule, level int) []string {
	if r.Labels != nil {
		return r.Labels
	}
	if m := byList.FindStringSubmatch(r.Expr); m != nil {
		var out []string
		for _, name := range strings.Split(m[1], ",") {
			if name = strings.TrimSpace(name); name != "" {
				out = append(out, name)
			}
		}
		slices.Sort(out)
		return out
	}
	if level == depth {
		return nil
	}
	for _, name := range names.FindAllString(withoutStrings(r.Expr), -1) {
		if other := b.records[name]; other != nil && other != r {
			if l := b.labels(other, level+1); l != nil {
				return l
			}
		}
	}
	return nil
}

// names are the series of this project as the expressions write them: every one of its names begins so, and nothing
// else in an expression does. A test in the lab holds this equal to Prometheus's own parser.
var names = regexp.MustCompile(`\b(?:[a-z_]+:)?kafka_[a-z0-9_]+(?::[a-z0-9]+)?`)

var quoted = regexp.MustCompile(`"(?:[^"\\]|\\.)*"`)

func withoutStrings(expr string) string { return quoted.ReplaceAllString(expr, `""`) }

func reads(expr string) []string {
	out := names.FindAllString(withoutStrings(expr), -1)
	slices.Sort(out)
	return slices.Compact(out)
}
