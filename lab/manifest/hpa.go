package manifest

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
	"k8s.io/apimachinery/pkg/api/resource"

	"kafka_burndown_exporter/internal/scale"
	"kafka_burndown_exporter/lab/strictyaml"
)

// HPA is a HorizontalPodAutoscaler.
type HPA struct {
	File            string
	Line            int
	Namespace, Name string
	Target          Target
	// KEDAs says that KEDA wrote it: its ScaledObject is what counts.
	KEDAs bool
	// Ignored says that an annotation takes it out of KEDA's check for other autoscalers.
	Ignored bool
	reader  *reader
	object  *strictyaml.Mapping
	version string
}

// readHPA reads what the lints need; plain reads the rest where it stands by itself.
func (r *reader) readHPA(m *strictyaml.Mapping, version string) (HPA, bool) {
	meta := m.Child("metadata")
	h := HPA{File: r.File, Line: m.Node.Line, Namespace: meta.Text("namespace"), Name: meta.Text("name"), reader: r, object: m, version: version}
	r.Object = KindHPA + " " + h.String()
	h.Ignored = meta.Child("annotations").Text("validations.keda.sh/hpa-ownership") == "false"
	h.KEDAs = meta.Child("labels").Has("scaledobject.keda.sh/name")
	if h.Name == "" {
		r.Fail(m.Node, "metadata.name", "is missing")
	}
	ref := m.Child("spec").Child("scaleTargetRef")
	if ref == nil {
		r.Fail(m.Node, "spec.scaleTargetRef", "is missing")
	} else {
		h.Target = readTarget(ref)
	}
	return h, len(r.Errs) == 0
}

// String is namespace/name, or name alone.
func (h *HPA) String() string {
	if h.Namespace == "" {
		return h.Name
	}
	return h.Namespace + "/" + h.Name
}

// plain reads an HPA that stands by itself: its external metrics as queries, cpu and memory as they are. An adapter
// hands the HPA the series that the metric's name and selector name, and the HPA adds them up.
func (r *reader) plain(h *HPA, opts Options) *Object {
	m := h.object
	o := &Object{Kind: KindHPA, File: h.File, Line: h.Line, Namespace: h.Namespace, Name: h.Name, Target: h.Target}
	r.Object = KindHPA + " " + h.String()
	o.notes.lines = map[string]int{}
	o.Scale = scale.ScaledObject{Namespace: h.Namespace, Name: h.Name, Plain: true}
	r.objectName(m.Child("metadata"), h.Name, maxName)
	if h.version != "autoscaling/v2" && h.version != "autoscaling/v1" {
		m.Fail("apiVersion", "%q is not read: write autoscaling/v2", h.version)
		return o
	}
	m.Allow("kind", "status")
	spec := m.Child("spec")
	spec.Allow("scaleTargetRef")
	m.Done()
	so := &o.Scale
	so.MinReplicas = spec.Int32("minReplicas", 0, maxInt32)
	so.MaxReplicas = spec.Int32("maxReplicas", 1, maxInt32)
	if so.MaxReplicas == nil && len(r.Errs) == 0 {
		spec.Fail("maxReplicas", "is missing")
	}
	o.notes.fields(spec)
	if h.version == "autoscaling/v1" {
		target := int64(80)
		if v := spec.Int("targetCPUUtilizationPercentage", 1, maxInt32); v != nil {
			target = *v
		}
		o.addMetric(cpuUtilization(target), nil, triggerNotes{line: spec.Node.Line})
	} else {
		so.Behavior = r.behavior(spec.Child("behavior"))
		r.metrics(spec, o, opts)
	}
	spec.Done()
	if len(r.Errs) == 0 {
		r.validatePlain(spec, o)
	}
	return o
}

func (r *reader) validatePlain(spec *strictyaml.Mapping, o *Object) {
	so := &o.Scale
	if so.MinReplicas != nil && *so.MinReplicas > so.Max() {
		spec.Fail("minReplicas", "%d is above maxReplicas %d", *so.MinReplicas, so.Max())
	}
	external := slices.ContainsFunc(so.Triggers, func(t scale.Trigger) bool { return !t.IsResource() })
	if so.MinReplicas != nil && *so.MinReplicas == 0 && !external {
		spec.Fail("minReplicas", "0 needs an external or object metric: set it to at least 1")
	}
}

func (o *Object) addMetric(t scale.Trigger, q *Query, note triggerNotes) {
	o.Scale.Triggers = append(o.Scale.Triggers, t)
	o.Queries, o.Unread = append(o.Queries, q), append(o.Unread, note.unread)
	o.notes.triggers = append(o.notes.triggers, note)
}

func cpuUtilization(percent int64) scale.Trigger {
	return scale.Trigger{Type: scale.CPUTrigger, Name: "cpu", Kind: scale.Utilization, Resource: &scale.ResourceTarget{Target: percent}}
}

func (r *reader) metrics(spec *strictyaml.Mapping, o *Object, opts Options) {
	metrics := spec.Children("metrics")
	if len(metrics) == 0 { // the API server's default
		o.addMetric(cpuUtilization(80), nil, triggerNotes{line: spec.Node.Line})
	}
	for _, m := range metrics {
		note := triggerNotes{line: m.Node.Line, lines: map[string]int{}}
		t, q := r.metric(m, opts, &note)
		m.Done()
		o.addMetric(t, q, note)
	}
}

