package main

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/alecthomas/kingpin/v2"

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
