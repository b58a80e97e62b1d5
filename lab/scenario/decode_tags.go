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

// fields are the fields of a struct that a file can give.
func fields(t reflect.Type) (out []reflect.StructField) {
	for _, f := range reflect.VisibleFields(t) {
		if name := f.Tag.Get("yaml"); name != "" && name != "-" {
			out = append(out, f)
		}
	}
	return out
}

// bounds checks a decoded value against the min, max, enum and pattern tags of its field.
func (d *decoder) bounds(n *yaml.Node, path string, f reflect.StructField, v reflect.Value) {
	tag := f.Tag
	if num, ok := number(v); ok {
		if lo := tag.Get("min"); lo != "" && num < mustFloat(lo) {
			d.Fail(n, path, "%v is below the minimum of %s", n.Value, lo)
		}
		if hi := tag.Get("max"); hi != "" && num > mustFloat(hi) {
			d.Fail(n, path, "%v is above the maximum of %s", n.Value, hi)
		}
	}
	if v.Kind() != reflect.String {
		return
	}
	if enum := tag.Get("enum"); enum != "" && !slices.Contains(strings.Split(enum, ","), v.String()) {
		d.Fail(n, path, "%q is not one of %s", v.String(), strings.ReplaceAll(enum, ",", ", "))
	}
	if p := tag.Get("pattern"); p != "" && !regexp.MustCompile(p).MatchString(v.String()) {
		d.Fail(n, path, "%q does not match %s", v.String(), p)
	}
	if tag.Get("required") == "true" && v.String() == "" {
		d.Fail(n, path, "is empty: %s", tag.Get("doc"))
	}
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

// setDefaults fills fields from their default tags, in nested structs too.
func setDefaults(v reflect.Value) {
	for _, f := range fields(v.Type()) {
		setDefault(f, v.FieldByIndex(f.Index))
	}
}

func setDefault(f reflect.StructField, v reflect.Value) {
	if v.Kind() == reflect.Struct && v.Type() != timeType {
		setDefaults(v)
		return
	}
	if def := f.Tag.Get("default"); def != "" {
		if problem := scalar(&yaml.Node{Value: def}, v); problem != "" {
			panic("scenario: default of " + f.Name + ": " + problem)
		}
	}
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
