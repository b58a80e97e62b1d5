package golden

import (
	"fmt"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/api/resmap"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/yaml"
)

// connections are the ways to reach Kafka that docs/deploy.md allows: of these lists one is taken.
var connections = [][]string{
	nil, {"tls"}, {"sasl-scram"}, {"tls", "mtls"}, {"tls", "sasl-scram"}, {"tls", "mtls", "sasl-scram"}, {"strimzi"}, {"strimzi-scram"},
}

// monitors are the ways to be scraped, of which one is taken too, and further go with everything.
var (
	monitors = [][]string{nil, {"servicemonitor"}, {"podmonitor"}}
	further  = []string{"sharded", "openshift", "web-config"}
	// others hold objects of their own, or add to a repeatable flag; shared is part of strimzi and strimzi-scram.
	others = []string{"dashboards", "prometheusrule", "group-expect"}
	shared = []string{"strimzi-cluster"}
)

// Every combination that the documentation allows builds, repeats no flag (the exporter refuses that), and mounts what
// there is. The order of the components does not matter but for the monitors, which are first.
func TestComponentsCombine(t *testing.T) {
	fs := inMemory(t)
	for _, connection := range connections {
		for _, monitor := range monitors {
			for set := range 1 << len(further) {
				parts := append(slices.Clone(connection), "group-expect")
				for i, name := range further {
					if set>>i&1 == 1 {
						parts = append(parts, name)
					}
				}
				t.Run(strings.Join(slices.Concat(monitor, parts), "+"), func(t *testing.T) {
					w := theWorkload(t, combine(t, fs, slices.Concat(monitor, parts)))
					w.check(t)
					if set != 1<<len(further)-1 {
						return // what differs by order would differ with all of them
					}
					slices.Reverse(parts)
					other := theWorkload(t, combine(t, fs, slices.Concat(monitor, parts)))
					if a, b := w.flags(), other.flags(); !slices.Equal(a, b) {
						t.Errorf("the order matters: %v or %v", a, b)
					}
				})
			}
		}
	}
}

// Each component is in one of the lists above, so that a new one is tried with the others.
func TestEveryComponentIsTried(t *testing.T) {
	known := slices.Concat(slices.Concat(connections...), slices.Concat(monitors...), further, others, shared)
	entries, err := os.ReadDir(filepath.Join("..", "components"))
	if err != nil {
		t.Fatal(err)
	}
	guide, err := os.ReadFile(filepath.Join("..", "..", "docs", "deploy.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if !slices.Contains(known, e.Name()) {
			t.Errorf("components/%s is in no list of this test", e.Name())
		}
		if !slices.Contains(shared, e.Name()) && !strings.Contains(string(guide), "| `"+e.Name()+"` |") {
			t.Errorf("docs/deploy.md has no row for components/%s", e.Name())
		}
	}
}

// What docs/deploy.md shows can be built: an overlay as it stands, patches on the base with Strimzi.
func TestDocumentedOverlays(t *testing.T) {
	guide, err := os.ReadFile(filepath.Join("..", "..", "docs", "deploy.md"))
	if err != nil {
		t.Fatal(err)
	}
	fs := inMemory(t)
	blocks := strings.Split(string(guide), "\n```yaml\n")[1:]
	if len(blocks) == 0 {
		t.Fatal("docs/deploy.md shows no overlay")
	}
	for i, block := range blocks {
		block, _, _ = strings.Cut(block, "\n```\n")
		if !strings.Contains(block, "resources:") {
			block = "resources: [deploy/base]\ncomponents: [deploy/components/servicemonitor, deploy/components/strimzi]\n" + block
		}
		write(t, fs, "/deploy/try/kustomization.yaml", strings.ReplaceAll(block, "deploy/", "../"))
		built, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(fs, "/deploy/try")
		if err != nil {
			t.Errorf("overlay %d: %v", i, err)
			continue
		}
		theWorkload(t, built).check(t)
		for _, r := range built.Resources() {
			if raw, err := r.AsYAML(); err != nil || strings.Contains(block, ": orders") && strings.Contains(string(raw), "my-cluster") {
				t.Errorf("overlay %d leaves my-cluster in %s (%v)", i, r.GetKind(), err)
			}
		}
	}
}

