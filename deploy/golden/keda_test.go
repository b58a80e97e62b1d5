package golden

import (
	"fmt"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/api/resmap"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/yaml"
)

// scaled is a ScaledObject as far as components/prometheus-auth changes it.
type scaled struct {
	Metadata struct{ Name, Namespace string }
	Spec     struct {
		Triggers []struct {
			Type              string
			Metadata          map[string]string
			AuthenticationRef struct{ Name string }
		}
	}
}

// rights is a Role or a RoleBinding.
type rights struct {
	Metadata struct{ Name, Namespace string }
	Rules    []struct{ APIGroups, Resources, Verbs []string }
	RoleRef  struct{ Name string }
	Subjects []struct{ Name, Namespace string }
}

// all returns the objects of a kind.
func all[T any](t *testing.T, built resmap.ResMap, kind string) []T {
	t.Helper()
	var out []T
	for _, r := range built.Resources() {
		if r.GetKind() != kind {
			continue
		}
		raw, err := r.AsYAML()
		if err != nil {
			t.Fatal(err)
		}
		var o T
		if err := yaml.Unmarshal(raw, &o); err != nil {
			t.Fatal(err)
		}
		out = append(out, o)
	}
	return out
}

// Each component gives every prometheus trigger of an object with one, two or three of them its authentication, as many as
// the label says, and leaves the others alone.
func TestPrometheusAuthReachesEveryTrigger(t *testing.T) {
	components := filepath.Join("..", "keda", "components", "prometheus-auth")
	entries, err := os.ReadDir(components)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		fs := filesys.MakeFsInMemory()
		files, err := filepath.Glob(filepath.Join(components, e.Name(), "*.yaml"))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			content, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			write(t, fs, path.Join("/auth", filepath.Base(file)), string(content))
		}
		for n := range 4 {
			t.Run(fmt.Sprintf("%s/%d", e.Name(), n), func(t *testing.T) {
				write(t, fs, "/try/object.yaml", object(n))
				write(t, fs, "/try/kustomization.yaml", "kind: Kustomization\nresources: [object.yaml]\ncomponents: [../auth]\n")
				built, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(fs, "/try")
				if err != nil {
					t.Fatal(err)
				}
				for i, tr := range all[scaled](t, built, "ScaledObject")[0].Spec.Triggers {
					if got, want := tr.AuthenticationRef.Name != "", i < n; got != want {
						t.Errorf("trigger %d of %d has an authenticationRef: %v", i, n, got)
					}
				}
			})
		}
	}
}

func write(t *testing.T, fs filesys.FileSystem, path, content string) {
	t.Helper()
	if err := fs.WriteFile(path, []byte(content)); err != nil {
		t.Fatal(err)
	}
}

// object has n prometheus triggers and a cpu trigger behind them.
func object(n int) string {
	var out strings.Builder
	out.WriteString("apiVersion: keda.sh/v1alpha1\nkind: ScaledObject\nmetadata:\n  name: any\n")
	if n > 0 {
		fmt.Fprintf(&out, "  labels: {prometheus-triggers: \"%d\"}\n", n)
	}
	out.WriteString("spec:\n  triggers:\n")
	for range n {
		out.WriteString("    - type: prometheus\n      metadata: {serverAddress: http://prometheus.monitoring:9090}\n")
	}
	out.WriteString("    - type: cpu\n      metadata: {value: \"80\"}\n")
	return out.String()
}

var queriedNamespace = regexp.MustCompile(`[{,]namespace="([^"]*)"`)

// OpenShift's query service shows one namespace, and only to whom may read pods there. So each trigger asks for the
// namespace its query names, if it names one, and there is a Role in that namespace for the consumers' ServiceAccount.
func TestOpenShiftTriggersMayReadWhatTheyAsk(t *testing.T) {
	built, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(),
		filepath.Join("..", "keda", "examples", "prometheus-openshift"))
	if err != nil {
		t.Fatal(err)
	}
	roles, bindings := all[rights](t, built, "Role"), all[rights](t, built, "RoleBinding")
	asked := map[string]bool{}
	for _, o := range all[scaled](t, built, "ScaledObject") {
		for _, tr := range o.Spec.Triggers {
			if tr.Type != "prometheus" {
				continue
			}
			namespace := tr.Metadata["namespace"]
			asked[namespace] = true
			if m := queriedNamespace.FindStringSubmatch(tr.Metadata["query"]); m != nil && m[1] != namespace {
				t.Errorf("%s asks for %s in namespace %s", o.Metadata.Name, m[0], namespace)
			}
			if !mayRead(roles, bindings, namespace, o.Metadata.Namespace) {
				t.Errorf("%s: nothing in namespace %s lets ServiceAccounts of %s get pods of both API groups", o.Metadata.Name, namespace, o.Metadata.Namespace)
			}
		}
	}
	if len(asked) != 2 {
		t.Errorf("namespaces asked for: %v; want the exporter's and driver-matching's", asked)
	}
}

// mayRead says whether a binding in a namespace gives keda-prometheus of another one the right to get pods.
func mayRead(roles, bindings []rights, namespace, from string) bool {
	for _, b := range bindings {
		for _, r := range roles {
			if b.Metadata.Namespace != namespace || r.Metadata.Namespace != namespace || r.Metadata.Name != b.RoleRef.Name {
				continue
			}
			for _, rule := range r.Rules {
				if slices.Contains(rule.APIGroups, "") && slices.Contains(rule.APIGroups, "metrics.k8s.io") &&
					slices.Equal(rule.Resources, []string{"pods"}) && slices.Equal(rule.Verbs, []string{"get"}) &&
					len(b.Subjects) == 1 && b.Subjects[0].Name == "keda-prometheus" && b.Subjects[0].Namespace == from {
					return true
				}
			}
		}
	}
	return false
}
