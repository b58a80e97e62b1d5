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
)

// Options steer the reading of manifests.
type Options struct {
	// Series names series beyond the exporter's and the recorded ones by the signal they stand for.
	Series map[string]Signal
	// Env resolves the metadata fields that end in FromEnv.
	Env map[string]string
	// KeepUnknownQueries leaves a query that cannot be evaluated in Object.QueryErrors instead of failing: enough to
	// lint, not to simulate.
	KeepUnknownQueries bool
}

// Bundle is what a set of manifests says about scaling.
type Bundle struct {
	Objects []*Object
	// HPAs and Workloads are found beside the ScaledObjects and serve the lints.
	HPAs      []HPA
	Workloads []Workload
}

// Target names what is scaled.
type Target struct{ APIVersion, Kind, Name string }

// String is kind/name.
func (t Target) String() string { return t.Kind + "/" + t.Name }

// Object is one ScaledObject.
type Object struct {
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
	// QueryErrors has an entry per trigger, under Options.KeepUnknownQueries.
	QueryErrors []error
	// Notes hold what the manifest says beyond the types of package scale, for the lints.
	notes notes
}

// notes are facts of the text that its meaning does not show.
type notes struct {
	pollingSet, cooldownSet bool
	transferOwnership       bool
	triggers                []triggerNotes
	lines                   map[string]int
}

type triggerNotes struct {
	// set lists the metadata keys that were given.
	set      []string
	obsolete []string
	// lines holds the lines of the metadata keys under metadata., and line that of the trigger.
	lines map[string]int
	line  int
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
		if q := o.Queries[i]; q != nil && q.Group() != "" {
			return q.Group()
		}
	}
	return ""
}

// Load reads manifest files. "-" is standard input.
func Load(paths []string, opts Options) (*Bundle, error) {
	b := &Bundle{}
	var errs []error
	for _, path := range paths {
		data, err := readFile(path)
		if err != nil {
			errs = append(errs, fmt.Errorf("read the manifests: %w", err))
			continue
		}
		if err := b.add(path, data, opts); err != nil {
			errs = append(errs, err)
		}
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	if len(b.Objects) == 0 {
		return nil, fmt.Errorf("%s: no ScaledObject (apiVersion keda.sh/v1alpha1) is in there", strings.Join(paths, ", "))
	}
	return b, b.unique()
}

func readFile(path string) ([]byte, error) {
	if path == "-" {
		return io.ReadAll(os.Stdin)
	}
	return os.ReadFile(path)
}

// Parse reads the documents of one file; name appears in errors.
func Parse(name string, data []byte, opts Options) (*Bundle, error) {
	b := &Bundle{}
	if err := b.add(name, data, opts); err != nil {
		return nil, err
	}
	return b, b.unique()
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
		return nil, fmt.Errorf("%s: expected one ScaledObject (apiVersion keda.sh/v1alpha1), found %d", name, len(b.Objects))
	}
	return b.Objects[0], nil
}

func (b *Bundle) add(name string, data []byte, opts Options) error {
	dec := yaml.NewDecoder(bytes.NewReader(data))
	var errs []error
	for {
		var doc yaml.Node
		err := dec.Decode(&doc)
		if errors.Is(err, io.EOF) {
			return errors.Join(errs...)
		}
		if err != nil {
			return errors.Join(append(errs, fmt.Errorf("%s: %s", name, strings.TrimPrefix(err.Error(), "yaml: ")))...)
		}
		if len(doc.Content) == 0 {
			continue
		}
		if err := b.document(name, doc.Content[0], opts, 0); err != nil {
			errs = append(errs, err)
		}
	}
}

// document takes one object, or the items of a list.
func (b *Bundle) document(name string, n *yaml.Node, opts Options, depth int) error {
	if n = resolve(n); n.Kind == yaml.ScalarNode && n.Tag == "!!null" {
		return nil
	}
	r := &reader{file: name}
	m := r.mapping(n, "")
	if m == nil {
		return r.err()
	}
	version, kind := m.text("apiVersion"), m.text("kind")
	group, _, _ := strings.Cut(version, "/")
	switch {
	case kind == "":
		r.fail(n, "kind", "is missing: this is no Kubernetes object")
	case strings.HasSuffix(kind, "List") && depth == 0:
		return b.items(name, m, opts)
	case kind == "ScaledObject" && version == "keda.sh/v1alpha1":
		b.Objects = append(b.Objects, r.scaledObject(m, opts))
	case kind == "ScaledObject":
		r.fail(m.get("apiVersion"), "apiVersion", "%q is not read: write keda.sh/v1alpha1", version)
	case kind == "HorizontalPodAutoscaler" && group == "autoscaling":
		b.HPAs = append(b.HPAs, readHPA(r, m))
	case group == "apps" && slices.Contains([]string{"Deployment", "StatefulSet"}, kind):
		b.Workloads = append(b.Workloads, readWorkload(r, m))
	}
	return r.err()
}

func (b *Bundle) items(name string, m *mapping, opts Options) error {
	var errs []error
	for _, item := range m.list("items") {
		if err := b.document(name, item, opts, 1); err != nil {
			errs = append(errs, err)
		}
	}
	return errors.Join(append(errs, m.r.errs...)...)
}

// unique refuses two objects of one name, of which a cluster would keep the last.
func (b *Bundle) unique() error {
	seen := map[string]*Object{}
	for _, o := range b.Objects {
		if first, ok := seen[o.String()]; ok {
			return &Error{
				File: o.File, Line: o.Line, Object: "ScaledObject " + o.String(),
				Msg: fmt.Sprintf("is already in %s:%d: keep one", first.File, first.Line),
			}
		}
		seen[o.String()] = o
	}
	return nil
}
