package promql

import (
	"bufio"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/prometheus/prometheus/promql/parser"

	"kafka_burndown_exporter/rules"
)

// forms are expressions that people use, those of the shipped rules with a base, and the shipped queries.
func forms(t testing.TB, base string) []string {
	t.Helper()
	var out []string
	for _, name := range []string{"forms-in-the-wild.txt", "forms-more.txt"} {
		out = append(out, lines(t, name)...)
	}
	return append(out, shippedForms(t, base)...)
}

func lines(t testing.TB, name string) []string {
	t.Helper()
	f, err := os.Open(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var out []string
	for in := bufio.NewScanner(f); in.Scan(); {
		if in.Text() != "" {
			out = append(out, in.Text())
		}
	}
	return out
}

func shippedForms(t testing.TB, base string) []string {
	t.Helper()
	var out []string
	for _, name := range []string{base, rules.Recording, rules.Alerts} {
		data, err := rules.Files.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		parsed, errs := rulefmt.Parse(data, false, validation, parser.NewParser(parser.Options{}), nil)
		if len(errs) > 0 {
			t.Fatal(errs)
		}
		for _, g := range parsed.Groups {
			for _, r := range g.Rules {
				out = append(out, strings.TrimSpace(r.Expr))
			}
		}
	}
	triggers, err := rules.TriggerQueries()
	if err != nil {
		t.Fatal(err)
	}
	for _, q := range triggers.Queries {
		out = append(out, q.Expr("g", "30"))
	}
	return out
}

// canonical writes an answer so that equal answers are equal text: elements in the order of their labels, values to the
// bit.
func canonical(a Answer) string {
	if a.Err != nil {
		return "error: " + a.Err.Error()
	}
	out := make([]string, len(a.Elements))
	for i, e := range a.Elements {
		out[i] = fmt.Sprintf("%s %x", e.Labels, bits(e.Value))
	}
	slices.Sort(out)
	return a.Type + "\n" + strings.Join(out, "\n")
}

// bits takes all NaN for one.
func bits(v float64) uint64 {
	if math.IsNaN(v) {
		return 1
	}
	return math.Float64bits(v)
}

// TestParse reads every form, and the reach of some.
func TestParse(t *testing.T) {
	for _, form := range forms(t, rules.BaseKafkaExporter) {
		if _, err := Parse(form); err != nil {
			t.Errorf("%s: %v", form, err)
		}
	}
	for expr, want := range map[string]time.Duration{
		"a":                                    0,
		"a offset 3m":                          3 * time.Minute,
		"rate(a[2m])":                          2 * time.Minute,
		"rate(a[2m] offset 3m)":                5 * time.Minute,
		"max_over_time(a[10m:1m] offset 1m)":   11 * time.Minute,
		"max_over_time(rate(a[2m])[10m:1m])":   12 * time.Minute,
		"a + rate(b[1h])":                      time.Hour,
		"a offset -3m":                         0,
		"a @ 1700000000":                       Everlasting,
		"max_over_time((a + b @ 1)[10m:1m])":   Everlasting,
		"max_over_time(a[10m:1m] @ end())":     Everlasting,
		"max_over_time(vector(1)[10m:1m])":     0,
		"sum(max_over_time(a[1h])) or b[5m:]":  time.Hour,
		"label_replace(a[5m], '', '', '', '')": -1,
	} {
		e, err := Parse(expr)
		switch {
		case want < 0:
			if err == nil {
				t.Errorf("%s is read", expr)
			}
		case err != nil:
			if !strings.Contains(expr, "or b[5m:]") {
				t.Errorf("%s: %v", expr, err)
			}
		case e.Reach != want:
			t.Errorf("%s reaches %v back, want %v", expr, e.Reach, want)
		}
	}
}

// TestRefused refuses in one line; TestReal compares the words with those of a real server.
func TestRefused(t *testing.T) {
	for _, form := range lines(t, "refused.txt") {
		_, err := Parse(form)
		switch {
		case err == nil:
			t.Errorf("%s is read", form)
		case strings.Contains(err.Error(), "\n"):
			t.Errorf("%s: the error has several lines: %v", form, err)
		default:
			t.Logf("%-70s %v", form, err)
		}
	}
}