func (r *reader) metric(m *strictyaml.Mapping, opts Options, note *triggerNotes) (t scale.Trigger, q *Query) {
	switch kind := m.Text("type"); kind {
	case "External":
		return r.external(m.Need("external"), opts, note)
	case "Resource":
		return r.resourceMetric(m.Need("resource")), nil
	case "ContainerResource":
		source := m.Need("containerResource")
		t = r.resourceMetric(source)
		if t.Resource.Container = source.Text("container"); source != nil && t.Resource.Container == "" {
			source.Fail("container", "is missing")
		}
		return t, nil
	case "Object", "Pods":
		m.Allow("object", "pods")
		note.unread = fmt.Errorf("%s metrics are not simulated: External, Resource and ContainerResource are", kind)
		if !opts.KeepUnread {
			m.Fail("type", "%v", note.unread)
		}
		return scale.Trigger{Type: scale.TriggerType(strings.ToLower(kind)), Name: kind}, nil
	default:
		m.Fail("type", "%q is not one of External, Resource, ContainerResource, Object, Pods", kind)
		return t, nil
	}
}

func (r *reader) external(m *strictyaml.Mapping, opts Options, note *triggerNotes) (scale.Trigger, *Query) {
	t := scale.Trigger{Type: scale.PrometheusTrigger, Prometheus: &scale.Prometheus{}}
	id := m.Need("metric")
	t.Name = id.Text("name")
	if id != nil && t.Name == "" {
		id.Fail("name", "is missing")
	}
	selector := r.selector(id.Child("selector"))
	id.Done()
	target := m.Need("target")
	kind := target.Enum("type", "Value", "AverageValue")
	field := "averageValue"
	if kind == "Value" {
		t.Kind, field = scale.Value, "value"
	}
	if target != nil && kind == "" && !target.Has("type") {
		target.Fail("type", "is missing")
	}
	if q, ok := quantity(target, field); ok {
		t.Prometheus.Threshold = q.AsApproximateFloat64()
	}
	target.Done()
	m.Done()
	if !seriesName.MatchString(t.Name) {
		note.unread = fmt.Errorf("%q is not a series of Prometheus: which query the adapter makes of it is not known here", t.Name)
	} else {
		t.Prometheus.Query = "sum(" + t.Name + selector + ")"
		q, err := ParseQuery(t.Prometheus.Query, opts.Series)
		if err == nil {
			return t, q
		}
		note.unread = fmt.Errorf("the metric is read as %s: %w", t.Prometheus.Query, err)
	}
	if !opts.KeepUnread && id != nil && len(r.Errs) == 0 {
		r.Fail(id.Node, id.Path, "%v", note.unread)
	}
	return t, nil
}

var seriesName = regexp.MustCompile(`^[a-zA-Z_:][a-zA-Z0-9_:]*$`)

// selector writes a label selector as PromQL's.
func (r *reader) selector(m *strictyaml.Mapping) string {
	if m == nil {
		return ""
	}
	var out []string
	labels := m.Child("matchLabels")
	if labels != nil {
		for _, key := range labels.Keys {
			out = append(out, key.Value+"="+strconv.Quote(labels.Text(key.Value)))
		}
	}
	for _, e := range m.Children("matchExpressions") {
		key, operator := e.Text("key"), e.Enum("operator", "In", "NotIn", "Exists", "DoesNotExist")
		var values []string
		for _, v := range e.List("values") {
			values = append(values, regexp.QuoteMeta(v.Value))
		}
		e.Done()
		any := strconv.Quote(strings.Join(values, "|"))
		out = append(out, key+map[string]string{"In": "=~" + any, "NotIn": "!~" + any, "Exists": `!=""`, "DoesNotExist": `=""`}[operator])
	}
	m.Done()
	return "{" + strings.Join(out, ",") + "}"
}

func (r *reader) resourceMetric(m *strictyaml.Mapping) scale.Trigger {
	name := m.Enum("name", "cpu", "memory")
	t := scale.Trigger{Type: scale.TriggerType(name), Name: name, Kind: scale.Utilization, Resource: &scale.ResourceTarget{}}
	if m != nil && name == "" && !m.Has("name") {
		m.Fail("name", "is missing")
	}
	target := m.Need("target")
	switch target.Enum("type", "Utilization", "AverageValue") {
	case "AverageValue":
		t.Kind = scale.AverageValue
		if q, ok := quantity(target, "averageValue"); ok {
			t.Resource.Target = q.MilliValue()
		}
	default:
		if v := target.Int("averageUtilization", 1, maxInt32); v != nil {
			t.Resource.Target = *v
		} else if target != nil {
			target.Fail("averageUtilization", "is missing")
		}
	}
	target.Done()
	m.Allow("container")
	m.Done()
	return t
}

// quantity reads a Kubernetes quantity above 0.
func quantity(m *strictyaml.Mapping, key string) (resource.Quantity, bool) {
	n := m.Get(key)
	if n == nil {
		if m != nil {
			m.Fail(key, "is missing")
		}
		return resource.Quantity{}, false
	}
	q, err := parseQuantity(n.Value)
	if n.Kind != yaml.ScalarNode || err != nil || q.MilliValue() < 1 {
		m.Fail(key, "%q is not a quantity above 0, such as 100 or 500m", n.Value)
		return resource.Quantity{}, false
	}
	return q, true
}
