package helmtest

import (
	"bytes"
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"
	"helm.sh/helm/v4/pkg/chart/v2/lint"
)

var update = flag.Bool("update", false, "rewrite the golden files")

const chartDir = "../kafka-burndown-exporter"

// cases are the values files of cases/, by name.
func cases(t *testing.T) map[string]map[string]any {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("cases", "*.yaml"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no cases: %v", err)
	}
	out := map[string]map[string]any{}
	for _, f := range files {
		values, err := Values(f)
		if err != nil {
			t.Fatal(err)
		}
		out[strings.TrimSuffix(filepath.Base(f), ".yaml")] = values
	}
	return out
}

// TestLint: helm lint says nothing, not even a recommendation, with the default values and those of every case.
func TestLint(t *testing.T) {
	for name, values := range cases(t) {
		t.Run(name, func(t *testing.T) {
			for _, m := range lint.RunAll(chartDir, values, Namespace).Messages {
				t.Error(m)
			}
		})
	}
}

// TestGolden compares what the chart makes of each case with a file. What is made from rules/ and dashboards/ is held true
// in package deploy; here it would only repeat their changes.
func TestGolden(t *testing.T) {
	built := map[string]bool{}
	for name, values := range cases(t) {
		built[name+".yaml"] = true
		t.Run(name, func(t *testing.T) {
			manifests, _, err := Render(chartDir, values, true)
			if err != nil {
				t.Fatal(err)
			}
			compare(t, filepath.Join("testdata", name+".yaml"), abridged(t, manifests))
		})
	}
	files, err := os.ReadDir("testdata")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if strings.HasSuffix(f.Name(), ".yaml") && !built[f.Name()] {
			t.Errorf("testdata/%s has no case any more: remove it", f.Name())
		}
	}
}

func compare(t *testing.T, golden, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatalf("%v; go test -update writes it", err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("differs from %s (-want +got):\n%s", golden, diff)
	}
}

// objects are the documents of a stream of YAML.
func objects(t *testing.T, text string) []map[string]any {
	t.Helper()
	var out []map[string]any
	dec := yaml.NewDecoder(strings.NewReader(text))
	for {
		var o map[string]any
		switch err := dec.Decode(&o); {
		case errors.Is(err, io.EOF):
			return out
		case err != nil:
			t.Fatalf("%v\n%s", err, text)
		}
		if o != nil {
			out = append(out, o)
		}
	}
}

func abridged(t *testing.T, manifests string) string {
	t.Helper()
	var out bytes.Buffer
	enc := yaml.NewEncoder(&out)
	enc.SetIndent(2)
	for _, o := range objects(t, manifests) {
		switch o["kind"] {
		case "PrometheusRule":
			at[map[string]any](t, o, "spec")["groups"] = "made from rules/"
		case "ConfigMap":
			data := at[map[string]any](t, o, "data")
			for name := range data {
				data[name] = "made from dashboards/"
			}
		}
		if err := enc.Encode(o); err != nil {
			t.Fatal(err)
		}
	}
	return out.String()
}

// at walks into nested maps.
func at[T any](t *testing.T, o map[string]any, path ...string) T {
	t.Helper()
	var v any = o
	for _, p := range path {
		m, ok := v.(map[string]any)
		if !ok {
			t.Fatalf("%v: no map at %q", path, p)
		}
		v = m[p]
	}
	out, ok := v.(T)
	if !ok {
		t.Fatalf("%v is %T", path, v)
	}
	return out
}

