package rules

import (
	"os"
	"testing"

	"go.yaml.in/yaml/v3"
)

type rule struct {
	Record      string            `yaml:"record"`
	Alert       string            `yaml:"alert"`
	Expr        string            `yaml:"expr"`
	Labels      map[string]string `yaml:"labels"`
	Annotations map[string]string `yaml:"annotations"`
}

// name is the record or the alert.
func (r rule) name() string { return r.Record + r.Alert }

type ruleFile struct {
	Groups []struct {
		Name  string `yaml:"name"`
		Rules []rule `yaml:"rules"`
	} `yaml:"groups"`
}

type unitTestFile struct {
	RuleFiles []string `yaml:"rule_files"`
	Tests     []struct {
		Alerts []struct {
			Name string           `yaml:"alertname"`
			Exp  []map[string]any `yaml:"exp_alerts"`
		} `yaml:"alert_rule_test"`
		Exprs []struct {
			Expr string           `yaml:"expr"`
			Exp  []map[string]any `yaml:"exp_samples"`
		} `yaml:"promql_expr_test"`
	} `yaml:"tests"`
}

func read[T any](t *testing.T, path string) T {
	t.Helper()
	var v T
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(data, &v); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return v
}

// rulesOf returns the rules of the files, in order.
func rulesOf(t *testing.T, files ...string) []rule {
	t.Helper()
	var all []rule
	for _, file := range files {
		for _, g := range read[ruleFile](t, file).Groups {
			all = append(all, g.Rules...)
		}
	}
	return all
}
