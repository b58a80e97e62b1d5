package scenario

import (
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"kafka_burndown_exporter/lab/strictyaml"
)

var (
	durationType = reflect.TypeFor[time.Duration]()
	timeType     = reflect.TypeFor[time.Time]()
)

// decoder fills structs from YAML nodes by their yaml tags. Beyond what the reader refuses, missing required fields and
// values out of bounds are faults. lines remembers where each field stood, for checks that come later.
type decoder struct {
	*strictyaml.Reader
	lines map[string]int
}

func newDecoder(file string) *decoder {
	words := strictyaml.Words{Syntax: "is not valid YAML", Unknown: "unknown field", Twice: "given twice: remove one"}
	return &decoder{&strictyaml.Reader{File: file, Words: words}, map[string]int{}}
}

func (d *decoder) decode(n *yaml.Node, path string, v reflect.Value) {
	n = strictyaml.Resolve(n)
	d.lines[path] = n.Line
	switch {
	case v.Kind() == reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		d.decode(n, path, v.Elem())
	case v.Kind() == reflect.Struct && v.Type() != timeType:
		d.structure(n, path, v)
	case v.Kind() == reflect.Slice:
		entries := d.List(n, path)
		v.Set(reflect.MakeSlice(v.Type(), len(entries), len(entries)))
		for i, c := range entries {
			d.decode(c, fmt.Sprintf("%s[%d]", path, i), v.Index(i))
		}
	case v.Kind() == reflect.Map || v.Kind() == reflect.Interface:
		if err := n.Decode(v.Addr().Interface()); err != nil {
			d.Fail(n, path, "%s", strictyaml.OneLine(err))
		}
	case d.Scalar(n, path):
		if problem := scalar(n, v); problem != "" {
			d.Fail(n, path, "%s", problem)
		}
	}
}

func (d *decoder) structure(n *yaml.Node, path string, v reflect.Value) {
	m := d.Mapping(n, path)
	if m == nil {
		return
	}
	known := map[string]reflect.StructField{}
	for _, f := range fields(v.Type()) {
		name := f.Tag.Get("yaml")
		known[name] = f
		m.Allow(name)
	}
	m.Done()
	for _, key := range m.Keys {
		if f, ok := known[key.Value]; ok {
			item, sub, value := m.Items[key.Value], m.Field(key.Value), v.FieldByIndex(f.Index)
			d.decode(item, sub, value)
			d.bounds(item, sub, f, value)
		}
	}
	for _, f := range fields(v.Type()) {
		name := f.Tag.Get("yaml")
		switch {
		case m.Items[name] != nil:
		case f.Tag.Get("required") == "true":
			m.Fail(name, "missing: %s", f.Tag.Get("doc"))
		default:
			setDefault(f, v.FieldByIndex(f.Index))
		}
	}
}

// scalar sets a value of one word, and says what is wrong with it.
func scalar(n *yaml.Node, v reflect.Value) (problem string) {
	digits := strings.ReplaceAll(n.Value, "_", "")
	switch v.Interface().(type) {
	case time.Duration:
		d, err := ParseDuration(n.Value)
		switch {
		case err != nil:
			return fmt.Sprintf("%q is not a duration: write it like 90s, 5m or 1d12h", n.Value)
		case d < 0:
			return "must not be negative"
		}
		v.SetInt(int64(d))
	case time.Time:
		t, err := time.Parse(time.RFC3339, n.Value)
		if err != nil {
			return fmt.Sprintf("%q is not a time: write it like 2026-01-02T15:04:05Z", n.Value)
		}
		v.Set(reflect.ValueOf(t))
	case string:
		if n.Tag != "!!null" {
			v.SetString(n.Value)
		}
	case bool:
		b, err := strconv.ParseBool(n.Value)
		if err != nil {
			return fmt.Sprintf("%q must be true or false", n.Value)
		}
		v.SetBool(b)
	case int:
		i, err := strconv.ParseInt(digits, 10, 64)
		if err != nil {
			return fmt.Sprintf("%q must be an integer", n.Value)
		}
		v.SetInt(i)
	case uint64:
		u, err := strconv.ParseUint(digits, 10, 64)
		if err != nil {
			return fmt.Sprintf("%q must be an integer ≥ 0", n.Value)
		}
		v.SetUint(u)
	case float64:
		f, err := strconv.ParseFloat(digits, 64)
		if err != nil || math.IsNaN(f) || math.IsInf(f, 0) {
			return fmt.Sprintf("%q must be a finite number", n.Value)
		}
		v.SetFloat(f)
	default:
		panic("scenario: fields of type " + v.Type().String() + " are not supported")
	}
	return ""
}
