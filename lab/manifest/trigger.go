package manifest

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"kafka_burndown_exporter/internal/scale"
	"kafka_burndown_exporter/lab/strictyaml"
)

func (r *reader) triggers(spec *strictyaml.Mapping, o *Object, opts Options) {
	triggers := spec.Children("triggers")
	if n := spec.Get("triggers"); n == nil || len(n.Content) == 0 {
		spec.Fail("triggers", "needs at least one trigger")
	}
	names := map[string]bool{}
	for _, m := range triggers {
		t, q, note := r.trigger(m, opts)
		if t.Name != "" && names[t.Name] {
			m.Fail("name", "%q is the name of two triggers", t.Name)
		}
		names[t.Name] = true
		o.Scale.Triggers = append(o.Scale.Triggers, t)
		o.Queries = append(o.Queries, q)
		o.notes.triggers = append(o.notes.triggers, note)
		o.Unread = append(o.Unread, note.unread)
	}
}

func (r *reader) trigger(m *strictyaml.Mapping, opts Options) (scale.Trigger, *Query, triggerNotes) {
	t := scale.Trigger{Type: scale.TriggerType(m.Text("type")), Name: m.Text("name")}
	t.UseCachedMetrics = m.Bool("useCachedMetrics")
	kind := m.Enum("metricType", "AverageValue", "Value", "Utilization")
	if auth := m.Child("authenticationRef"); auth != nil {
		if auth.Text("name") == "" {
			auth.Fail("name", "is missing")
		}
		auth.Enum("kind", "TriggerAuthentication", "ClusterTriggerAuthentication")
		auth.Done()
	}
	note := triggerNotes{line: m.Node.Line, lines: map[string]int{}}
	for key, value := range m.Items {
		note.lines[key] = value.Line
	}
	meta := &metadata{r: r, m: m.Child("metadata"), env: opts.Env, keep: opts.KeepUnread, note: &note}
	m.Done()
	if meta.m == nil {
		m.Fail("metadata", "is missing")
		return t, nil, note
	}
	meta.strings()
	t.Kind = r.kind(m, t, kind)
	if t.UseCachedMetrics && (t.IsResource() || t.Type == scale.CronTrigger) {
		m.Fail("useCachedMetrics", "is not for %s triggers: leave it out", t.Type)
	}
	var q *Query
	switch t.Type {
	case scale.KafkaTrigger, scale.ApacheKafkaTrigger:
		t.Kafka = meta.kafka(t.Type)
	case scale.PrometheusTrigger:
		t.Prometheus, q = meta.prometheus(opts)
	case scale.MetricsAPITrigger:
		t.MetricsAPI = meta.metricsAPI()
		if note.unread = otherAPI(t.MetricsAPI, meta.value("format")); note.unread != nil && !opts.KeepUnread {
			meta.fail("url", "%v", note.unread)
		}
	case scale.CPUTrigger, scale.MemoryTrigger:
		t.Resource = meta.resource(t)
	case scale.CronTrigger:
		t.Cron = meta.cron()
	case "":
		m.Fail("type", "is missing")
		return t, nil, note
	default:
		note.unread = fmt.Errorf("%q triggers are not simulated: kafka, apache-kafka, prometheus, metrics-api, cpu, memory and cron are", t.Type)
		if !opts.KeepUnread {
			m.Fail("type", "%v", note.unread)
		}
		return t, nil, note
	}
	meta.done()
	return t, q, note
}

// kind settles metricType as KEDA does: external triggers default to AverageValue, cpu and memory have no default.
func (r *reader) kind(m *strictyaml.Mapping, t scale.Trigger, word string) scale.TargetKind {
	if t.IsResource() {
		switch word {
		case "Utilization":
			return scale.Utilization
		case "AverageValue":
			return scale.AverageValue
		}
		m.Fail("metricType", "has to be Utilization or AverageValue for a %s trigger", t.Type)
		return scale.Utilization
	}
	switch word {
	case "Value":
		return scale.Value
	case "Utilization":
		m.Fail("metricType", "Utilization is for cpu and memory triggers: write AverageValue or Value")
	}
	return scale.AverageValue
}

// metadata reads a trigger's metadata, all strings, by KEDA's rules: blanks trimmed, empty is unset.
type metadata struct {
	r    *reader
	m    *strictyaml.Mapping
	env  map[string]string
	keep bool // Options.KeepUnread
	note *triggerNotes
}

// strings refuses values that the API server refuses.
func (d *metadata) strings() {
	for _, key := range d.m.Keys {
		k, n := key.Value, d.m.Items[key.Value]
		d.note.lines["metadata."+k] = n.Line
		if n.Kind == yaml.ScalarNode && n.Tag == "!!str" {
			if strings.TrimSpace(n.Value) != "" {
				d.note.set = append(d.note.set, k)
			}
			continue
		}
		d.m.Fail(k, "has to be a string: quote it")
	}
}

func (d *metadata) fail(key, format string, args ...any) { d.m.Fail(key, format, args...) }

// value is a metadata field, "" where it is unset.
func (d *metadata) value(key string) string {
	n := d.m.Get(key)
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
		d.fail(key, "%q must be an integer", text)
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
		d.fail(key, "%q must be true or false", text)
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
		if d.m.Has(k) {
			d.note.obsolete = append(d.note.obsolete, k)
		}
	}
}

func (d *metadata) done() { d.m.Done() }
