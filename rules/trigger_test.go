package rules

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// state is what Prometheus knows about a group; unset signals have no series.
type state struct {
	name   string
	series map[string]float64 // gauges kafka_group_<key>, and the rate behind produced_messages_total
	want   map[string]float64 // query → its one sample; no entry: no sample
}

func triggerStates() []state {
	return []state{
		{
			name: "healthy",
			series: map[string]float64{
				"lag": 1024, "backlog": 1500, "burndown_seconds": 500, "lag_seconds": 45, "produced": 1600, "desired_replicas": 10,
			},
			want: map[string]float64{
				"desired-replicas": 10, "desired-replicas-from-zero": 10, "backlog": 1500, "lag": 1024, "lag-now": 1024, "lag-log2x7": 70,
				"burndown": 120, "age": 45, "producer-rate": 1600, "producer-rate-from-zero": 1600,
			},
		},
		{
			name: "the pilot does not know",
			series: map[string]float64{
				"lag": 1024, "backlog": 1500, "burndown_seconds": 500, "lag_seconds": 45, "produced": 1600,
			},
			want: map[string]float64{
				"desired-replicas-from-zero": 1, "backlog": 1500, "lag": 1024, "lag-now": 1024, "lag-log2x7": 70,
				"burndown": 120, "age": 45, "producer-rate": 1600, "producer-rate-from-zero": 1600,
			},
		},
		{
			name:   "nothing ever committed",
			series: map[string]float64{"backlog": 7},
			want: map[string]float64{
				"desired-replicas-from-zero": 1, "backlog": 7, "producer-rate-from-zero": 1,
			},
		},
		{
			name: "drained",
			series: map[string]float64{
				"lag": 0, "backlog": 0, "burndown_seconds": 0, "lag_seconds": 0, "produced": 0, "desired_replicas": 0,
			},
			want: map[string]float64{
				"desired-replicas": 0, "desired-replicas-from-zero": 0, "backlog": 0, "lag": 0, "lag-now": 0, "lag-log2x7": 0,
				"burndown": 0, "age": 0, "producer-rate": 0, "producer-rate-from-zero": 0,
			},
		},
		{name: "partitions unknown", series: map[string]float64{"members": 5, "useful_members": 20}},
		{name: "unknown group"},
	}
}

func seriesOf(s state, group string) []map[string]string {
	label := fmt.Sprintf(`consumergroup="%s"`, EscapeLabel(group))
	var out []map[string]string
	add := func(name, values string) {
		out = append(out, map[string]string{"series": name, "values": values})
	}
	for key, v := range s.series {
		for _, replica := range []string{"a", "b"} {
			labels := fmt.Sprintf(`{job="k", instance=%q, %s}`, replica, label)
			if key == "produced" {
				add("kafka_group_produced_messages_total"+labels, fmt.Sprintf("0+%gx40", 15*v))
				continue
			}
			add("kafka_group_"+key+labels, fmt.Sprintf("%gx40", v))
		}
	}
	return out
}

// Every query answers one sample, or none where the truth is unknown, for any name of a group.
func TestTriggerQueries(t *testing.T) {
	triggers, err := TriggerQueries()
	if err != nil {
		t.Fatal(err)
	}
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	names := []string{"g", `quo"te\s 'n' {{group}}`, "größe.日本語", strings.Repeat("x", 249)}
	for i, s := range triggerStates() {
		group := names[i%len(names)]
		var exprs []map[string]any
		for _, q := range triggers.Queries {
			samples := []map[string]any{}
			if v, ok := s.want[q.Name]; ok {
				samples = append(samples, map[string]any{"labels": "{}", "value": v})
			}
			exprs = append(exprs, map[string]any{
				"expr": q.Expr(group, q.Threshold), "eval_time": "8m", "exp_samples": samples,
			})
		}
		file := map[string]any{
			"rule_files":          []string{filepath.Join(here, BaseBurndownExporter), filepath.Join(here, Recording)},
			"evaluation_interval": "15s",
			"group_eval_order":    []string{"kafka-group-base", "kafka-group-signals"},
			"tests": []map[string]any{{
				"name": s.name, "interval": "15s", "input_series": seriesOf(s, group), "promql_expr_test": exprs,
			}},
		}
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			data, err := yaml.Marshal(file)
			if err != nil {
				t.Fatal(err)
			}
			path := filepath.Join(t.TempDir(), "trigger.yaml")
			if err := os.WriteFile(path, data, 0o600); err != nil {
				t.Fatal(err)
			}
			promtool(t, "test", "rules", path)
		})
	}
}

func TestTriggerQueriesKeepTheContract(t *testing.T) {
	triggers, err := TriggerQueries()
	if err != nil {
		t.Fatal(err)
	}
	byName := map[string]TriggerQuery{}
	for _, q := range triggers.Queries {
		byName[q.Name] = q
	}
	for _, q := range triggers.Queries {
		if q.Description == "" || len(byName) != len(triggers.Queries) {
			t.Errorf("%s: no description, or the name is there twice", q.Name)
		}
		if !slices.Contains([]string{"Value", "AverageValue"}, q.MetricType) {
			t.Errorf("%s: metricType %q", q.Name, q.MetricType)
		}
		if q.MetricType == "Value" && q.MinReplicaCount < 1 {
			t.Errorf("%s: a Value trigger compares with the ready pods, of which there may be none at minReplicaCount 0", q.Name)
		}
		for _, number := range []string{q.Threshold, q.ActivationThreshold} {
			if _, err := strconv.ParseFloat(number, 64); err != nil {
				t.Errorf("%s: %v", q.Name, err)
			}
		}
		if q.ScaleToZero != "" && byName[q.ScaleToZero].MinReplicaCount != 0 {
			t.Errorf("%s: %s does not exist for minReplicaCount 0", q.Name, q.ScaleToZero)
		}
		if strings.Contains(q.Query, "=~") || strings.Contains(q.Query, "vector(") {
			t.Errorf("%s: a name is matched with =, and nothing is invented with vector()", q.Name)
		}
		if strings.Count(q.Query, "{") != strings.Count(q.Query, `{consumergroup="{{group}}"`)*3+strings.Count(q.Query, "{{target}}")*2 {
			t.Errorf("%s: a selector does not name the group", q.Name)
		}
	}
}
