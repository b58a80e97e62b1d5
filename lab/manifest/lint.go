package manifest

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"kafka_burndown_exporter/internal/scale"
)

// Severity grades a finding.
type Severity uint8

const (
	// Info: has no effect, or is worth knowing.
	Info Severity = iota + 1
	// Warning: works, but not as its author thinks, or not in a fault.
	Warning
	// Fatal: does not scale as it should.
	Fatal
)

// String is the severity's name.
func (s Severity) String() string {
	switch s {
	case Info:
		return "info"
	case Warning:
		return "warning"
	case Fatal:
		return "error"
	default:
		return fmt.Sprintf("Severity(%d)", uint8(s))
	}
}

// MarshalText writes the severity's name.
func (s Severity) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// Finding is what a lint has to say.
type Finding struct {
	// ID is that of the Rule.
	ID       string   `json:"id"`
	Severity Severity `json:"severity"`
	File     string   `json:"file"`
	// Line is 0 where it is not known.
	Line int `json:"line,omitempty"`
	// Object is namespace/name, Field the path in the manifest.
	Object string `json:"object,omitempty"`
	Field  string `json:"field,omitempty"`
	// Reason says what happens, Fix what to write instead.
	Reason string `json:"reason"`
	Fix    string `json:"fix,omitempty"`
}

// String is the finding in one line.
func (f Finding) String() string {
	place := f.File
	if f.Line > 0 {
		place += ":" + strconv.Itoa(f.Line)
	}
	text := fmt.Sprintf("%s: %s: ", place, f.Severity)
	if f.Object != "" {
		text += f.Object + ": "
	}
	if f.Field != "" {
		text += f.Field + ": "
	}
	text += fmt.Sprintf("[%s] %s", f.ID, f.Reason)
	if f.Fix != "" {
		text += " Fix: " + f.Fix
	}
	return text
}

// Facts are what the manifests do not say; the zero value of each means unknown, and lints that need it stay silent.
type Facts struct {
	// Partitions is the ceiling on useful replicas; 0: not known, or there is none, as for share groups.
	Partitions int
	// Tasks are those of a Kafka Streams application, for which Partitions is the replicas that have threads for them.
	Tasks int
	// Capacity is what one replica consumes, in messages/s.
	Capacity float64
	// RebalancePause is how long a change of membership stops consumption.
	RebalancePause time.Duration
	// StartDelay is the time from asking for a pod to its first message.
	StartDelay time.Duration
}

// linter looks at one object.
type linter struct {
	bundle   *Bundle
	o        *Object
	so       *scale.ScaledObject
	facts    Facts
	findings []Finding
}

// Lint checks every object of the bundle. facts may be nil.
func Lint(b *Bundle, facts func(*Object) Facts) []Finding {
	var out []Finding
	for _, o := range b.Objects {
		l := &linter{bundle: b, o: o, so: &o.Scale}
		if facts != nil {
			l.facts = facts(o)
		}
		for _, check := range []func(*linter){
			(*linter).unknown, (*linter).zero, (*linter).ratioAsAverage, (*linter).nullValues, (*linter).invented, (*linter).safetyNet,
			(*linter).pollingAndCooldown, (*linter).maxReplicas, (*linter).activation, (*linter).unreachableTarget,
			(*linter).shortDrain, (*linter).restsBelow, (*linter).requests, (*linter).oneAutoscaler,
			(*linter).obsolete, (*linter).valueAlone, (*linter).kafkaPitfalls,
		} {
			check(l)
		}
		out = append(out, l.findings...)
	}
	return out
}

// report adds a finding about the object.
func (l *linter) report(r *Rule, field, reason, fix string) {
	if l.so.Plain {
		field = strings.Replace(field, "spec.triggers", "spec.metrics", 1)
	}
	line := l.o.notes.lines[field]
	if line == 0 {
		line = l.o.Line
	}
	l.findings = append(l.findings, Finding{
		ID: r.ID, Severity: r.Severity, File: l.o.File, Line: line, Object: l.o.String(), Field: field, Reason: reason, Fix: fix,
	})
}

// trigger adds a finding about a trigger; field is relative to it.
func (l *linter) trigger(i int, r *Rule, field, reason, fix string) {
	path := fmt.Sprintf("spec.triggers[%d].%s", i, field)
	if l.so.Plain {
		path = fmt.Sprintf("spec.metrics[%d]", i)
	}
	l.report(r, path, reason, fix)
	note := &l.o.notes.triggers[i]
	line := note.lines[field]
	if line == 0 {
		line = note.line
	}
	l.findings[len(l.findings)-1].Line = line
}

// weaken grades the last finding lower than its rule.
func (l *linter) weaken(s Severity) { l.findings[len(l.findings)-1].Severity = s }

// each visits the triggers.
func (l *linter) each(visit func(i int, t *scale.Trigger, q *Query)) {
	for i := range l.so.Triggers {
		visit(i, &l.so.Triggers[i], l.o.Queries[i])
	}
}

// unknown names what the other lints cannot look into.
func (l *linter) unknown() {
	for i, err := range l.o.Unread {
		if err != nil {
			field := "metadata.query"
			if l.so.Triggers[i].Prometheus == nil {
				field = "type"
			}
			l.trigger(i, notChecked, field, sentence(err.Error()), "")
		}
	}
}

func sentence(text string) string {
	if !strings.HasSuffix(text, ".") && !strings.HasSuffix(text, "?") {
		text += "."
	}
	return text
}

// upTolerance is the dead band above the target.
func (l *linter) upTolerance() float64 {
	if b := l.so.Behavior; b != nil && b.Up != nil && b.Up.Tolerance != nil {
		return *b.Up.Tolerance
	}
	return scale.DefaultController().Tolerance
}
