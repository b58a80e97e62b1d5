package helmtest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	helmv2 "github.com/fluxcd/helm-controller/api/v2"
	kustomizev1 "github.com/fluxcd/kustomize-controller/api/v1"
	sourcev1 "github.com/fluxcd/source-controller/api/v1"
	"go.yaml.in/yaml/v3"
	k8syaml "sigs.k8s.io/yaml"
)

const gitopsDir = "../../gitops"

// TestFlux decodes the Flux examples into Flux's own types, without an unknown field.
func TestFlux(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(gitopsDir, "flux-*.yaml"))
	if err != nil || len(files) != 2 {
		t.Fatalf("%d examples: %v", len(files), err)
	}
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for doc := range strings.SplitSeq(string(raw), "\n---\n") {
			var head struct{ APIVersion, Kind string }
			if err := k8syaml.Unmarshal([]byte(doc), &head); err != nil {
				t.Fatal(err)
			}
			target := map[string]any{
				sourcev1.GroupVersion.String() + " GitRepository":    &sourcev1.GitRepository{},
				helmv2.GroupVersion.String() + " HelmRelease":        &helmv2.HelmRelease{},
				kustomizev1.GroupVersion.String() + " Kustomization": &kustomizev1.Kustomization{},
			}[head.APIVersion+" "+head.Kind]
			if target == nil {
				t.Errorf("%s: %s %s is not one of Flux's types here", file, head.APIVersion, head.Kind)
				continue
			}
			if err := k8syaml.UnmarshalStrict([]byte(doc), target); err != nil {
				t.Errorf("%s: %s: %v", file, head.Kind, err)
			}
		}
	}
}

// TestGitOpsValues: the chart that the Argo CD and Flux examples name is there, and takes their values.
func TestGitOpsValues(t *testing.T) {
	for file, path := range map[string][]string{
		"argocd.yaml":    {"spec", "source", "helm", "valuesObject"},
		"flux-helm.yaml": {"spec", "values"},
	} {
		raw, err := os.ReadFile(filepath.Join(gitopsDir, file))
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range objects(t, string(raw)) {
			kind := at[string](t, o, "kind")
			chart := "deploy/helm/kafka-burndown-exporter"
			switch kind {
			case "Application":
				chart = at[string](t, o, "spec", "source", "path")
			case "HelmRelease":
				chart = at[string](t, o, "spec", "chart", "spec", "chart")
			default:
				continue
			}
			manifests, _, err := Render(filepath.Join("..", "..", "..", chart), at[map[string]any](t, o, path...), true)
			if err != nil {
				t.Errorf("%s: %v", file, err)
				continue
			}
			kinds := map[string]int{}
			for _, o := range objects(t, manifests) {
				kinds[at[string](t, o, "kind")]++
			}
			if kinds["ServiceMonitor"] != 1 || kinds["PrometheusRule"] != 3 || kinds["ConfigMap"] == 0 {
				t.Errorf("%s makes %v", file, kinds)
			}
		}
	}
}

// TestGitOpsPaths: the kustomization that the Flux example names is there.
func TestGitOpsPaths(t *testing.T) {
	raw, err := os.ReadFile(filepath.Join(gitopsDir, "flux-kustomize.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	_, doc, _ := strings.Cut(string(raw), "\n---\n")
	var o struct{ Spec struct{ Path string } }
	if err := yaml.Unmarshal([]byte(doc), &o); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join("..", "..", "..", o.Spec.Path, "kustomization.yaml")); err != nil {
		t.Error(err)
	}
}
