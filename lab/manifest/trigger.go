package manifest

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"kafka_burndown_exporter/internal/scale"
)

func (r *reader) triggers(spec *mapping, o *Object, opts Options) {
	nodes := spec.list("triggers")
	if len(nodes) == 0 {
		r.fail(spec.node, "spec.triggers", "needs at least one trigger")
	}
	names := map[string]bool{}
	for i, n := range nodes {
		path := fmt.Sprintf("spec.triggers[%d]", i)
		m := r.mapping(n, path)
		if m == nil {
			continue
		}
		t, q, note := r.trigger(m, o, opts)
		if t.Name != "" && names[t.Name] {
			r.fail(m.items["name"], m.field("name"), "%q is the name of two triggers", t.Name)
		}
		names[t.Name] = true
		o.Scale.Triggers = append(o.Scale.Triggers, t)
		o.Queries = append(o.Queries, q)
		o.notes.triggers = append(o.notes.triggers, note)
		o.Unread = append(o.Unread, note.unread)
	}
}

func (r *reader) trigger(m *mapping, o *Object, opts Options) (scale.Trigger, *Query, triggerNotes) {
	t := scale.Trigger{Type: scale.TriggerType(m.text("type")), Name: m.text("name")}
	t.UseCachedMetrics = m.boolean("useCachedMetrics")
	kind := m.enum("metricType", "AverageValue", "Value", "Utilization")
	if auth := m.child("authenticationRef"); auth != nil {
		if auth.text("name") == "" {
			r.fail(auth.node, auth.field("name"), "is missing")
		}
		auth.enum("kind", "TriggerAuthentication", "ClusterTriggerAuthentication")
		auth.done()
	}
	note := triggerNotes{line: m.node.Line, lines: map[string]int{}}
	for _, key := range m.keys {
		note.lines[key] = m.items[key].Line
	}
	meta := &metadata{r: r, m: m.child("metadata"), env: opts.Env, keep: opts.KeepUnread, note: &note}
	m.done()
	if meta.m == nil {
		r.fail(m.node, m.field("metadata"), "is missing")
		return t, nil, note
	}
	meta.strings()
	t.Kind = r.kind(m, t, kind)
	if t.UseCachedMetrics && (t.IsResource() || t.Type == scale.CronTrigger) {
		r.fail(m.items["useCachedMetrics"], m.field("useCachedMetrics"), "is not for %s triggers: leave it out", t.Type)
	}
	var q *Query
	switch t.Type {
	case scale.KafkaTrigger, scale.ApacheKafkaTrigger:
		t.Kafka = meta.kafka(t.Type)
	case scale.PrometheusTrigger:
		t.Prometheus, q = meta.prometheus(opts)
	case scale.CPUTrigger, scale.MemoryTrigger:
		t.Resource = meta.resource(t)
	case scale.CronTrigger:
		t.Cron = meta.cron()
	case "":
		r.fail(m.node, m.field("type"), "is missing")
		return t, nil, note
	default:
		note.unread = fmt.Errorf("%q triggers are not simulated: kafka, apache-kafka, prometheus, cpu, memory and cron are", t.Type)
		if !opts.KeepUnread {
			r.fail(m.items["type"], m.field("type"), "%v", note.unread)
		}
		return t, nil, note
	}
	meta.done()
	return t, q, note
}

// kind settles metricType as KEDA does: external triggers default to AverageValue, cpu and memory have no default.
func (r *reader) kind(m *mapping, t scale.Trigger, word string) scale.TargetKind {
	where := m.items["metricType"]
	if where == nil {
		where = m.node
	}
	if t.IsResource() {
		switch word {
		case "Utilization":
			return scale.Utilization
		case "AverageValue":
			return scale.AverageValue
		}
		r.fail(where, m.field("metricType"), "has to be Utilization or AverageValue for a %s trigger", t.Type)
		return scale.Utilization
	}
	switch word {
	case "Value":
		return scale.Value
	case "Utilization":
		r.fail(where, m.field("metricType"), "Utilization is for cpu and memory triggers: write AverageValue or Value")
	}
	return scale.AverageValue
}

// metadata reads a trigger's metadata, all strings, by KEDA's rules: blanks trimmed, empty is unset.
type metadata struct {
	r    *reader
	m    *mapping
	env  map[string]string
	keep bool // Options.KeepUnread
	note *triggerNotes
}

// strings refuses values that the API server refuses.
func (d *metadata) strings() {
	for _, k := range d.m.keys {
		n := d.m.items[k]
		d.note.lines["metadata."+k] = n.Line
		if n.Kind == yaml.ScalarNode && n.Tag == "!!str" {
			if strings.TrimSpace(n.Value) != "" {
				d.note.set = append(d.note.set, k)
			}
			continue
		}
		d.r.fail(n, d.m.field(k), "has to be a string: quote it")
	}
}

func (d *metadata) node(key string) *yaml.Node {
	if n := d.m.items[key]; n != nil {
		return n
	}
	return d.m.node
}

func (d *metadata) fail(key, format string, args ...any) {
	d.r.fail(d.node(key), d.m.field(key), format, args...)
}

// value is a metadata field, "" where it is unset.
func (d *metadata) value(key string) string {
	n := d.m.get(key)
	if n == nil || n.Tag != "!!str" {
		return ""
	}
	return strings.TrimSpace(n.Value)
}

// resolved is a field that may instead name an environment variable of the target's container.
func (d *metadata) resolved(key string) string {
	fromEnv := d.value(key + "FromEnv")
	if v := d.value(key); v != "" || fromEnv == "" {
		return v
	}
	if v := strings.TrimSpace(d.env[fromEnv]); v != "" {
		return v
	}
	if !d.keep {
		d.fail(key+"FromEnv", "the pod's variable %s is not known here: write %s", fromEnv, key)
	}
	return ""
}

func (d *metadata) required(key string) string {
	v := d.value(key)
	if v == "" {
		d.fail(key, "is missing")
	}
	return v
}

func (d *metadata) int(key string, def int64) int64 {
	text := d.value(key)
	if text == "" {
		return def
	}
	var v int64
	if json.Unmarshal([]byte(text), &v) != nil {
		d.fail(key, "%q is not a whole number", text)
		return def
	}
	return v
}

func (d *metadata) float(key string, def float64) float64 {
	text := d.value(key)
	if text == "" {
		return def
	}
	var v float64
	if json.Unmarshal([]byte(text), &v) != nil {
		d.fail(key, "%q is not a number", text)
		return def
	}
	return v
}

func (d *metadata) boolean(key string, def bool) bool {
	text := d.value(key)
	if text == "" {
		return def
	}
	v, err := strconv.ParseBool(text)
	if err != nil {
		d.fail(key, "%q is not true or false", text)
		return def
	}
	return v
}

func (d *metadata) enum(key string, words ...string) string {
	v := d.value(key)
	if v != "" && !slices.Contains(words, v) {
		d.fail(key, "%q is not one of %s", v, strings.Join(words, ", "))
	}
	return v
}

// obsolete takes fields that KEDA reads no more; the lints name them.
func (d *metadata) obsolete(keys ...string) {
	for _, k := range keys {
		if d.m.has(k) {
			d.note.obsolete = append(d.note.obsolete, k)
		}
	}
}

func (d *metadata) done() { d.m.done() }
