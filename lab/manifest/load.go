package manifest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"kafka_burndown_exporter/internal/scale"
	"kafka_burndown_exporter/lab/strictyaml"
)

// Options steer the reading of manifests.
type Options struct {
	// Series names series beyond the exporter's and the recorded ones by the signal they stand for.
	Series map[string]Signal
	// Env resolves the metadata fields that end in FromEnv.
	Env map[string]string
	// KeepUnread leaves what cannot be simulated in place and says so in Object.Unread instead of failing: queries on
	// unknown series, triggers of other types, variables of the pod. It is enough to lint, not to simulate.
	KeepUnread bool
}

// Bundle is what a set of manifests says about scaling.
type Bundle struct {
	// Objects are the ScaledObjects, and the HPAs on targets that no ScaledObject scales.
	Objects []*Object
	// HPAs and Workloads are found beside the ScaledObjects and serve the lints.
	HPAs      []HPA
	Workloads []Workload
}

// Target names what is scaled.
type Target struct{ APIVersion, Kind, Name string }

// String is kind/name.
func (t Target) String() string { return t.Kind + "/" + t.Name }

// The kinds of Object.
const (
	KindScaledObject = "ScaledObject"
	KindHPA          = "HorizontalPodAutoscaler"
)

// Object is one ScaledObject, or one HPA that stands by itself: Scale.Plain.
type Object struct {
	Kind            string
	File            string
	Line            int
	Namespace, Name string
	Target          Target
	HPAName         string
	// RestoreReplicas is restoreToOriginalReplicaCount, which acts when the ScaledObject is deleted.
	RestoreReplicas bool
	Scale           scale.ScaledObject
	// Queries has an entry per trigger, nil where it is no prometheus trigger or could not be read.
	Queries []*Query
	// Unread has an entry per trigger, nil where the trigger can be simulated; see Options.KeepUnread.
	Unread []error
	// Notes hold what the manifest says beyond the types of package scale, for the lints.
	notes notes
}

// Error is a fault of a manifest, with its place.
type Error = strictyaml.Error

// reader reads one object.
type reader struct{ *strictyaml.Reader }

func newReader(file string) *reader {
	return &reader{&strictyaml.Reader{File: file, Words: strictyaml.Words{
		Syntax: "is not valid YAML", Unknown: "is not a field here", Twice: "is given twice: remove one",
	}}}
}

// notes are facts of the text that its meaning does not show.
type notes struct {
	pollingSet, cooldownSet bool
	transferOwnership       bool
	triggers                []triggerNotes
	lines                   map[string]int
}

// fields notes where the fields of spec stand.
func (n *notes) fields(spec *strictyaml.Mapping) {
	for key, value := range spec.Items {
		n.lines["spec."+key] = value.Line
	}
}

type triggerNotes struct {
	// set lists the metadata keys that were given.
	set      []string
	obsolete []string
	// lines holds the lines of the metadata keys under metadata., and line that of the trigger.
	lines map[string]int
	line  int
	// unread is why the trigger cannot be simulated.
	unread error
}

// String is namespace/name, or name alone.
func (o *Object) String() string {
	if o.Namespace == "" {
		return o.Name
	}
	return o.Namespace + "/" + o.Name
}

// Group is the consumer group the object scales on: that of its first trigger that names one.
func (o *Object) Group() string {
	for i := range o.Scale.Triggers {
		if k := o.Scale.Triggers[i].Kafka; k != nil {
			return k.ConsumerGroup
		}
		if m := o.Scale.Triggers[i].MetricsAPI; m != nil && DesiredGroup(m) != "" {
			return DesiredGroup(m)
		}
		if q := o.Queries[i]; q != nil && q.Group() != "" {
			return q.Group()
		}
	}
	return ""
}

// Load reads manifest files and the files of folders. "-" is standard input.
func Load(paths []string, opts Options) (*Bundle, error) {
	b := &Bundle{}
	sources, err := files(paths, os.Stdin)
	if err != nil {
		return nil, err
	}
	var errs []error
	for _, s := range sources {
		errs = append(errs, b.add(s, opts)...)
	}
	errs = append(errs, b.finish(opts)...)
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return b, b.empty(paths)
}

// Check reads manifests as Load does, but goes on after faults: they are findings, before those of the lints on what
// could be read. The error is that of the files themselves. stdin is what "-" reads.
func Check(paths []string, stdin io.Reader, opts Options, facts func(*Object) Facts) (*Bundle, []Finding, error) {
	sources, err := files(paths, stdin)
	if err != nil {
		return nil, nil, err
	}
	opts.KeepUnread = true
	b := &Bundle{}
	var errs []error
	for _, s := range sources {
		errs = append(errs, b.add(s, opts)...)
	}
	errs = append(errs, b.finish(opts)...)
	var out []Finding
	for _, err := range errs {
		out = append(out, refusal(err))
	}
	if len(errs) == 0 {
		err = b.empty(paths)
	}
	return b, append(out, Lint(b, facts)...), err
}

