// Package golden builds every kustomization under deploy/ with kustomize v5.8.1 and compares the result with a
// file in testdata. It is a module of its own so that kustomize stays out of the exporter's dependencies.
package golden

import (
	"errors"
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/kustomize/kyaml/yaml"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// kustomizations lists the folders below root that build on their own, relative to root.
func kustomizations(t *testing.T, root string) []string {
	t.Helper()
	var dirs []string
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.Name() != "kustomization.yaml" {
			return err
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if strings.Contains(string(content), "kind: Kustomization") {
			rel, err := filepath.Rel(root, filepath.Dir(path))
			if err != nil {
				return err
			}
			dirs = append(dirs, rel)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return dirs
}

func TestGolden(t *testing.T) {
	root, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	built := map[string]bool{}
	for _, dir := range kustomizations(t, root) {
		name := strings.ReplaceAll(dir, string(filepath.Separator), "_") + ".yaml"
		built[name] = true
		t.Run(dir, func(t *testing.T) { compare(t, filepath.Join(root, dir), filepath.Join("testdata", name)) })
	}
	files, err := os.ReadDir("testdata")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if !built[f.Name()] {
			t.Errorf("testdata/%s has no kustomization any more: remove it", f.Name())
		}
	}
}

func compare(t *testing.T, dir, golden string) {
	t.Helper()
	resources, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), dir)
	if err != nil {
		t.Fatal(err)
	}
	// What is made from rules/ and dashboards/ is held true there; here it would only repeat their changes.
	for _, r := range resources.Resources() {
		switch r.GetKind() {
		case "PrometheusRule":
			err = r.PipeE(yaml.Get("spec"), yaml.SetField("groups", yaml.NewScalarRNode("made from rules/")))
		case "ConfigMap":
			for name := range r.GetDataMap() {
				err = errors.Join(err, r.PipeE(yaml.Get("data"), yaml.SetField(name, yaml.NewScalarRNode("made from dashboards/"))))
			}
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	got, err := resources.AsYaml()
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(golden, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatalf("%v; `go test ./... -update` in deploy/golden writes it", err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("the build differs from %s (-want +got):\n%s", golden, diff)
	}
}
