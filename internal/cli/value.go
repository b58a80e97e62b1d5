package cli

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/alecthomas/kingpin/v2"
	"github.com/prometheus/common/model"
)

// parsed is a flag's value whose errors name the flag.
type parsed[T any] struct {
	flag   string
	target *T
	text   string
	parse  func(string) (T, error)
}

// Set parses a value.
func (p *parsed[T]) Set(s string) error {
	v, err := p.parse(s)
	if err != nil {
		return fmt.Errorf("--%s: %w", p.flag, err)
	}
	*p.target, p.text = v, s
	return nil
}

func (p *parsed[T]) String() string { return p.text }

// Flags is what flags are declared on: a command, or the application.
type Flags interface {
	Flag(name, help string) *kingpin.FlagClause
}

// Declare adds a flag that parse reads; without a default it stays at T's zero value.
func Declare[T any](cmd Flags, target *T, flag, def, help string, parse func(string) (T, error)) {
	f := cmd.Flag(flag, help)
	if def != "" {
		f.Default(def)
	}
	f.SetValue(&parsed[T]{flag: flag, target: target, parse: parse})
}

// ParseDuration reads a span of time above zero.
func ParseDuration(s string) (time.Duration, error) {
	d, err := time.ParseDuration(s)
	switch {
	case err != nil:
		return 0, fmt.Errorf("%q is not a duration; write e.g. 30s or 5m", s)
	case d <= 0:
		return 0, fmt.Errorf("%s is not above zero; write e.g. 30s or 5m", s)
	}
	return d, nil
}

// Span writes a default as a flag shows it: 10s, 2m.
func Span(d time.Duration) string { return model.Duration(d).String() }

// ParseInterval reads the distance of samples; below a tenth of a second brokers would be asked all the time.
func ParseInterval(s string) (time.Duration, error) {
	d, err := ParseDuration(s)
	if err == nil && d < 100*time.Millisecond {
		return 0, fmt.Errorf("%s is too short; use 100ms or more, e.g. 10s", s)
	}
	return d, err
}

// ParseCount reads a whole number that is not negative.
func ParseCount[T int | int64](s string) (T, error) {
	n, err := strconv.ParseInt(s, 10, 32)
	if err != nil || n < 0 {
		return 0, fmt.Errorf("%q is not a whole number of 0 or more", s)
	}
	return T(n), nil
}

// ParsePositive reads a number above zero.
func ParsePositive(s string) (float64, error) {
	v, err := strconv.ParseFloat(s, 64)
	if err != nil || !(v > 0 && v <= 1e9) {
		return 0, fmt.Errorf("%q is not a number above 0 (and at most 1e9)", s)
	}
	return v, nil
}

// ParseRegexp reads a filter as kafka_exporter does: RE2 syntax, not anchored.
func ParseRegexp(s string) (*regexp.Regexp, error) {
	re, err := regexp.Compile(s)
	if err != nil {
		return nil, fmt.Errorf("%q is not a regular expression: %s; Go's RE2 syntax applies",
			s, strings.TrimPrefix(err.Error(), "error parsing regexp: "))
	}
	return re, nil
}

// OneOf reads one of the values.
func OneOf(values ...string) func(string) (string, error) {
	return func(s string) (string, error) {
		for _, v := range values {
			if s == v {
				return s, nil
			}
		}
		return "", fmt.Errorf("%q is unknown; use one of %s", s, strings.Join(values, ", "))
	}
}