// refusal makes a finding of a fault.
func refusal(err error) Finding {
	f := Finding{ID: refused.ID, Severity: refused.Severity}
	var e *Error
	if errors.As(err, &e) {
		_, name, _ := strings.Cut(e.Object, " ")
		f.File, f.Line, f.Object, f.Field, f.Reason = e.File, e.Line, name, e.Field, sentence(e.Msg)
		return f
	}
	f.Reason = sentence(err.Error())
	return f
}

// empty says that there is nothing to scale.
func (b *Bundle) empty(paths []string) error {
	if len(b.Objects) > 0 {
		return nil
	}
	return fmt.Errorf("%s: no ScaledObject (apiVersion keda.sh/v1alpha1) and no HPA (apiVersion autoscaling/v2) is in there", strings.Join(paths, ", "))
}

// Parse reads the documents of one file; name appears in errors.
func Parse(name string, data []byte, opts Options) (*Bundle, error) {
	b := &Bundle{}
	errs := b.add(source{name: name, data: data}, opts)
	return b, errors.Join(append(errs, b.finish(opts)...)...)
}

// FromValue reads a manifest that stands inside another document, as a scenario file has it.
func FromValue(name string, v any, opts Options) (*Object, error) {
	data, err := yaml.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("%s: write the manifest down: %w", name, err)
	}
	b, err := Parse(name, data, opts)
	if err != nil {
		return nil, err
	}
	if len(b.Objects) != 1 {
		return nil, fmt.Errorf("%s: expected one ScaledObject or HPA, found %d", name, len(b.Objects))
	}
	return b.Objects[0], nil
}

// add takes the documents of a file, and returns the faults of all of them.
func (b *Bundle) add(s source, opts Options) (errs []error) {
	r := newReader(s.name)
	for _, doc := range r.Documents(s.data) {
		errs = append(errs, b.document(s, doc, opts, 0)...)
	}
	var e *Error
	if errors.As(errors.Join(r.Errs...), &e) && bytes.Contains(s.data, []byte("{{")) {
		e.Msg = "is a template: read what it renders, as in `helm template . | kafka_burndown_lab lint -`"
	}
	return append(errs, r.Errs...)
}

// document takes one object, or the items of a list. In a folder, what is no Kubernetes object is passed over.
func (b *Bundle) document(s source, n *yaml.Node, opts Options, depth int) []error {
	if n = strictyaml.Resolve(n); n.Kind == yaml.ScalarNode && n.Tag == "!!null" || s.found && n.Kind != yaml.MappingNode {
		return nil
	}
	r := newReader(s.name)
	m := r.Mapping(n, "")
	if m == nil {
		return r.Errs
	}
	if s.found && (!m.Has("apiVersion") || !m.Has("kind")) {
		return nil
	}
	version, kind := m.Text("apiVersion"), m.Text("kind")
	group, _, _ := strings.Cut(version, "/")
	switch {
	case kind == "":
		r.Fail(n, "kind", "is missing: a Kubernetes object has one")
	case strings.HasSuffix(kind, "List") && depth == 0:
		return b.items(s, m, opts)
	case kind == "ScaledObject" && version == "keda.sh/v1alpha1":
		if o := r.scaledObject(m, opts); len(r.Errs) == 0 {
			b.Objects = append(b.Objects, o)
		}
	case kind == "ScaledObject":
		m.Fail("apiVersion", "%q is not read: write keda.sh/v1alpha1", version)
	case kind == "HorizontalPodAutoscaler" && group == "autoscaling":
		if h, ok := r.readHPA(m, version); ok {
			b.HPAs = append(b.HPAs, h)
		}
	case group == "apps" && slices.Contains([]string{"Deployment", "StatefulSet"}, kind):
		b.Workloads = append(b.Workloads, readWorkload(r, m))
	}
	return r.Errs
}

func (b *Bundle) items(s source, m *strictyaml.Mapping, opts Options) (errs []error) {
	for _, item := range m.List("items") {
		errs = append(errs, b.document(s, item, opts, 1)...)
	}
	return append(errs, m.Errs...)
}

// finish takes up the HPAs that stand by themselves, and refuses what is there twice.
func (b *Bundle) finish(opts Options) []error {
	errs := b.unique()
	for i := range b.HPAs {
		h := &b.HPAs[i]
		taken := slices.ContainsFunc(b.Objects, func(o *Object) bool {
			return o.Kind == KindScaledObject && o.Namespace == h.Namespace && o.Target == h.Target
		})
		if taken || h.KEDAs {
			continue
		}
		o := h.reader.plain(h, opts)
		if errs = append(errs, h.reader.Errs...); len(h.reader.Errs) == 0 {
			b.Objects = append(b.Objects, o)
		}
	}
	return errs
}

// unique refuses two objects of one name, of which a cluster would keep the last.
func (b *Bundle) unique() (errs []error) {
	seen := map[string]*Object{}
	for _, o := range b.Objects {
		if first, ok := seen[o.String()]; ok {
			errs = append(errs, &Error{
				File: o.File, Line: o.Line, Object: "ScaledObject " + o.String(),
				Msg: fmt.Sprintf("is already in %s:%d: keep one", first.File, first.Line),
			})
			continue
		}
		seen[o.String()] = o
	}
	return errs
}
