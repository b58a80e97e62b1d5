package main

import (
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"kafka_burndown_exporter/internal/cli/clitest"
	"kafka_burndown_exporter/internal/cli/flagsdoc"
	"kafka_burndown_exporter/internal/exporter"
)

func TestHelpAndVersion(t *testing.T) {
	t.Setenv("SASL_USER_PASSWORD", "hunter2")
	for _, args := range [][]string{{"--help"}, {"-h"}, {"help"}, {"serve", "--help"}, {"check", "--help"}, {"--version"}} {
		code, stdout, stderr := tryRun(t, args...)
		if code != 0 || !strings.Contains(stdout+stderr, name) || strings.Contains(stdout+stderr, "hunter2") {
			t.Errorf("%v: exit code %d, %.300s %.300s", args, code, stdout, stderr)
		}
	}
}

// TestHelpListsFlagsInGroups: without a command, --help lists the flags of serve too, each under one heading.
func TestHelpListsFlagsInGroups(t *testing.T) {
	_, top, _ := tryRun(t, "--help")
	app, _ := commandLine().App(&clitest.Buffer{}, &clitest.Buffer{})
	for _, c := range app.Model().Commands {
		_, help, _ := tryRun(t, c.Name, "--help")
		for _, f := range c.Flags {
			line := "\n  --" + f.Name
			if f.IsBoolFlag() {
				line = "\n  --[no-]" + f.Name
			}
			if n := strings.Count(help, line+"=") + strings.Count(help, line+" "); n != 1 {
				t.Errorf("%s --help has --%s %d times", c.Name, f.Name, n)
			}
			if c.Default && strings.Count(top, line+"=")+strings.Count(top, line+" ") != 1 {
				t.Errorf("--help lacks --%s", f.Name)
			}
		}
	}
	at := 0
	for _, g := range exporter.FlagGroups {
		next := strings.Index(top, "\n"+g.Title+":\n")
		if next < at {
			t.Errorf("heading %q is at %d, after %d", g.Title, next, at)
		}
		at = next
	}
	rest, _, _ := strings.Cut(top[strings.Index(top, "\nFlags:\n"):], "\n\n")
	for _, m := range regexp.MustCompile(`(?m)^ .*--(?:\[no-\])?([a-zA-Z0-9.-]+)`).FindAllStringSubmatch(rest, -1) {
		if !strings.HasPrefix(m[1], "help") && m[1] != "version" {
			t.Errorf("--%s is under no heading", m[1])
		}
	}
}

func TestGeneratedFlagDocs(t *testing.T) {
	app, _ := commandLine().App(&clitest.Buffer{}, &clitest.Buffer{})
	got := flagsdoc.Made + flagsdoc.Shown{}.Commands("##", app.Model())
	flagsdoc.Check(t, filepath.Join("docs", "flags.md"), flagsdoc.Exporter, got, *update)
}
