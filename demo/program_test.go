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

var update = flag.Bool("update", false, "rewrite the demo's part of docs/flags.md")

func TestGeneratedFlagDocs(t *testing.T) {
	shown := flagsdoc.Shown{}
	other := kingpin.New(exporter.Name, "")
	exporter.AddFlags(other)
	shown.Table(exporter.Name, other.Model().Flags) // the file shows them above
	app, _ := commandLine().App(&clitest.Buffer{}, &clitest.Buffer{})
	got := "\n" + description + " Run by `make demo`, which passes on `DEMO_ARGS`.\n" + shown.Table(name, app.Model().Flags)
	flagsdoc.Check(t, filepath.Join("..", "docs", "flags.md"), flagsdoc.Demo, got, *update)
}

func TestHelpAndVersion(t *testing.T) {
	for _, arg := range []string{"--help", "-h", "--version"} {
		var out, errs clitest.Buffer
		if code := run(t.Context(), []string{arg}, &out, &errs); code != 0 || !strings.Contains(out.String()+errs.String(), name) {
			t.Errorf("%s: exit code %d: %s%s", arg, code, &out, &errs)
		}
	}
}

// TestPinsAreThoseOfTheExporter: the two programs are built of the same dependencies.
func TestPinsAreThoseOfTheExporter(t *testing.T) {
	exporters := pins(t, filepath.Join("..", "go.mod"))
	own := pins(t, "go.mod")
	if len(own) < 10 {
		t.Fatalf("%d dependencies read", len(own))
	}
	for module, version := range own {
		if exporters[module] != version {
			t.Errorf("%s is %s here and %q in the exporter", module, version, exporters[module])
		}
	}
}

// pins are the versions that a go.mod's blocks require.
func pins(t *testing.T, path string) map[string]string {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]string{}
	for line := range strings.Lines(string(raw)) {
		if fields := strings.Fields(line); strings.HasPrefix(line, "\t") && len(fields) >= 2 {
			out[fields[0]] = fields[1]
		}
	}
	return out
}
