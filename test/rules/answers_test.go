package rules_test

import (
	"math"
	"os"
	"path/filepath"
	"testing"
	"time"

	"go.yaml.in/yaml/v3"

	"kafka_burndown_exporter/dashboards"
	"kafka_burndown_exporter/rules"
	"kafka_burndown_exporter/test/prometheus"
)

type ruleFile struct {
	Groups []struct {
		Rules []struct {
			Record string `yaml:"record"`
			Alert  string `yaml:"alert"`
			Expr   string `yaml:"expr"`
		} `yaml:"rules"`
	} `yaml:"groups"`
}

func testEveryRule(t *testing.T, w *world, now time.Time) {
	for _, file := range []string{rules.BaseBurndownExporter, rules.Recording, rules.Alerts} {
		data, err := os.ReadFile(filepath.Join("..", "..", "rules", file))
		if err != nil {
			t.Fatal(err)
		}
		var f ruleFile
		if err := yaml.Unmarshal(data, &f); err != nil {
			t.Fatal(err)
		}
		for _, g := range f.Groups {
			for _, r := range g.Rules {
				if r.Alert != "" { // quiet is right; it must evaluate
					query(t, w.ours, r.Expr, now)
					continue
				}
				if len(query(t, w.ours, "last_over_time("+r.Record+"[8m])", now)) == 0 {
					t.Errorf("%s has no sample", r.Record)
				}
			}
		}
	}
	if got := query(t, w.ours, `max(prometheus_rule_evaluation_failures_total) > 0`, now); len(got) > 0 {
		t.Errorf("rules failed to evaluate: %v", got)
	}
}

func testTriggers(t *testing.T, w *world, now time.Time) {
	triggers, err := rules.TriggerQueries()
	if err != nil {
		t.Fatal(err)
	}
	for _, q := range triggers.Queries {
		got := value(t, w.ours, q.Expr(flow, q.Threshold), now)
		t.Logf("%s = %g", q.Name, got)
		for _, s := range query(t, w.ours, q.Expr(odd, q.Threshold), now) {
			if math.IsNaN(s.Last()) || math.IsInf(s.Last(), 0) || len(s.Labels) > 0 {
				t.Errorf("%s for %s: %v", q.Name, odd, s)
			}
		}
		if got := query(t, w.ours, q.Expr("nobody", q.Threshold), now); len(got) > 0 {
			t.Errorf("%s invents an answer for a group that does not exist: %v", q.Name, got)
		}
	}
}

// What may show nothing while all is well.
func mayBeEmpty() map[string]bool {
	return map[string]bool{"Errors from Kafka": true}
}

func testDashboards(t *testing.T, w *world, now time.Time) {
	all, err := dashboards.Load()
	if err != nil {
		t.Fatal(err)
	}
	values := dashboards.Values{
		Group: flow, HPA: "keda-hpa-flow", ScaledObject: "flow", RateInterval: "30s", Range: "3m",
	}
	other := values
	other.Group = odd
	for _, d := range all {
		for _, p := range d.AllPanels() {
			for _, q := range p.Targets {
				expr := values.Substitute(q.Expr)
				series, err := w.ours.QueryRange(t.Context(), expr, now.Add(-4*time.Minute), now, 5*time.Second)
				if q.Instant {
					series, err = w.ours.Query(t.Context(), expr, now)
				}
				if err != nil {
					t.Errorf("%s, %s: %v", d.Title, p.Title, err)
					continue
				}
				checkShape(t, d.Title+", "+p.Title+", "+q.RefID, p, series)
				query(t, w.ours, other.Substitute(q.Expr), now)
			}
		}
	}
}

func checkShape(t *testing.T, where string, p dashboards.Panel, series []prometheus.Series) {
	t.Helper()
	if len(series) == 0 && !mayBeEmpty()[p.Title] {
		t.Errorf("%s: no data", where)
	}
	if p.Type == "stat" && len(series) > 1 {
		t.Errorf("%s: one number expected, got %d series", where, len(series))
	}
	for _, s := range series {
		if v := s.Last(); math.IsNaN(v) || math.IsInf(v, 0) || v < 0 {
			t.Errorf("%s: %v is %g", where, s.Labels, v)
		}
	}
}
