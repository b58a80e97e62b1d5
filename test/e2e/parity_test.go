package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"kafka_burndown_exporter/test/e2e/kubeapi"
)

// parity are the queries of docs/keda.md that stand for options of KEDA's kafka trigger, by the option they stand for.
type parity map[string]string

var (
	parityRow  = regexp.MustCompile("^\\| ([^|]*?) \\| [^|]* \\| `((?:[^`])*)`")
	allPartsOf = "(max(kafka_group_partitions{G}) + max(kafka_group_partitions_uncommitted{G}))"
)

// readParity reads the two tables of the document.
func readParity(t *testing.T) parity {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("..", "..", "docs", "keda.md"))
	must(t, err)
	_, section, found := strings.Cut(string(raw), "\n## Parity with KEDA's kafka scaler\n")
	if !found || !strings.Contains(section, "`"+strings.Trim(allPartsOf, "()")+")`") {
		t.Fatal("docs/keda.md has no section on parity, or another definition of N")
	}
	out := parity{}
	for line := range strings.Lines(section) {
		row := parityRow.FindStringSubmatch(strings.ReplaceAll(line, `\|`, "\x00"))
		if row != nil {
			out[strings.ReplaceAll(row[1], "`", "")] = strings.ReplaceAll(row[2], "\x00", "|")
		}
	}
	return out
}

// query is what stands for a kafka trigger with these options.
func (p parity) query(t *testing.T, group, topic, threshold string, options kubeapi.Object) string {
	t.Helper()
	lag, shape := "offsetResetPolicy: latest (default)", "plain"
	for option, value := range options {
		switch row := fmt.Sprintf("%s: %q", option, value); option {
		case "lagThreshold":
		case "partitionLimitation":
			lag = row
		case "offsetResetPolicy":
			lag = fmt.Sprintf("%s: %s", option, value)
		case "scaleToZeroOnInvalidOffset":
			lag = row
		default:
			shape = row
		}
	}
	if p[lag] == "" || p[shape] == "" {
		t.Fatalf("docs/keda.md has no query for %q or %q: %q", lag, shape, p)
	}
	words := map[string]string{"LAG": "(" + p[lag] + ")", "N": allPartsOf, "T": threshold}
	if chosen := regexp.MustCompile(`== (\d+)$`).FindStringSubmatch(p[lag]); chosen != nil {
		words["N"] = "vector(" + chosen[1] + ")"
	}
	replace := func(word string) string {
		if with, found := words[word]; found {
			return with
		}
		return word
	}
	word := regexp.MustCompile(`\b(LAG|N|T)\b`)
	query := word.ReplaceAllStringFunc(p[shape], replace)
	query = strings.ReplaceAll(query, "{G", fmt.Sprintf("{consumergroup=%q", group))
	return strings.ReplaceAll(compressLine(query), `"trip-events"`, fmt.Sprintf("%q", topic))
}

// answers waits until Prometheus gives a number of messages, in thousandths, to a query.
func (m *monitoring) answers(t *testing.T, query string, thousandths int64) {
	t.Helper()
	m.waitFor(t, 20*time.Second, query, func(v float64) bool { return int64(v*1000) == thousandths })
}
