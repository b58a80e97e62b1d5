package scenario

import (
	"errors"
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// Error is a fault of a scenario file, with its place and the remedy.
type Error struct {
	File  string
	Line  int // 0: unknown
	Field string
	Msg   string
	// Err is what caused it, nil if nothing did.
	Err error
}

func (e *Error) Unwrap() error { return e.Err }

func (e *Error) Error() string {
	place := e.File
	if e.Line > 0 {
		place += ":" + strconv.Itoa(e.Line)
	}
	if e.Field != "" {
		return place + ": " + e.Field + ": " + e.Msg
	}
	return place + ": " + e.Msg
}

var (
	durationType = reflect.TypeFor[time.Duration]()
	timeType     = reflect.TypeFor[time.Time]()
)

// decoder fills structs from YAML nodes by their yaml tags. It is strict: unknown and repeated fields, missing required
// ones and values out of bounds are errors. lines remembers where each field stood, for checks that come later.
type decoder struct {
	file  string
	lines map[string]int
	nodes int
}

// maxNodes bounds what aliases can expand to.
const maxNodes = 1_000_000

// maxMerges bounds how deep merge keys refer to each other, for those that refer to themselves.
const maxMerges = 8

func (d *decoder) fail(n *yaml.Node, path, format string, args ...any) error {
	return &Error{File: d.file, Line: n.Line, Field: path, Msg: fmt.Sprintf(format, args...)}
}

func (d *decoder) decode(n *yaml.Node, path string, v reflect.Value) error {
	if n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	if d.nodes++; d.nodes > maxNodes {
		return d.fail(n, path, "aliases expand to more than %d values: use fewer", maxNodes)
	}
	d.lines[path] = n.Line
	switch {
	case v.Type() == durationType:
		return d.duration(n, path, v)
	case v.Type() == timeType:
		t, err := time.Parse(time.RFC3339, n.Value)
		if n.Kind != yaml.ScalarNode || err != nil {
			return d.fail(n, path, "%q is no time: write it like 2026-01-02T15:04:05Z", n.Value)
		}
		v.Set(reflect.ValueOf(t))
		return nil
	}
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		return d.decode(n, path, v.Elem())
	case reflect.Struct:
		return d.structure(n, path, v)
	case reflect.Slice:
		return d.list(n, path, v)
	case reflect.Map, reflect.Interface:
		if err := n.Decode(v.Addr().Interface()); err != nil {
			return d.fail(n, path, "%s", oneLine(err))
		}
		return nil
	default:
		return d.scalar(n, path, v)
	}
}

func (d *decoder) structure(n *yaml.Node, path string, v reflect.Value) error {
	if n.Kind != yaml.MappingNode {
		return d.fail(n, path, "expected fields, found %s: indent them below %q", kindName(n), last(path))
	}
	pairs, err := d.pairs(n, path, 0)
	if err != nil {
		return err
	}
	seen := map[string]bool{}
	known := fields(v.Type())
	for _, p := range pairs {
		f, ok := known[p.key.Value]
		sub := join(path, p.key.Value)
		if !ok {
			return d.fail(p.key, sub, "unknown field%s", suggest(p.key.Value, known))
		}
		seen[p.key.Value] = true
		if err := d.decode(p.value, sub, v.FieldByIndex(f.Index)); err != nil {
			return err
		}
		if err := d.bounds(p.value, sub, f, v.FieldByIndex(f.Index)); err != nil {
			return err
		}
	}
	for name, f := range known {
		if seen[name] {
			continue
		}
		if f.Tag.Get("required") == "true" {
			return d.fail(n, join(path, name), "missing: %s", f.Tag.Get("doc"))
		}
	}
	return setDefaults(v, seen)
}

type pair struct{ key, value *yaml.Node }

// pairs lists the fields of a mapping with merge keys (<<) resolved: what stands in the mapping itself wins.
func (d *decoder) pairs(n *yaml.Node, path string, depth int) ([]pair, error) {
	var own, merged []pair
	have := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		k, val := n.Content[i], n.Content[i+1]
		if k.Tag == "!!merge" {
			if val.Kind == yaml.AliasNode {
				val = val.Alias
			}
			if val.Kind != yaml.MappingNode {
				return nil, d.fail(k, path, "<< needs an alias of a mapping")
			}
			if depth == maxMerges {
				return nil, d.fail(k, path, "<< is nested more than %d times: use fewer", maxMerges)
			}
			more, err := d.pairs(val, path, depth+1)
			if err != nil {
				return nil, err
			}
			merged = append(merged, more...)
			continue
		}
		if have[k.Value] {
			return nil, d.fail(k, join(path, k.Value), "given twice: remove one")
		}
		have[k.Value] = true
		own = append(own, pair{k, val})
	}
	for _, p := range merged {
		if !have[p.key.Value] {
			have[p.key.Value] = true
			own = append(own, p)
		}
	}
	return own, nil
}

func (d *decoder) list(n *yaml.Node, path string, v reflect.Value) error {
	if n.Kind != yaml.SequenceNode {
		return d.fail(n, path, "expected a list, found %s: begin each entry with a dash", kindName(n))
	}
	out := reflect.MakeSlice(v.Type(), len(n.Content), len(n.Content))
	for i, c := range n.Content {
		if err := d.decode(c, fmt.Sprintf("%s[%d]", path, i), out.Index(i)); err != nil {
			return err
		}
	}
	v.Set(out)
	return nil
}

func (d *decoder) duration(n *yaml.Node, path string, v reflect.Value) error {
	dur, err := ParseDuration(n.Value)
	if n.Kind != yaml.ScalarNode || err != nil {
		return d.fail(n, path, "%q is no duration: write it like 90s, 5m or 1d12h", n.Value)
	}
	if dur < 0 {
		return d.fail(n, path, "must not be negative")
	}
	v.SetInt(int64(dur))
	return nil
}

func (d *decoder) scalar(n *yaml.Node, path string, v reflect.Value) error {
	if n.Kind != yaml.ScalarNode {
		return d.fail(n, path, "expected one value, found %s", kindName(n))
	}
	switch v.Kind() {
	case reflect.String:
		if n.Tag == "!!null" {
			return nil
		}
		v.SetString(n.Value)
	case reflect.Bool:
		b, err := strconv.ParseBool(n.Value)
		if err != nil {
			return d.fail(n, path, "%q is neither true nor false", n.Value)
		}
		v.SetBool(b)
	case reflect.Int:
		i, err := strconv.ParseInt(strings.ReplaceAll(n.Value, "_", ""), 10, 64)
		if err != nil {
			return d.fail(n, path, "%q is no whole number", n.Value)
		}
		v.SetInt(i)
	case reflect.Uint64:
		u, err := strconv.ParseUint(strings.ReplaceAll(n.Value, "_", ""), 10, 64)
		if err != nil {
			return d.fail(n, path, "%q is no whole number from 0 up", n.Value)
		}
		v.SetUint(u)
	case reflect.Float64:
		f, err := strconv.ParseFloat(strings.ReplaceAll(n.Value, "_", ""), 64)
		if err != nil || math.IsNaN(f) || math.IsInf(f, 0) {
			return d.fail(n, path, "%q is no finite number", n.Value)
		}
		v.SetFloat(f)
	default:
		return errors.New("scenario: type of " + path + " is not supported")
	}
	return nil
}
