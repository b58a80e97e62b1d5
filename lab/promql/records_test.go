package promql

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kafka_burndown_exporter/rules"
)

// What package rules says that an expression reads is what Prometheus's parser finds, for every record of both bases.
func TestRulesReadWhatTheParserFinds(t *testing.T) {
	for _, base := range []string{rules.BaseBurndownExporter, rules.BaseKafkaExporter} {
		b, err := rules.Load(rules.Files, base)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range b.Records() {
			r := b.Record(name)
			e, err := Parse(r.Expr)
			if err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			var want []string
			for _, s := range e.Selectors {
				want = append(want, s.Name())
			}
			slices.Sort(want)
			if d := cmp.Diff(slices.Compact(want), r.Reads); d != "" {
				t.Errorf("%s (-parser +rules):\n%s", name, d)
			}
		}
	}
}
