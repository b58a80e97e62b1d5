// Package helmtest renders and lints the chart beside it with Helm's own library. It is a module of its own so that Helm
// stays out of the exporter's dependencies.
package helmtest

import (
	"fmt"
	"maps"
	"os"
	"path"
	"slices"
	"strings"

	"helm.sh/helm/v4/pkg/chart/common"
	"helm.sh/helm/v4/pkg/chart/common/util"
	"helm.sh/helm/v4/pkg/chart/v2/loader"
	"helm.sh/helm/v4/pkg/engine"
)

// The release that everything is rendered for.
const (
	Release   = "kbe"
	Namespace = "monitoring"
)

// KubeVersion is the oldest Kubernetes that the chart is rendered for: Chart.yaml's kubeVersion.
const KubeVersion = "1.28.0"

// Render returns the manifests of the chart with the values, in the order of its templates, and its notes. Strict is what
// helm lint asks for: a value that is not there is an error.
func Render(chartDir string, values map[string]any, strict bool) (manifests, notes string, err error) {
	chart, err := loader.LoadDir(chartDir)
	if err != nil {
		return "", "", err
	}
	version, err := common.ParseKubeVersion(KubeVersion)
	if err != nil {
		return "", "", err
	}
	caps := common.DefaultCapabilities.Copy()
	caps.KubeVersion = *version
	all, err := util.ToRenderValues(chart, values, common.ReleaseOptions{Name: Release, Namespace: Namespace, Revision: 1, IsInstall: true}, caps)
	if err != nil {
		return "", "", err
	}
	files, err := engine.Engine{Strict: strict}.Render(chart, all)
	if err != nil {
		return "", "", err
	}
	var out strings.Builder
	for _, name := range slices.Sorted(maps.Keys(files)) {
		text := strings.TrimSpace(files[name])
		switch {
		case path.Base(name) == "NOTES.txt":
			notes = text
		case text != "" && !strings.HasPrefix(path.Base(name), "_"):
			fmt.Fprintf(&out, "---\n%s\n", strings.TrimPrefix(text, "---\n"))
		}
	}
	return out.String(), notes, nil
}

// Values reads a values file.
func Values(file string) (map[string]any, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return loader.LoadValues(f)
}
