package main

import (
	"flag"
	"fmt"
	"go/format"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/alecthomas/kingpin/v2"
	"github.com/google/go-cmp/cmp"

	"kafka_burndown_exporter/internal/cli/clitest"
	"kafka_burndown_exporter/internal/cli/flagsdoc"
	"kafka_burndown_exporter/internal/exporter"
)

var update = flag.Bool("update", false, "rewrite the lab's part of docs/flags.md")

func tryRun(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs clitest.Buffer
	code = run(t.Context(), args, &out, &errs)
	return code, out.String(), errs.String()
}

func writeFile(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestGeneratedFlagDocs(t *testing.T) {
	shown := flagsdoc.Shown{}
	other := kingpin.New(exporter.Name, "")
	exporter.AddFlags(other)
	shown.Table(exporter.Name, other.Model().Flags) // the file shows them above
	app, _ := commandLine().App(&clitest.Buffer{}, &clitest.Buffer{})
	got := "\n" + description + " `make demo` passes `DEMO_ARGS` on.\n" + shown.Commands("###", app.Model())
	flagsdoc.Check(t, filepath.Join("..", "docs", "flags.md"), flagsdoc.Lab, got, *update)
}

// TestExporterKnowsTheseFlags: the exporter's binary, which cannot import this module, names the command of each of them.
func TestExporterKnowsTheseFlags(t *testing.T) {
	own := exporterFlags()
	app, _ := commandLine().App(&clitest.Buffer{}, &clitest.Buffer{})
	commands := map[string]string{}
	for _, c := range app.Model().Commands {
		for _, f := range c.Flags {
			if !f.Hidden && !c.Hidden && own[f.Name] == "" && commands[f.Name] == "" && f.Name != "help" {
				commands[f.Name] = name + " " + c.Name
			}
		}
	}
	var b strings.Builder
	b.WriteString("package main\n\n// labFlags are the flags of kafka_burndown_lab that this program does not have, with the command that takes them. Made by\n" +
		"// make update from the lab; do not edit.\nvar labFlags = map[string]string{\n")
	for _, f := range slices.Sorted(maps.Keys(commands)) {
		fmt.Fprintf(&b, "\t%q: %q,\n", f, commands[f])
	}
	b.WriteString("}\n")
	want, err := format.Source([]byte(b.String()))
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join("..", "labflags.go")
	if *update {
		if err := os.WriteFile(path, want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("labflags.go is not what the lab takes now (make update rewrites it):\n%s", diff)
	}
}

// TestMistakesNameTheFlag: a wrong choice names its flag and the choices, a flag of another command that command.
func TestMistakesNameTheFlag(t *testing.T) {
	for want, args := range map[string][]string{
		`--format: "yaml" is unknown; use one of table, json, csv`:                                    {"simulate", "payments", "--format=yaml"},
		`--format: "csv" is unknown; use one of text, json`:                                           {"lint", "x.yaml", "--format", "csv"},
		`--kubernetes: "1.2" is unknown; use one of 1.36, 1.37`:                                       {"simulate", "payments", "--kubernetes=1.2"},
		`--html: unknown flag; it belongs to kafka_burndown_lab simulate`:                             {"lint", "--html=x"},
		`--group.exclude: unknown flag; it belongs to kafka_burndown_exporter`:                        {"simulate", "--group.exclude=x"},
		`--formt: unknown flag; did you mean --format? kafka_burndown_lab lint --help lists them all`: {"lint", "--formt=x"},
		`--candidate: there is no "x"; there are `:                                                    {"simulate", "payments", "--candidate=x"},
		`--service: there is no "x"; there is payment-service`:                                        {"tune", "payments", "--service=x"},
		`"paymnts"`: {"simulate", "paymnts"},
	} {
		if code, _, errs := tryRun(t, args...); code != 1 || !strings.Contains(errs, want) || strings.Count(errs, "\n") != 1 {
			t.Errorf("%v: exit code %d, want one line with %q: %s", args, code, want, errs)
		}
	}
}

func TestCommandsOfTheExporterAreNamed(t *testing.T) {
	for _, command := range []string{"serve", "check"} {
		code, _, errs := tryRun(t, command)
		if want := command + ": a command of " + exporter.Name; code != 1 || !strings.Contains(errs, want) || strings.Count(errs, "\n") != 1 {
			t.Errorf("exit code %d, want one line with %q: %s", code, want, errs)
		}
	}
}

func TestHelpAndVersion(t *testing.T) {
	for _, args := range [][]string{{"--help"}, {"-h"}, {"help"}, {"simulate", "--help"}, {"demo", "--help"}, {"--version"}} {
		if code, out, errs := tryRun(t, args...); code != 0 || !strings.Contains(out+errs, name) {
			t.Errorf("%v: exit code %d: %s%s", args, code, out, errs)
		}
	}
}

// What both programs name themselves, they are built with in the same version.
func TestPinsAreThoseOfTheExporter(t *testing.T) {
	exporters := pins(t, filepath.Join("..", "go.mod"))
	own := pins(t, "go.mod")
	shared := 0
	for module, version := range own {
		theirs, found := exporters[module]
		if !found {
			continue
		}
		shared++
		if theirs != version {
			t.Errorf("%s is %s here and %s in the exporter", module, version, theirs)
		}
	}
	if shared < 10 {
		t.Fatalf("%d shared dependencies read", shared)
	}
}

// pins are the versions that a go.mod requires by itself, not for the sake of another module.
func pins(t *testing.T, path string) map[string]string {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for line := range strings.Lines(string(raw)) {
		if fields := strings.Fields(line); strings.HasPrefix(line, "\t") && len(fields) == 2 {
			out[fields[0]] = fields[1]
		}
	}
	return out
}
