package scenario

import (
	"errors"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// fields maps the yaml names of a struct's fields.
func fields(t reflect.Type) map[string]reflect.StructField {
	out := map[string]reflect.StructField{}
	for _, f := range reflect.VisibleFields(t) {
		if name := f.Tag.Get("yaml"); name != "" && name != "-" {
			out[name] = f
		}
	}
	return out
}

// bounds checks a decoded value against the min, max, enum and pattern tags of its field.
func (d *decoder) bounds(n *yaml.Node, path string, f reflect.StructField, v reflect.Value) error {
	tag := f.Tag
	num, isNum := number(v)
	if isNum {
		if lo := tag.Get("min"); lo != "" && num < mustFloat(lo) {
			return d.fail(n, path, "%v is below the minimum of %s", n.Value, lo)
		}
		if hi := tag.Get("max"); hi != "" && num > mustFloat(hi) {
			return d.fail(n, path, "%v is above the maximum of %s", n.Value, hi)
		}
	}
	if v.Kind() != reflect.String {
		return nil
	}
	if enum := tag.Get("enum"); enum != "" && !slices.Contains(strings.Split(enum, ","), v.String()) {
		return d.fail(n, path, "%q is not one of %s", v.String(), strings.ReplaceAll(enum, ",", ", "))
	}
	if p := tag.Get("pattern"); p != "" && !regexp.MustCompile(p).MatchString(v.String()) {
		return d.fail(n, path, "%q does not match %s", v.String(), p)
	}
	if tag.Get("required") == "true" && v.String() == "" {
		return d.fail(n, path, "is empty: %s", tag.Get("doc"))
	}
	return nil
}

func number(v reflect.Value) (float64, bool) {
	switch v.Kind() {
	case reflect.Int:
		return float64(v.Int()), true
	case reflect.Float64:
		return v.Float(), true
	}
	return 0, false
}

// setDefaults fills fields that were not given from their default tags, in nested structs too.
func setDefaults(v reflect.Value, seen map[string]bool) error {
	for name, f := range fields(v.Type()) {
		if seen[name] {
			continue
		}
		fv := v.FieldByIndex(f.Index)
		if fv.Kind() == reflect.Struct && fv.Type() != timeType {
			if err := setDefaults(fv, nil); err != nil {
				return err
			}
			continue
		}
		def := f.Tag.Get("default")
		if def == "" {
			continue
		}
		switch {
		case fv.Type() == durationType:
			dur, err := ParseDuration(def)
			if err != nil {
				return err
			}
			fv.SetInt(int64(dur))
		case fv.Kind() == reflect.String:
			fv.SetString(def)
		case fv.Kind() == reflect.Int:
			fv.SetInt(int64(mustFloat(def)))
		case fv.Kind() == reflect.Float64:
			fv.SetFloat(mustFloat(def))
		}
	}
	return nil
}

func mustFloat(s string) float64 {
	f, err := strconv.ParseFloat(s, 64)
	if err != nil {
		panic("scenario: tag " + s + " is no number")
	}
	return f
}

// ParseDuration reads a Go duration that may begin with days, such as 1d12h, 7d or 90s.
func ParseDuration(s string) (time.Duration, error) {
	days, rest, ok := strings.Cut(s, "d")
	if !ok {
		return time.ParseDuration(s)
	}
	n, err := strconv.ParseUint(days, 10, 16)
	if err != nil {
		return 0, errors.New("days must be a whole number")
	}
	total := time.Duration(n) * 24 * time.Hour
	if rest == "" {
		return total, nil
	}
	d, err := time.ParseDuration(rest)
	return total + d, err
}

func kindName(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "fields"
	case yaml.SequenceNode:
		return "a list"
	case yaml.ScalarNode:
		if n.Tag == "!!null" {
			return "nothing"
		}
		return strconv.Quote(n.Value)
	}
	return "something else"
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

func last(path string) string { return path[strings.LastIndexByte(path, '.')+1:] }

func oneLine(err error) string { return strings.Join(strings.Fields(err.Error()), " ") }

// suggest names the known field that is meant, or all of them.
func suggest(name string, known map[string]reflect.StructField) string {
	names := make([]string, 0, len(known))
	for k := range known {
		if strings.EqualFold(k, name) || strings.HasPrefix(k, name) || strings.HasPrefix(name, k) {
			return ": did you mean " + k + "?"
		}
		names = append(names, k)
	}
	slices.Sort(names)
	return ": known are " + strings.Join(names, ", ")
}
