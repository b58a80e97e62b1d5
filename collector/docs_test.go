package collector

import (
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// docsIntro is everything in docs/metrics.md that does not come from the table.
const docsIntro = `# Metrics

Made from the table in ` + "`collector/names.go`" + ` by ` + "`go test ./collector -update`" + `. A value that is not known is absent: no series is
ever −1, NaN or a total of only a part. Constant labels of ` + "`--kafka.labels`" + ` are added to every metric named here.

` + "`--metrics.disable=NAME`" + ` leaves a metric of the first three tables out. ` + "`--metrics.granularity=topic`" + ` leaves out every
metric with a ` + "`partition`" + ` label, ` + "`--metrics.granularity=group`" + ` also those with a ` + "`topic`" + ` label.

In OpenMetrics, counters come with the ` + "`_created`" + ` timestamp of when they began.
`

func metricsDoc() string {
	var b strings.Builder
	b.WriteString(docsIntro)
	table := func(title, text string, admit func(Family) bool, families []Family) {
		fmt.Fprintf(&b, "\n## %s\n\n%s\n\n| name | type | labels | meaning |\n|---|---|---|---|\n", title, text)
		for _, f := range families {
			if !admit(f) {
				continue
			}
			labels := make([]string, len(f.Labels))
			for i, l := range f.Labels {
				labels[i] = "`" + l + "`"
			}
			fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", f.Name, f.Type, strings.Join(labels, ", "), f.Help)
		}
	}
	all := Families()
	table("As kafka_exporter has them", "Names, labels and meaning are those of kafka_exporter, except that a value it would "+
		"show as −1 or negative is absent.", func(f Family) bool { return f.DropIn }, all)
	scaling := func(level ...Level) func(Family) bool {
		return func(f Family) bool { return !f.DropIn && slices.Contains(level, f.Level) }
	}
	table("Per cluster", "Joins a dashboard or an alert to the cluster that the series are of.", scaling(LevelClusterID), all)
	table("Per consumer group", "What autoscaling needs. Topics a group has abandoned are left out of its totals.",
		scaling(LevelGroup), all)
	table("Per topic, and per consumer group and topic", "The same per topic, where it makes sense.",
		scaling(LevelTopic, LevelGroupTopic), all)
	table("About the exporter", "Beside these there are `kafka_burndown_exporter_build_info`, `go_*`, `process_*` and "+
		"`promhttp_*`.", func(Family) bool { return true }, SelfFamilies())
	return b.String()
}

func TestGeneratedMetricsDocs(t *testing.T) {
	golden(t, filepath.Join("..", "docs", "metrics.md"), metricsDoc())
}

func TestTableIsWellFormed(t *testing.T) {
	names := Names()
	if n := len(names); len(slices.Compact(slices.Sorted(slices.Values(names)))) != n {
		t.Error("a name is in the table twice")
	}
	name := regexp.MustCompile(`^[a-z][a-z0-9_]*$`)
	for _, f := range append(Families(), SelfFamilies()...) {
		switch {
		case !name.MatchString(f.Name):
			t.Errorf("%q is no name", f.Name)
		case !strings.HasSuffix(f.Help, ".") || strings.ContainsAny(f.Help, "\\\"\n|"):
			t.Errorf("%s: help must be sentences without quotes, bars and backslashes: %s", f.Name, f.Help)
		case (f.Type == Counter) != strings.HasSuffix(f.Name, "_total"):
			t.Errorf("%s: counters, and only they, end in _total", f.Name)
		case f.Unit != "" && !strings.HasSuffix(strings.TrimSuffix(f.Name, "_total"), "_"+f.Unit):
			t.Errorf("%s: OpenMetrics wants the unit %s at its end", f.Name, f.Unit)
		}
	}
}
