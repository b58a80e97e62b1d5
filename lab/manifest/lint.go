package manifest

import (
	"fmt"
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

// Finding is what a lint has to say.
type Finding struct {
	// ID names the lint, stable over versions.
	ID       string
	Severity Severity
	File     string
	Line     int
	// Object is namespace/name, Field the path in the manifest.
	Object, Field string
	// Reason says what happens, Fix what to write instead.
	Reason, Fix string
}

// String is the finding in one line.
func (f Finding) String() string {
	return fmt.Sprintf("%s:%d: %s: %s: [%s] %s Fix: %s", f.File, f.Line, f.Severity, f.Object, f.ID, f.Reason, f.Fix)
}

// Facts are what the manifests do not say; the zero value of each means unknown, and lints that need it stay silent.
type Facts struct {
	// Partitions is the ceiling on useful replicas.
	Partitions int
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
			(*linter).ratioAsAverage, (*linter).nullValues, (*linter).invented, (*linter).safetyNet,
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
func (l *linter) report(id string, s Severity, field, reason, fix string) {
	line := l.o.notes.lines[field]
	if line == 0 {
		line = l.o.Line
	}
	l.findings = append(l.findings, Finding{
		ID: id, Severity: s, File: l.o.File, Line: line, Object: l.o.String(), Field: field, Reason: reason, Fix: fix,
	})
}

// trigger adds a finding about a trigger; field is relative to it.
func (l *linter) trigger(i int, id string, s Severity, field, reason, fix string) {
	l.report(id, s, fmt.Sprintf("spec.triggers[%d].%s", i, field), reason, fix)
	note := &l.o.notes.triggers[i]
	line := note.lines[field]
	if line == 0 {
		line = note.line
	}
	l.findings[len(l.findings)-1].Line = line
}

// each visits the triggers.
func (l *linter) each(visit func(i int, t *scale.Trigger, q *Query)) {
	for i := range l.so.Triggers {
		visit(i, &l.so.Triggers[i], l.o.Queries[i])
	}
}

// upTolerance is the dead band above the target.
func (l *linter) upTolerance() float64 {
	if b := l.so.Behavior; b != nil && b.Up != nil && b.Up.Tolerance != nil {
		return *b.Up.Tolerance
	}
	return scale.DefaultController().Tolerance
}
