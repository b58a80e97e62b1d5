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
	object  *mapping
	version string
}

// readHPA reads what the lints need; plain reads the rest where it stands by itself.
func (r *reader) readHPA(m *mapping, version string) (HPA, bool) {
	meta := m.child("metadata")
	h := HPA{File: r.file, Line: m.node.Line, Namespace: meta.text("namespace"), Name: meta.text("name"), object: m, version: version}
	r.object = KindHPA + " " + h.String()
	h.Ignored = meta.child("annotations").text("validations.keda.sh/hpa-ownership") == "false"
	h.KEDAs = meta.child("labels").has("scaledobject.keda.sh/name")
	if h.Name == "" {
		r.fail(m.node, "metadata.name", "is missing")
	}
	ref := m.child("spec").child("scaleTargetRef")
	if ref == nil {
		r.fail(m.node, "spec.scaleTargetRef", "is missing")
	} else {
		h.Target = readTarget(ref)
	}
	return h, len(r.errs) == 0
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
	m.r = r
	o := &Object{Kind: KindHPA, File: h.File, Line: h.Line, Namespace: h.Namespace, Name: h.Name, Target: h.Target}
	r.object = KindHPA + " " + h.String()
	o.notes.lines = map[string]int{}
	o.Scale = scale.ScaledObject{Namespace: h.Namespace, Name: h.Name, Plain: true}
	r.objectName(m.child("metadata"), h.Name, maxName)
	if h.version != "autoscaling/v2" && h.version != "autoscaling/v1" {
		r.fail(m.get("apiVersion"), "apiVersion", "%q is not read: write autoscaling/v2", h.version)
		return o
	}
	m.ignore("kind", "status")
	spec := m.child("spec")
	spec.ignore("scaleTargetRef")
	m.done()
	so := &o.Scale
	so.MinReplicas = spec.int32("minReplicas", 0, maxInt32)
	so.MaxReplicas = spec.int32("maxReplicas", 1, maxInt32)
	if so.MaxReplicas == nil && len(r.errs) == 0 {
		r.fail(spec.node, "spec.maxReplicas", "is missing")
	}
	for _, key := range spec.keys {
		o.notes.lines["spec."+key] = spec.items[key].Line
	}
	if h.version == "autoscaling/v1" {
		target := int64(80)
		if v := spec.int("targetCPUUtilizationPercentage", 1, maxInt32); v != nil {
			target = *v
		}
		o.addMetric(cpuUtilization(target), nil, triggerNotes{line: spec.node.Line})
	} else {
		so.Behavior = r.behavior(spec.child("behavior"))
		r.metrics(spec, o, opts)
	}
	spec.done()
	if len(r.errs) == 0 {
		r.validatePlain(spec, o)
	}
	return o
}

