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

func TestImageTagIsTheVersion(t *testing.T) {
	version := strings.TrimSpace(string(read(t, "..", "VERSION")))
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
		listed := string(read(t, "..", "dashboards", "kustomization.yaml"))
		if !strings.Contains(listed, "["+filepath.Base(f)+"]\n") {
			t.Errorf("dashboards/kustomization.yaml does not list %s", filepath.Base(f))
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