// TestWholeRulesAndDashboards: the objects carry every group and the dashboards as they are, with the runbooks' address.
func TestWholeRulesAndDashboards(t *testing.T) {
	manifests, _, err := Render(chartDir, map[string]any{
		"prometheusRule": map[string]any{"enabled": true, "runbookUrl": "https://example.org/runbooks"},
		"dashboards":     map[string]any{"enabled": true},
	}, true)
	if err != nil {
		t.Fatal(err)
	}
	count := map[string]int{}
	for _, o := range objects(t, manifests) {
		name := at[string](t, o, "metadata", "name")
		switch o["kind"] {
		case "PrometheusRule":
			count["rules"]++
			short := strings.TrimPrefix(name, Release+"-kafka-burndown-exporter-")
			raw, err := os.ReadFile(filepath.Join(chartDir, "files", "rules", short+".yaml"))
			if err != nil {
				t.Fatal(err)
			}
			var source map[string]any
			if err := yaml.Unmarshal(raw, &source); err != nil {
				t.Fatal(err)
			}
			replaceRunbooks(source)
			if diff := cmp.Diff(source["groups"], at[any](t, o, "spec", "groups")); diff != "" {
				t.Errorf("%s: %s", name, diff)
			}
		case "ConfigMap":
			for file, text := range at[map[string]any](t, o, "data") {
				count["dashboards"]++
				raw, err := os.ReadFile(filepath.Join(chartDir, "files", "dashboards", file))
				if err != nil {
					t.Fatal(err)
				}
				if strings.TrimSpace(text.(string)) != strings.TrimSpace(string(raw)) {
					t.Errorf("%s differs from files/dashboards/%s", name, file)
				}
			}
		}
	}
	kept, err := filepath.Glob(filepath.Join(chartDir, "files", "dashboards", "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	if count["rules"] != 3 || count["dashboards"] != len(kept) {
		t.Errorf("%v of 3 rules and %d dashboards", count, len(kept))
	}
}

// replaceRunbooks puts the test's address before the anchors of all runbook URLs.
func replaceRunbooks(v any) {
	switch v := v.(type) {
	case map[string]any:
		if url, ok := v["runbook_url"].(string); ok {
			_, anchor, _ := strings.Cut(url, "#")
			v["runbook_url"] = "https://example.org/runbooks#" + anchor
		}
		for _, inner := range v {
			replaceRunbooks(inner)
		}
	case []any:
		for _, inner := range v {
			replaceRunbooks(inner)
		}
	}
}

// TestMistakes: a value that cannot be honoured is an error that names it.
func TestMistakes(t *testing.T) {
	for values, want := range map[string]string{
		"kafkaServers: [a:9092]": "kafkaServers",
		"kafkaServer: [kafka]":   "kafkaServer",
		"kafkaServer: []":        "kafkaServer",
		"sasl: {scram: {password: p}, enabled: true, awsiam: {enabled: true}, kerberos: {enabled: true}}": "sasl.awsiam, sasl.kerberos: enable one of them",
		"sasl: {enabled: true, scram: {enabled: true, mechanism: rot13}}":                                 "mechanism",
		"sasl: {enabled: true, scram: {enabled: true}}":                                                   "set secretName, or username and password",
		"sasl: {scram: {enabled: true, secretName: s}}":                                                   "sasl.scram.enabled needs sasl.enabled=true",
		"sasl: {enabled: true, oauthbearer: {enabled: true}}":                                             "sasl.oauthbearer: set tokenUrl and secretName",
		"sasl: {enabled: true, kerberos: {enabled: true}}":                                                "sasl.kerberos: set realm and secretName",
		"server: {tls: {enabled: true}}":                                                                  "server.tls.secretName",
		"{server: {tls: {enabled: true, secretName: a}}, webConfig: {secretName: b}}":                     "cannot be combined with webConfig",
		"{shards: 3, replicaCount: 2}":                                                                    "replicaCount: not with shards above 1",
		"shards: 0":                                                                                       "shards",
		"kafka: {enabled: true}":                                                                          "kafka",
		"groupExpect: {billing: []}":                                                                      "groupExpect",
		"kafkaLabels: {blue-green: x}":                                                                    "blue-green",
		"serviceMonitor: {interval: often}":                                                               "interval",
		"prometheus: {serviceMonitor: {labels2: {}}}":                                                     "labels2",
	} {
		var v map[string]any
		if err := yaml.Unmarshal([]byte(values), &v); err != nil {
			t.Fatal(err)
		}
		if _, _, err := Render(chartDir, v, true); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v lacks %q", values, err, want)
		}
	}
}

// TestNotes: the notes name what was made and hold a ScaledObject that is a whole document.
func TestNotes(t *testing.T) {
	for name, tc := range map[string]struct {
		values map[string]any
		want   []string
	}{
		"default": {nil, []string{"deployment/kbe-kafka-burndown-exporter", "--set serviceMonitor.enabled=true", "set prometheusRule.enabled=true"}},
		"shards":  {map[string]any{"shards": 3}, []string{"statefulset/kbe-kafka-burndown-exporter"}},
		"unlabelled monitor": {
			map[string]any{"serviceMonitor": map[string]any{"enabled": true}}, []string{"--set serviceMonitor.labels.release=kube-prometheus-stack"},
		},
		"labelled monitor": {
			map[string]any{"serviceMonitor": map[string]any{"enabled": true, "labels": map[string]any{"release": "kps"}}}, []string{`with the labels {"release":"kps"}`},
		},
	} {
		t.Run(name, func(t *testing.T) {
			_, notes, err := Render(chartDir, tc.values, true)
			if err != nil {
				t.Fatal(err)
			}
			for _, want := range tc.want {
				if !strings.Contains(notes, want) {
					t.Errorf("lacks %q:\n%s", want, notes)
				}
			}
			_, example, found := strings.Cut(notes, "   apiVersion: keda.sh")
			if !found {
				t.Fatal("no ScaledObject")
			}
			o := objects(t, "   apiVersion: keda.sh"+example)
			if len(o) != 1 || len(at[[]any](t, o[0], "spec", "triggers")) != 2 {
				t.Errorf("the ScaledObject is %v", o)
			}
		})
	}
}
