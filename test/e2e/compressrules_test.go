package e2e

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"
)

// bareSeconds are the numbers in the shipped recording rules that are seconds without a unit, by rule. Those of a rule
// that records seconds need not be listed.
var bareSeconds = map[string][]string{}

// noSeconds are the numbers that are something else: ratios, counts, points. 0 and 1 need not be listed.
var noSeconds = map[string][]string{
	"consumergroup:kafka_group_lag:log2x7": {"7", "140"},
}

func isSeconds(record, number string) bool {
	return number != "0" && number != "1" && (strings.Contains(record, "_seconds:") || slices.Contains(bareSeconds[record], number))
}

var (
	notNumbers = regexp.MustCompile(`"[^"]*"|\[[^]]*\]|offset \S+`)
	numbers    = regexp.MustCompile(`(^|[^a-zA-Z0-9_:.])(\d+(\.\d+)?)`)
)

// Every number of the recording rules is known to be seconds or something else: a new one has to be listed, or it would
// be ten times as long here as it is meant to be. Alerts are loaded, and nothing here depends on them.
func TestCompressedNumbers(t *testing.T) {
	for _, file := range []string{"base-burndown-exporter.yaml", "recording.yaml"} {
		raw, err := os.ReadFile(filepath.Join("..", "..", "rules", file))
		must(t, err)
		before, after := recordings(t, raw), recordings(t, []byte(compressRules(string(raw))))
		for record, expr := range before {
			var want []string
			for _, number := range numbersOf(expr) {
				switch {
				case isSeconds(record, number):
					number = perSpeed(number)
				case number != "0" && number != "1" && !slices.Contains(noSeconds[record], number):
					t.Errorf("%s has a number %s: is it seconds? List it in bareSeconds or noSeconds", record, number)
				}
				want = append(want, number)
			}
			if got := numbersOf(after[record]); !slices.Equal(got, want) {
				t.Errorf("%s has the numbers %v once compressed, wanted %v", record, got, want)
			}
		}
	}
}

// No duration of any shipped rule is left as it was.
func TestCompressedDurations(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("..", "..", "rules", "*.yaml"))
	must(t, err)
	for _, file := range files {
		raw, err := os.ReadFile(file)
		must(t, err)
		before, after := durationsOf(string(raw)), durationsOf(compressRules(string(raw)))
		if len(before) != len(after) || len(before) == 0 {
			t.Errorf("%s has %d durations, %d once compressed", file, len(before), len(after))
			continue
		}
		for i := range before {
			if speed*milliseconds(after[i]) != milliseconds(before[i]) {
				t.Errorf("%s: %s became %s", file, before[i], after[i])
			}
		}
	}
}

var anyDuration = regexp.MustCompile(`\b\d+(ms|s|m|h|d)\b`)

// durationsOf are the durations outside of comments, in order.
func durationsOf(rules string) []string {
	var out []string
	for line := range strings.Lines(rules) {
		if !strings.HasPrefix(strings.TrimSpace(line), "#") {
			out = append(out, anyDuration.FindAllString(line, -1)...)
		}
	}
	return out
}

// recordings are the expressions of a rule file's recording rules.
func recordings(t *testing.T, raw []byte) map[string]string {
	t.Helper()
	var file struct {
		Groups []struct {
			Rules []struct{ Record, Expr string }
		}
	}
	must(t, yaml.Unmarshal(raw, &file))
	out := map[string]string{}
	for _, g := range file.Groups {
		for _, r := range g.Rules {
			out[r.Record] = r.Expr
		}
	}
	return out
}

// numbersOf are the numbers of an expression that are no durations and in no name or label, in order.
func numbersOf(expr string) []string {
	var out []string
	for _, found := range numbers.FindAllStringSubmatch(notNumbers.ReplaceAllString(expr, ""), -1) {
		out = append(out, found[2])
	}
	return out
}

func milliseconds(duration string) int {
	unit := strings.TrimLeft(duration, "0123456789")
	n := 0
	for _, digit := range strings.TrimSuffix(duration, unit) {
		n = 10*n + int(digit-'0')
	}
	return n * map[string]int{"ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000}[unit]
}
