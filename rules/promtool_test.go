package rules

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// promtool runs promtool with the arguments given and fails the test on a bad exit.
func promtool(t *testing.T, args ...string) {
	t.Helper()
	bin, err := exec.LookPath("promtool")
	if err != nil {
		const missing = "promtool is not installed (Debian: prometheus)"
		if os.Getenv("CI") == "true" {
			t.Fatal(missing)
		}
		t.Skip(missing)
	}
	if out, err := exec.CommandContext(t.Context(), bin, args...).CombinedOutput(); err != nil {
		t.Fatalf("promtool %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

func TestRulesAreValid(t *testing.T) {
	for _, base := range []string{BaseBurndownExporter, BaseKafkaExporter} {
		promtool(t, "check", "rules", base, Recording, Alerts)
	}
}

func testFiles(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("tests/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no unit tests found: %v", err)
	}
	return files
}

func TestRules(t *testing.T) {
	for _, file := range testFiles(t) {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".yaml"), func(t *testing.T) {
			t.Parallel()
			promtool(t, "test", "rules", file)
		})
	}
}

// The files named both_* hold one history as both exporters publish it: their expectations hold with either base.
func TestOtherBaseOnTheSameHistory(t *testing.T) {
	files, err := filepath.Glob("tests/both_*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no tests of both bases found: %v", err)
	}
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			t.Parallel()
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(string(data), "../"+BaseBurndownExporter) {
				t.Fatalf("%s does not load %s", file, BaseBurndownExporter)
			}
			text := strings.ReplaceAll(string(data), "../"+BaseBurndownExporter, filepath.Join(here, BaseKafkaExporter))
			text = strings.ReplaceAll(text, "../", here+"/")
			other := filepath.Join(t.TempDir(), filepath.Base(file))
			if err := os.WriteFile(other, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			promtool(t, "test", "rules", other)
		})
	}
}