// inMemory is the base and the components in a file system that can be written to.
func inMemory(t *testing.T) filesys.FileSystem {
	t.Helper()
	fs := filesys.MakeFsInMemory()
	for _, dir := range []string{"base", "components"} {
		err := filepath.WalkDir(filepath.Join("..", dir), func(file string, d os.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			content, err := os.ReadFile(file)
			if err != nil {
				return err
			}
			return fs.WriteFile(path.Join("/deploy", strings.TrimPrefix(filepath.ToSlash(file), "../")), content)
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return fs
}

// combine builds the base with the components, in this order.
func combine(t *testing.T, fs filesys.FileSystem, components []string) resmap.ResMap {
	t.Helper()
	var k strings.Builder
	k.WriteString("kind: Kustomization\nnamespace: monitoring\nresources: [../base]\n")
	if len(components) > 0 {
		fmt.Fprintf(&k, "components: [../components/%s]\n", strings.Join(components, ", ../components/"))
	}
	write(t, fs, "/deploy/try/kustomization.yaml", k.String())
	built, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(fs, "/deploy/try")
	if err != nil {
		t.Fatal(err)
	}
	return built
}

// workload is the exporter's Deployment or StatefulSet.
type workload struct {
	Kind string
	Spec struct{ Template struct{ Spec podSpec } }
}

type podSpec struct {
	SecurityContext map[string]any
	Volumes         []named
	Containers      []struct {
		Args                          []string
		Env, VolumeMounts             []named
		LivenessProbe, ReadinessProbe map[string]any
	}
}

type named struct{ Name, MountPath string }

func theWorkload(t *testing.T, built resmap.ResMap) *workload {
	t.Helper()
	for _, r := range built.Resources() {
		if r.GetKind() != "Deployment" && r.GetKind() != "StatefulSet" {
			continue
		}
		raw, err := r.AsYAML()
		if err != nil {
			t.Fatal(err)
		}
		w := &workload{}
		if err := yaml.Unmarshal(raw, w); err != nil {
			t.Fatal(err)
		}
		return w
	}
	t.Fatal("no workload")
	return nil
}

// flags are the arguments in an order of their own.
func (w *workload) flags() []string {
	return slices.Sorted(slices.Values(w.Spec.Template.Spec.Containers[0].Args))
}

// repeatable are the flags that may be given more than once.
var repeatable = []string{"--kafka.server", "--group.expect"}

func (w *workload) check(t *testing.T) {
	t.Helper()
	pod := w.Spec.Template.Spec
	c := pod.Containers[0]
	given := map[string]bool{}
	for _, arg := range c.Args {
		flag, value, _ := strings.Cut(arg, "=")
		if given[flag] && !slices.Contains(repeatable, flag) {
			t.Errorf("%s is repeated", flag)
		}
		given[flag] = true
		if strings.HasPrefix(value, "/") && !slices.ContainsFunc(c.VolumeMounts, func(m named) bool { return strings.HasPrefix(value, m.MountPath+"/") }) {
			t.Errorf("%s is under no mount", arg)
		}
		if _, after, found := strings.Cut(value, "$("); found {
			variable, _, _ := strings.Cut(after, ")")
			if !slices.ContainsFunc(c.Env, func(e named) bool { return e.Name == variable }) {
				t.Errorf("%s: no such variable", arg)
			}
		}
	}
	for _, pair := range [][2]string{{"--tls.ca-file", "--tls.enabled"}, {"--tls.cert-file", "--tls.enabled"}, {"--sasl.password-file", "--sasl.enabled"}} {
		if given[pair[0]] && !given[pair[1]] {
			t.Errorf("%s without %s", pair[0], pair[1])
		}
	}
	checkMounts(t, c.VolumeMounts, pod.Volumes)
	checkEnv(t, c.Env)
	for _, probe := range []map[string]any{c.LivenessProbe, c.ReadinessProbe} {
		if asks := probe["httpGet"] != nil; asks == given["--web.config.file"] || asks == (probe["tcpSocket"] != nil) {
			t.Errorf("a probe that does not fit --web.config.file: %v", probe)
		}
	}
}

// checkMounts wants a volume for each mount, a mount for each volume, and nothing twice.
func checkMounts(t *testing.T, mounts, volumes []named) {
	t.Helper()
	has := map[string]int{}
	for _, v := range volumes {
		has[v.Name]++
	}
	paths := map[string]bool{}
	for _, m := range mounts {
		if has[m.Name] != 1 || paths[m.MountPath] {
			t.Errorf("mount %s at %s: %d volumes of that name, path taken: %v", m.Name, m.MountPath, has[m.Name], paths[m.MountPath])
		}
		paths[m.MountPath] = true
	}
	if len(mounts) != len(volumes) {
		t.Errorf("%d mounts, %d volumes", len(mounts), len(volumes))
	}
}

func checkEnv(t *testing.T, env []named) {
	t.Helper()
	has := map[string]bool{}
	for _, e := range env {
		if has[e.Name] {
			t.Errorf("variable %s is set twice", e.Name)
		}
		has[e.Name] = true
	}
}

// OpenShift refuses a pod that names its own user or groups.
func TestOpenShiftChoosesTheUser(t *testing.T) {
	w := theWorkload(t, combine(t, inMemory(t), []string{"openshift"}))
	security := w.Spec.Template.Spec.SecurityContext
	for _, field := range []string{"runAsUser", "runAsGroup", "fsGroup"} {
		if security[field] != nil {
			t.Errorf("%s is %v", field, security[field])
		}
	}
	if security["runAsNonRoot"] != true {
		t.Error("runAsNonRoot is gone")
	}
}
