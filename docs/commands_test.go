package docs

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// block is a fenced block of a document.
type block struct{ file, language, text string }

var fence = regexp.MustCompile("(?ms)^```([a-z]*)\n(.*?)^```$")

func blocks(t *testing.T) (out []block) {
	t.Helper()
	for _, pattern := range []string{"*.md", "../*.md"} {
		files, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			for _, m := range fence.FindAllStringSubmatch(read(t, file), -1) {
				out = append(out, block{filepath.Base(file), m[1], m[2]})
			}
		}
	}
	if len(out) < 20 {
		t.Fatalf("only %d blocks", len(out))
	}
	return out
}

// commands are a block's commands, with continued lines joined and comments gone.
func (b block) commands() (out []string) {
	for line := range strings.Lines(strings.ReplaceAll(b.text, "\\\n", " ")) {
		line, _, _ = strings.Cut(" "+line, " #")
		if line = strings.TrimSpace(line); line != "" {
			out = append(out, line)
		}
	}
	return out
}

// TestCommands: the commands in the documents use flags, make targets, values of the chart and files that there are.
func TestCommands(t *testing.T) {
	flags := map[string]bool{"--help": true, "--version": true, "--completion-script-bash": true, "--completion-script-zsh": true}
	for _, m := range regexp.MustCompile("`(--[a-zA-Z0-9.-]+)`").FindAllStringSubmatch(read(t, "flags.md"), -1) {
		flags[m[1]] = true
		flags["--no-"+strings.TrimPrefix(m[1], "--")] = true
	}
	targets := map[string]bool{}
	for _, m := range regexp.MustCompile(`(?m)^([a-z0-9-]+):`).FindAllStringSubmatch(read(t, "..", "Makefile"), -1) {
		targets[m[1]] = true
	}
	var values map[string]any
	if err := yaml.Unmarshal([]byte(read(t, "..", "deploy", "helm", "kafka-burndown-exporter", "values.yaml")), &values); err != nil {
		t.Fatal(err)
	}
	ours := regexp.MustCompile(`(?:^|[ /])kafka_burndown_(?:exporter|lab)(?: |$)`)
	flag, target := regexp.MustCompile(`\s(--[a-zA-Z][a-zA-Z0-9.-]*)`), regexp.MustCompile(`^make ([a-z0-9-]+)`)
	set, folder := regexp.MustCompile(`--set '?([a-zA-Z.]+)=`), regexp.MustCompile(`(?:-k|install \S+|-f) ((?:deploy|rules|dashboards)/\S+)`)
	seen := map[string]int{}
	for _, b := range blocks(t) {
		if b.language != "sh" && b.language != "" {
			continue
		}
		for _, c := range b.commands() {
			if at := ours.FindStringIndex(c); at != nil {
				for _, m := range flag.FindAllStringSubmatch(c[at[0]:], -1) {
					if seen["flag"]++; !flags[m[1]] {
						t.Errorf("%s: no flag %s: %s", b.file, m[1], c)
					}
				}
			}
			if m := target.FindStringSubmatch(c); m != nil {
				if seen["target"]++; !targets[m[1]] {
					t.Errorf("%s: no target %s: %s", b.file, m[1], c)
				}
			}
			if strings.HasPrefix(c, "helm ") {
				for _, m := range set.FindAllStringSubmatch(c, -1) {
					if seen["value"]++; !has(values, strings.Split(m[1], ".")) {
						t.Errorf("%s: no value %s in the chart: %s", b.file, m[1], c)
					}
				}
			}
			for _, m := range folder.FindAllStringSubmatch(c, -1) {
				seen["path"]++
				if _, err := os.Stat(filepath.Join("..", m[1])); err != nil {
					t.Errorf("%s: %v: %s", b.file, err, c)
				}
			}
		}
	}
	for _, what := range []string{"flag", "target", "value", "path"} {
		if seen[what] < 3 {
			t.Errorf("only %d of the kind %s were found: %v", seen[what], what, seen)
		}
	}
}

// has reports whether values have a key; below an empty map, which is the user's to fill, they have any.
func has(values map[string]any, path []string) bool {
	v, ok := values[path[0]]
	inner, isMap := v.(map[string]any)
	switch {
	case !ok:
		return false
	case len(path) == 1 || isMap && len(inner) == 0:
		return true
	}
	return isMap && has(inner, path[1:])
}

// TestYAML: the YAML in the documents is valid, and rules are what promtool takes.
func TestYAML(t *testing.T) {
	promtool, missing := exec.LookPath("promtool")
	rules := 0
	for i, b := range blocks(t) {
		if b.language != "yaml" {
			continue
		}
		var doc any
		if err := yaml.Unmarshal([]byte(b.text), &doc); err != nil {
			t.Errorf("%s, block %d: %v", b.file, i, err)
		}
		if m, _ := doc.(map[string]any); m["groups"] == nil {
			continue
		}
		if rules++; missing != nil {
			continue
		}
		file := filepath.Join(t.TempDir(), "rules.yaml")
		if err := os.WriteFile(file, []byte(b.text), 0o600); err != nil {
			t.Fatal(err)
		}
		if out, err := exec.CommandContext(t.Context(), promtool, "check", "rules", file).CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", b.file, err, out)
		}
	}
	if rules == 0 {
		t.Error("no rules were found")
	}
	if missing != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(missing)
		}
		t.Skip("promtool is not installed (package prometheus)")
	}
}

// TestLinks: files and headings that a document links to are there.
func TestLinks(t *testing.T) {
	target, n := regexp.MustCompile(`\]\(([^)#:\s]*)(#[^)\s]*)?\)`), 0
	for _, pattern := range []string{"*.md", "../*.md"} {
		files, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			for _, m := range target.FindAllStringSubmatch(read(t, file), -1) {
				to := file
				if m[1] != "" {
					to = filepath.Join(filepath.Dir(file), m[1])
				}
				n++
				if _, err := os.Stat(to); err != nil {
					t.Errorf("%s: %v", file, err)
				} else if m[2] != "" && strings.HasSuffix(to, ".md") && !anchors(read(t, to))[m[2]] {
					t.Errorf("%s: %s has no heading %s", file, to, m[2])
				}
			}
		}
	}
	if n < 60 {
		t.Errorf("only %d links", n)
	}
}

// anchors are those of a document's headings, as GitHub makes them.
func anchors(text string) map[string]bool {
	out := map[string]bool{}
	gone := regexp.MustCompile(`[^\p{L}\p{N} _-]`)
	for _, m := range regexp.MustCompile(`(?m)^#+ (.*)$`).FindAllStringSubmatch(text, -1) {
		out["#"+strings.ReplaceAll(gone.ReplaceAllString(strings.ToLower(m[1]), ""), " ", "-")] = true
	}
	return out
}
