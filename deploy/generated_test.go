package deploy

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite the generated manifests")

func TestGeneratedPrometheusRules(t *testing.T) {
	for file, source := range map[string]string{
		"base": "base-burndown-exporter.yaml", "recording": "recording.yaml", "alerts": "alerts.yaml",
	} {
		want, err := PrometheusRule("kafka-burndown-exporter-"+file, "rules/"+source, read(t, "..", "rules", source))
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join("components", "prometheusrule", file+".yaml")
		if *update {
			if err := os.WriteFile(path, want, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if diff := cmp.Diff(string(want), string(read(t, path))); diff != "" {
			t.Errorf("%s is not what rules/%s makes; run make update (-want +got):\n%s", path, source, diff)
		}
	}
}

// chart is the Helm chart, which cannot read outside its folder.
var chart = filepath.Join("helm", "kafka-burndown-exporter")

// TestGeneratedCopies holds what the chart and the dashboards component carry against where it is made: copying only
// deploy/ is enough to install everything.
func TestGeneratedCopies(t *testing.T) {
	example, err := ScaledObject()
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{filepath.Join(chart, "files", "scaledobject.yaml"): example}
	for file, source := range map[string]string{
		"base": "base-burndown-exporter.yaml", "recording": "recording.yaml", "alerts": "alerts.yaml",
	} {
		want[filepath.Join(chart, "files", "rules", file+".yaml")] = string(read(t, "..", "rules", source))
	}
	dashboards, err := filepath.Glob(filepath.Join("..", "dashboards", "*.json"))
	if err != nil || len(dashboards) == 0 {
		t.Fatalf("no dashboards: %v", err)
	}
	folders := []string{filepath.Join(chart, "files", "dashboards"), filepath.Join("components", "dashboards")}
	for _, folder := range folders {
		for _, d := range dashboards {
			want[filepath.Join(folder, filepath.Base(d))] = string(read(t, d))
		}
		kept, err := filepath.Glob(filepath.Join(folder, "*.json"))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range kept {
			if want[file] != "" {
				continue
			}
			if !*update {
				t.Errorf("%s is a dashboard no more; run make update", file)
			} else if err := os.Remove(file); err != nil {
				t.Fatal(err)
			}
		}
	}
	for file, text := range want {
		if *update {
			if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if got, err := os.ReadFile(file); err != nil || string(got) != text {
			t.Errorf("%s is not what it is made from (%v); run make update", file, err)
		}
	}
}

func TestImageTagIsTheVersion(t *testing.T) {
	version := strings.TrimSpace(string(read(t, "..", "VERSION")))
	for _, line := range []string{"version: " + version + "\n", "appVersion: \"" + version + "\"\n"} {
		if !strings.Contains(string(read(t, chart, "Chart.yaml")), "\n"+line) {
			t.Errorf("Chart.yaml lacks the line %s", line)
		}
	}
	base := string(read(t, "base", "kustomization.yaml"))
	if !strings.Contains(base, "newTag: "+version+"\n") {
		t.Errorf("base/kustomization.yaml does not set the image's tag to %s", version)
	}
}

func TestShardsAreAsManyAsReplicas(t *testing.T) {
	sharded := string(read(t, "components", "sharded", "kustomization.yaml"))
	var replicas, shards string
	for line := range strings.Lines(sharded) {
		line = strings.TrimSpace(line)
		if after, found := strings.CutPrefix(line, "value: --shard=$(SHARD_INDEX)/"); found {
			shards = after
		} else if replicas == "next" {
			replicas = strings.TrimPrefix(line, "value: ")
		} else if line == "path: /spec/replicas" {
			replicas = "next"
		}
	}
	if shards == "" || shards != replicas {
		t.Errorf("%q shards on %q replicas", shards, replicas)
	}
}

func TestDashboardsAreAllListed(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("..", "dashboards", "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		listed := string(read(t, "components", "dashboards", "kustomization.yaml"))
		if !strings.Contains(listed, "["+filepath.Base(f)+"]\n") {
			t.Errorf("components/dashboards/kustomization.yaml does not list %s", filepath.Base(f))
		}
	}
}

func read(t *testing.T, path ...string) []byte {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(path...))
	if err != nil {
		t.Fatal(err)
	}
	return content
}
