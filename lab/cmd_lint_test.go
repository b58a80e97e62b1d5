package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kafka_burndown_exporter/internal/cli/clitest"
	"kafka_burndown_exporter/lab/manifest"
)

const goodObject = `apiVersion: keda.sh/v1alpha1
kind: ScaledObject
metadata: {name: good, namespace: shop}
spec:
  scaleTargetRef: {name: orders}
  minReplicaCount: 1
  maxReplicaCount: 6
  fallback: {failureThreshold: 8, replicas: 3, behavior: currentReplicasIfHigher}
  triggers:
    - type: prometheus
      metricType: AverageValue
      metadata:
        serverAddress: http://prometheus:9090
        query: max(consumergroup:kafka_group_lag:sum{consumergroup="orders"})
        threshold: "1000"
        ignoreNullValues: "false"
    - {type: cpu, metricType: Utilization, metadata: {value: "70"}}
`

func TestLintExitCodes(t *testing.T) {
	noFallback := strings.Replace(goodObject, "  fallback: {failureThreshold: 8, replicas: 3, behavior: currentReplicasIfHigher}\n", "", 1)
	nullIsZero := strings.Replace(goodObject, "        ignoreNullValues: \"false\"\n", "", 1)
	other := strings.Replace(goodObject, "    - {type: cpu, metricType: Utilization, metadata: {value: \"70\"}}\n",
		"    - {type: aws-sqs-queue, metadata: {queueURL: u, queueLength: \"5\"}}\n", 1)
	for _, c := range []struct {
		name, text string
		args       []string
		code       int
		out, errs  []string
	}{
		{"clean", goodObject, nil, 0, []string{"1 object checked: 0 errors, 0 warnings\n"}, nil},
		{"a warning", noFallback, nil, 0, []string{"so.yaml:1: warning: shop/good: spec.fallback: [no-fallback] ", "1 warning"}, nil},
		{"a warning, strict", noFallback, []string{"--strict"}, 1, nil, []string{"0 errors, 1 warning"}},
		{"an error", nullIsZero, nil, 1, []string{"[null-is-zero]"}, []string{"1 error, 0 warnings"}},
		{"facts", goodObject, []string{"--partitions=4", "--strict"}, 1, []string{"[max-above-partitions]"}, nil},
		{"refused, and the rest goes on", strings.Replace(goodObject, "maxReplicaCount", "maxReplicas", 1) + "---\n" + nullIsZero, nil, 1,
			[]string{"so.yaml:7: error: shop/good: spec.maxReplicas: [refused] is not a field here", "[null-is-zero]", "1 object checked: 2 errors"}, nil},
		{"given twice", goodObject + "---\n" + goodObject, nil, 1, []string{"[refused] is already in"}, nil},
		{"a trigger of another type", other, []string{"--strict"}, 0, []string{`info: shop/good: spec.triggers[1].type: [not-checked] "aws-sqs-queue"`}, nil},
		{"a query on another series", strings.Replace(goodObject, "max(consumergroup:kafka_group_lag:sum", "max(queue_depth", 1), []string{"--strict"}, 0,
			[]string{"[not-checked]"}, nil},
		{"a template", "{{ if .Values.keda }}\n" + goodObject + "{{ end }}\n", nil, 1, []string{"[refused] is a template"}, nil},
		{"nothing scales", "apiVersion: v1\nkind: Service\nmetadata: {name: s}\n", nil, 1, nil, []string{"no ScaledObject"}},
		{"escape sequences", strings.Replace(goodObject, "name: good", `name: "a\e[31mb"`, 1), nil, 1, []string{`a\x1b[31mb`}, nil},
		{"no file", "", []string{"nowhere.yaml"}, 1, nil, []string{"nowhere.yaml"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			path := writeFile(t, "so.yaml", c.text)
			code, out, errs := tryRun(t, append([]string{"lint", path}, c.args...)...)
			if code != c.code {
				t.Errorf("exit code %d, want %d", code, c.code)
			}
			for _, want := range c.out {
				if !strings.Contains(out, want) {
					t.Errorf("stdout lacks %q:\n%s", want, out)
				}
			}
			for _, want := range c.errs {
				if !strings.Contains(errs, want) || strings.Count(errs, "\n") != 1 {
					t.Errorf("stderr is not one line with %q:\n%s", want, errs)
				}
			}
			if strings.Contains(out+errs, "\x1b") {
				t.Errorf("an escape sequence passes: %q", out)
			}
		})
	}
}

func TestLintReadsFoldersAndStandardInput(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("a/so.yaml", goodObject)
	write("a/kustomization.yaml", "resources: [so.yaml]\n")
	write("b.yml", "- {op: add, path: /spec, value: 1}\n")
	write(".git/c.yaml", "a: b: c")
	write("notes.txt", "a: b: c")
	if code, out, errs := tryRun(t, "lint", dir); code != 0 || !strings.HasPrefix(out, "1 object checked") {
		t.Errorf("code %d:\n%s%s", code, out, errs)
	}
	var out clitest.Buffer
	f := &lintFlags{paths: []string{"-"}, format: "json", stdin: strings.NewReader(strings.Replace(goodObject, "fallback: {", "cooldownPeriod: 30 # {", 1))}
	if err := f.run(t.Context(), &out, nil); err != nil {
		t.Fatal(err)
	}
	var words struct {
		Objects, Warnings int
		Findings          []struct{ ID, Severity, File, Object, Reason, Fix string }
	}
	if err := json.Unmarshal([]byte(out.String()), &words); err != nil {
		t.Fatal(err)
	}
	if words.Objects != 1 || words.Warnings != 1 || words.Findings[0].ID != "no-fallback" || words.Findings[0].Severity != "warning" ||
		words.Findings[0].File != "-" || words.Findings[0].Object != "shop/good" {
		t.Errorf("%+v", words)
	}
}

// docs/lint.md lists every lint.
func TestLintDocs(t *testing.T) {
	var b strings.Builder
	b.WriteString("| lint | severity | what is found | remedy |\n|---|---|---|---|\n")
	for _, r := range manifest.Rules() {
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", r.ID, r.Severity, r.Meaning, r.Remedy)
	}
	path := filepath.Join("..", "docs", "lint.md")
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	head, table, _ := strings.Cut(string(raw), "| lint |")
	if *update {
		if err := os.WriteFile(path, []byte(head+b.String()), 0o644); err != nil { //nolint:gosec // a document
			t.Fatal(err)
		}
		return
	}
	if d := cmp.Diff(b.String(), "| lint |"+table); d != "" {
		t.Errorf("docs/lint.md: go test -run TestLintDocs . -update (-want +got):\n%s", d)
	}
}
