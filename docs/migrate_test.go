// Package docs holds the documents true: what they name exists, and what they say is written plainly.
package docs

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"kafka_burndown_exporter/collector"
)

// documented are the series that each tool documents, by the heading of the tool's section in migrate.md. Each file says
// where its list comes from.
var documented = map[string]string{
	"From kafka_exporter":     "kafka_exporter.txt",
	"From kminion":            "kminion.txt",
	"From kafka-lag-exporter": "kafka-lag-exporter.txt",
	"From klag-exporter":      "klag-exporter.txt",
	"From Burrow":             "burrow.txt",
}

// TestMigrateMapsEverySeries: each section maps every series that its tool documents, once, to names that exist.
func TestMigrateMapsEverySeries(t *testing.T) {
	sections := sectionsOf(read(t, "migrate.md"))
	files, err := filepath.Glob(filepath.Join("testdata", "series", "*.txt"))
	if err != nil || len(files) != len(documented) {
		t.Errorf("%d lists for %d tools: %v", len(files), len(documented), err)
	}
	for heading, file := range documented {
		t.Run(heading, func(t *testing.T) {
			rows := map[string]string{}
			for _, m := range regexp.MustCompile("(?m)^\\| `([a-z_]+)` \\| (.*) \\|$").FindAllStringSubmatch(sections[heading], -1) {
				if rows[m[1]] != "" {
					t.Errorf("%s is mapped twice", m[1])
				}
				rows[m[1]] = m[2]
			}
			for line := range strings.Lines(read(t, "testdata", "series", file)) {
				name := strings.TrimSpace(line)
				if name == "" || strings.HasPrefix(name, "#") {
					continue
				}
				if rows[name] == "" {
					t.Errorf("%s is not mapped", name)
				}
				delete(rows, name)
			}
			for _, name := range slices.Sorted(maps.Keys(rows)) {
				t.Errorf("%s is mapped and not documented by the tool", name)
			}
		})
	}
}

// TestMigrateNamesWhatExists: every name of ours in migrate.md is a metric.
func TestMigrateNamesWhatExists(t *testing.T) {
	exists := map[string]bool{}
	for _, f := range slices.Concat(collector.Families(), collector.SelfFamilies()) {
		exists[f.Name] = true
	}
	named := 0
	theirs, ours := regexp.MustCompile("^\\| [^|]* \\|"), regexp.MustCompile(`\bkafka_[a-z0-9_]+[a-z0-9]\b`)
	for line := range strings.Lines(read(t, "migrate.md")) {
		if strings.HasPrefix(strings.TrimSpace(line), "- record:") {
			continue // names of others that are kept alive
		}
		for _, name := range ours.FindAllString(theirs.ReplaceAllString(line, ""), -1) {
			if named++; !exists[name] && name != "kafka_exporter" {
				t.Errorf("%s does not exist: %s", name, line)
			}
		}
	}
	if named < 50 {
		t.Errorf("only %d names found", named)
	}
}

// sectionsOf are the sections of the second level by their headings.
func sectionsOf(text string) map[string]string {
	out := map[string]string{}
	for _, s := range strings.Split(text, "\n## ")[1:] {
		heading, body, _ := strings.Cut(s, "\n")
		out[heading] = body
	}
	return out
}

func read(t *testing.T, path ...string) string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(path...))
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}
