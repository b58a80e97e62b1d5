// Package compose checks the compose stack as far as that goes without Docker: the file against the Compose
// specification, every mounted path, Prometheus's configuration, and Grafana's provisioning files.
package compose

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/compose-spec/compose-go/v2/cli"
	"github.com/compose-spec/compose-go/v2/types"
	"go.yaml.in/yaml/v3"
)

const stack = "../../deploy/compose"

func load(t *testing.T) *types.Project {
	t.Helper()
	opts, err := cli.NewProjectOptions([]string{filepath.Join(stack, "docker-compose.yaml")})
	if err != nil {
		t.Fatal(err)
	}
	project, err := opts.LoadProject(context.Background())
	if err != nil {
		t.Fatalf("the file does not follow the Compose specification: %v", err)
	}
	return project
}

func TestStackHasAllParts(t *testing.T) {
	project := load(t)
	for _, name := range []string{"kafka", "exporter", "workload", "prometheus", "grafana"} {
		if _, err := project.GetService(name); err != nil {
			t.Error(err)
		}
	}
}

func TestMountedPathsExist(t *testing.T) {
	for name, service := range load(t).Services {
		for _, v := range service.Volumes {
			if v.Type != types.VolumeTypeBind {
				continue
			}
			if _, err := os.Stat(v.Source); err != nil {
				t.Errorf("%s mounts %s: %v", name, v.Target, err)
			}
		}
	}
}

func TestPortsAreOnLoopbackOnly(t *testing.T) {
	for name, service := range load(t).Services {
		for _, p := range service.Ports {
			if p.HostIP != "127.0.0.1" {
				t.Errorf("%s publishes port %s on %q", name, p.Published, p.HostIP)
			}
		}
	}
}

// TestBuildsExist: what the stack builds from this tree is a target of the Dockerfile, which starts a program that takes
// the flags given to it.
func TestBuildsExist(t *testing.T) {
	dockerfile := read(t, "../../Dockerfile")
	flags := read(t, "../../docs/flags.md")
	programs := map[string]string{"": "/bin/kafka_burndown_exporter", "lab": "/bin/kafka_burndown_lab"}
	images := map[string]string{} // image → target
	for name, service := range load(t).Services {
		if service.Build == nil {
			continue
		}
		target := service.Build.Target
		if before, ok := images[service.Image]; ok && before != target {
			t.Errorf("%s: the image %s is built from two targets", name, service.Image)
		}
		images[service.Image] = target
		_, stage, found := strings.Cut(dockerfile, " AS "+target+"\n")
		if target == "" {
			stage, found = dockerfile[strings.LastIndex(dockerfile, "\nFROM "):], true
		}
		stage, _, _ = strings.Cut(stage, "\n\n")
		if entry := `ENTRYPOINT ["` + programs[target] + `"]`; !found || !strings.Contains(stage, entry) {
			t.Errorf("%s: no target %q of the Dockerfile with %s", name, target, entry)
		}
		for _, arg := range service.Command {
			flag, _, _ := strings.Cut(arg, "=")
			if strings.HasPrefix(flag, "--") && !strings.Contains(flags, "`"+flag+"`") {
				t.Errorf("%s: %s takes no %s", name, programs[target], flag)
			}
		}
	}
	if len(images) != 2 {
		t.Errorf("images built: %v; want the exporter's and the lab's", images)
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// TestPrometheusConfiguration lets promtool read the configuration with the mounts in place: the paths inside the
// container become paths of this tree.
func TestPrometheusConfiguration(t *testing.T) {
	promtool, err := exec.LookPath("promtool")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("promtool is missing: install the package prometheus")
		}
		t.Skip("promtool is missing: install the package prometheus")
	}
	service, err := load(t).GetService("prometheus")
	if err != nil {
		t.Fatal(err)
	}
	config := ""
	var replace []string
	for _, v := range service.Volumes {
		if strings.HasSuffix(v.Target, "/prometheus.yaml") {
			config = v.Source
		} else {
			replace = append(replace, v.Target, v.Source)
		}
	}
	raw, err := os.ReadFile(config)
	if err != nil {
		t.Fatal(err)
	}
	local := filepath.Join(t.TempDir(), "prometheus.yaml")
	if err := os.WriteFile(local, []byte(strings.NewReplacer(replace...).Replace(string(raw))), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(promtool, "check", "config", local).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if n := strings.Count(string(out), "rules found"); n != 3 {
		t.Errorf("promtool read %d rule files, want 3:\n%s", n, out)
	}
}

func TestGrafanaProvisioning(t *testing.T) {
	var sources struct {
		APIVersion  int `yaml:"apiVersion"`
		Datasources []struct{ Name, Type, URL string }
	}
	decode(t, "grafana/provisioning/datasources/prometheus.yaml", &sources)
	if len(sources.Datasources) != 1 || sources.Datasources[0].Type != "prometheus" {
		t.Errorf("data sources: %+v", sources)
	}
	var boards struct {
		APIVersion int `yaml:"apiVersion"`
		Providers  []struct {
			Name, Type string
			Options    struct{ Path string }
		}
	}
	decode(t, "grafana/provisioning/dashboards/kafka.yaml", &boards)
	if len(boards.Providers) != 1 || boards.Providers[0].Type != "file" {
		t.Fatalf("providers: %+v", boards)
	}
	grafana, err := load(t).GetService("grafana")
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range grafana.Volumes {
		if v.Target != boards.Providers[0].Options.Path {
			continue
		}
		if found, _ := filepath.Glob(filepath.Join(v.Source, "*.json")); len(found) < 4 {
			t.Errorf("%d dashboards are mounted, want 4", len(found))
		}
		return
	}
	t.Errorf("nothing is mounted at %s", boards.Providers[0].Options.Path)
}

func decode(t *testing.T, name string, into any) {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(stack, name))
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(raw, into); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
}
