package rules

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"kafka_burndown_exporter/collector"
)

// Names that are neither in the exporter's table nor recorded.
func foreign() []string {
	return []string{
		"kafka_burndown_exporter", "kafka_exporter", // programs
		"kafka_burndown_exporter_build_info", "kafka_exporter_build_info", // client_golang's
	}
}

// A name in a rule, a dashboard or a page about them that nothing publishes is a mistake nobody would notice.
func TestEveryNameExists(t *testing.T) {
	known := append(collector.Names(), foreign()...)
	for _, r := range rulesOf(t, BaseBurndownExporter, BaseKafkaExporter, Recording) {
		known = append(known, r.Record)
	}
	var files []string
	for _, pattern := range []string{
		"*.yaml", "tests/*.yaml", "../dashboards/*.json", "../docs/rules.md", "../docs/runbooks.md", "../docs/dashboards.md",
	} {
		found, err := filepath.Glob(pattern)
		if err != nil || len(found) == 0 {
			t.Errorf("%s: no files: %v", pattern, err)
		}
		files = append(files, found...)
	}
	name := regexp.MustCompile(`([a-z_]+:)?\bkafka_[a-z0-9_]+(:[a-z0-9]+)?\*?`)
	histogram := regexp.MustCompile(`_(bucket|sum|count)$`)
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, n := range name.FindAllString(string(data), -1) {
			if slices.Contains(known, n) || slices.Contains(known, histogram.ReplaceAllString(n, "")) {
				continue
			}
			prefix, pattern := strings.CutSuffix(n, "*")
			if pattern && slices.ContainsFunc(known, func(k string) bool { return strings.HasPrefix(k, prefix) }) {
				continue
			}
			t.Errorf("%s: nothing publishes %s", file, n)
		}
	}
}