func (r *reader) validatePlain(spec *mapping, o *Object) {
	so := &o.Scale
	if so.MinReplicas != nil && *so.MinReplicas > so.Max() {
		r.fail(spec.items["minReplicas"], "spec.minReplicas", "%d is above maxReplicas %d", *so.MinReplicas, so.Max())
	}
	external := slices.ContainsFunc(so.Triggers, func(t scale.Trigger) bool { return !t.IsResource() })
	if so.MinReplicas != nil && *so.MinReplicas == 0 && !external {
		r.fail(spec.items["minReplicas"], "spec.minReplicas", "0 needs an external or object metric: set it to at least 1")
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

func (r *reader) metrics(spec *mapping, o *Object, opts Options) {
	nodes := spec.list("metrics")
	if len(nodes) == 0 { // the API server's default
		o.addMetric(cpuUtilization(80), nil, triggerNotes{line: spec.node.Line})
	}
	for i, n := range nodes {
		m := r.mapping(n, fmt.Sprintf("spec.metrics[%d]", i))
		if m == nil {
			continue
		}
		note := triggerNotes{line: m.node.Line, lines: map[string]int{}}
		t, q := r.metric(m, opts, &note)
		m.done()
		o.addMetric(t, q, note)
	}
}

func (r *reader) metric(m *mapping, opts Options, note *triggerNotes) (t scale.Trigger, q *Query) {
	switch kind := m.text("type"); kind {
	case "External":
		return r.external(m.need("external"), opts, note)
	case "Resource":
		return r.resourceMetric(m.need("resource")), nil
	case "ContainerResource":
		source := m.need("containerResource")
		t = r.resourceMetric(source)
		if t.Resource.Container = source.text("container"); source != nil && t.Resource.Container == "" {
			r.fail(source.node, source.field("container"), "is missing")
		}
		return t, nil
	case "Object", "Pods":
		m.ignore("object", "pods")
		note.unread = fmt.Errorf("%s metrics are not simulated: External, Resource and ContainerResource are", kind)
		if !opts.KeepUnread {
			r.fail(m.items["type"], m.field("type"), "%v", note.unread)
		}
		return scale.Trigger{Type: scale.TriggerType(strings.ToLower(kind)), Name: kind}, nil
	default:
		r.fail(m.node, m.field("type"), "%q is not one of External, Resource, ContainerResource, Object, Pods", kind)
		return t, nil
	}
}

func (r *reader) external(m *mapping, opts Options, note *triggerNotes) (scale.Trigger, *Query) {
	t := scale.Trigger{Type: scale.PrometheusTrigger, Prometheus: &scale.Prometheus{}}
	id := m.need("metric")
	t.Name = id.text("name")
	if id != nil && t.Name == "" {
		r.fail(id.node, id.field("name"), "is missing")
	}
	selector := r.selector(id.child("selector"))
	id.done()
	target := m.need("target")
	kind := target.enum("type", "Value", "AverageValue")
	field := "averageValue"
	if kind == "Value" {
		t.Kind, field = scale.Value, "value"
	}
	if target != nil && kind == "" && !target.has("type") {
		r.fail(target.node, target.field("type"), "is missing")
	}
	if q, ok := target.quantity(field); ok {
		t.Prometheus.Threshold = q.AsApproximateFloat64()
	}
	target.done()
	m.done()
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
	if !opts.KeepUnread && id != nil && len(r.errs) == 0 {
		r.fail(id.node, id.path, "%v", note.unread)
	}
	return t, nil
}

var seriesName = regexp.MustCompile(`^[a-zA-Z_:][a-zA-Z0-9_:]*$`)

// selector writes a label selector as PromQL's.
func (r *reader) selector(m *mapping) string {
	if m == nil {
		return ""
	}
	var out []string
	labels := m.child("matchLabels")
	if labels != nil {
		for _, key := range labels.keys {
			out = append(out, key+"="+strconv.Quote(labels.text(key)))
		}
	}
	for i, n := range m.list("matchExpressions") {
		e := r.mapping(n, fmt.Sprintf("%s[%d]", m.field("matchExpressions"), i))
		if e == nil {
			continue
		}
		key, operator := e.text("key"), e.enum("operator", "In", "NotIn", "Exists", "DoesNotExist")
		var values []string
		for _, v := range e.list("values") {
			values = append(values, regexp.QuoteMeta(v.Value))
		}
		e.done()
		any := strconv.Quote(strings.Join(values, "|"))
		out = append(out, key+map[string]string{"In": "=~" + any, "NotIn": "!~" + any, "Exists": `!=""`, "DoesNotExist": `=""`}[operator])
	}
	m.done()
	return "{" + strings.Join(out, ",") + "}"
}

func (r *reader) resourceMetric(m *mapping) scale.Trigger {
	name := m.enum("name", "cpu", "memory")
	t := scale.Trigger{Type: scale.TriggerType(name), Name: name, Kind: scale.Utilization, Resource: &scale.ResourceTarget{}}
	if m != nil && name == "" && !m.has("name") {
		r.fail(m.node, m.field("name"), "is missing")
	}
	target := m.need("target")
	switch target.enum("type", "Utilization", "AverageValue") {
	case "AverageValue":
		t.Kind = scale.AverageValue
		if q, ok := target.quantity("averageValue"); ok {
			t.Resource.Target = q.MilliValue()
		}
	default:
		if v := target.int("averageUtilization", 1, maxInt32); v != nil {
			t.Resource.Target = *v
		} else if target != nil {
			r.fail(target.node, target.field("averageUtilization"), "is missing")
		}
	}
	target.done()
	m.ignore("container")
	m.done()
	return t
}

// need opens a nested mapping that has to be there.
func (m *mapping) need(key string) *mapping {
	if m != nil && !m.has(key) {
		m.r.fail(m.node, m.field(key), "is missing")
	}
	return m.child(key)
}

// quantity reads a Kubernetes quantity above 0.
func (m *mapping) quantity(key string) (resource.Quantity, bool) {
	n := m.get(key)
	if n == nil {
		if m != nil {
			m.r.fail(m.node, m.field(key), "is missing")
		}
		return resource.Quantity{}, false
	}
	q, err := parseQuantity(n.Value)
	if n.Kind != yaml.ScalarNode || err != nil || q.MilliValue() < 1 {
		m.r.fail(n, m.field(key), "%q is not a quantity above 0, such as 100 or 500m", n.Value)
		return resource.Quantity{}, false
	}
	return q, true
}
