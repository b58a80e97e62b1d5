package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// TestArgumentsOfCharts parses what prometheus-community's chart passes (recorded from its own templates) and what ours
// passes in each of its cases, with real files in place of the mounted ones.
func TestArgumentsOfCharts(t *testing.T) {
	cert, key, _ := certificate(t)
	mounted := map[string]string{
		"ca.crt": cert, "tls.crt": cert, "tls.key": key, "password": writeFile(t, "password", "secret"), "web.yaml": writeFile(t, "web.yaml", ""),
		"kerberos.conf":   writeFile(t, "kerberos.conf", "[libdefaults]\n  default_realm = EXAMPLE\n"),
		"kerberos.keytab": writeKeytab(t),
	}
	tests := recordedArguments(t)
	files, err := filepath.Glob(filepath.Join("deploy", "helm", "test", "testdata", "*.yaml"))
	if err != nil || len(files) == 0 || len(tests) == 0 {
		t.Fatalf("%d recorded, %d of our own: %v", len(tests), len(files), err)
	}
	for _, file := range files {
		tests[filepath.Base(file)] = chartArguments(t, file)
	}
	for name, args := range tests {
		t.Run(name, func(t *testing.T) {
			for i, arg := range args {
				arg = strings.NewReplacer("$(SCRAM_USERNAME)", "u", "$(SCRAM_PASSWORD)", "p", "$(SASL_USERNAME)", "u", "$(SHARD_INDEX)", "0").Replace(arg)
				flag, value, _ := strings.Cut(arg, "=")
				if strings.HasPrefix(value, "/") {
					if value = mounted[filepath.Base(value)]; value == "" {
						t.Fatalf("%s: no such file in this test", arg)
					}
					arg = flag + "=" + value
				}
				args[i] = arg
			}
			if len(args) == 0 {
				t.Fatal("no arguments")
			}
			parseOnly(t, args)
		})
	}
}

// recordedArguments are the arguments by the name of the values that made them.
func recordedArguments(t *testing.T) map[string][]string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("deploy", "helm", "test", "testdata", "community-args.txt"))
	if err != nil {
		t.Fatal(err)
	}
	out, name := map[string][]string{}, ""
	for line := range strings.Lines(string(raw)) {
		line = strings.TrimSpace(line)
		if after, found := strings.CutPrefix(line, "# "); found {
			name = "prometheus-community " + after
		} else {
			out[name] = append(out[name], line)
		}
	}
	return out
}

// chartArguments are those of the workload in a file of manifests.
func chartArguments(t *testing.T, file string) []string {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	dec := yaml.NewDecoder(f)
	for {
		var o struct {
			Kind string
			Spec struct {
				Template struct {
					Spec struct{ Containers []struct{ Args []string } }
				}
			}
		}
		if err := dec.Decode(&o); err != nil {
			t.Fatalf("%s: no workload: %v", file, err)
		}
		if o.Kind == "Deployment" || o.Kind == "StatefulSet" {
			return o.Spec.Template.Spec.Containers[0].Args
		}
	}
}
