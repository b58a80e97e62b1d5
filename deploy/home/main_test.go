package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestHome sets an owner in a copy of the repository: nothing is left over, every import still resolves, and a place that is
// put back is found.
func TestHome(t *testing.T) {
	root := filepath.Join("..", "..")
	copied := t.TempDir()
	files := 0
	err := each(root, func(path string, text []byte) error {
		files++
		target := filepath.Join(copied, path)
		if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
			return err
		}
		return os.WriteFile(target, text, 0o644)
	})
	if err != nil || files < 500 {
		t.Fatalf("%d files: %v", files, err)
	}
	if err := check(copied); err != nil {
		t.Fatalf("before: %v", err)
	}
	for _, wrong := range []string{"OWNER", "Acme", "a/b", ""} {
		if err := set(copied, wrong); err == nil {
			t.Errorf("%q was taken for an owner", wrong)
		}
	}
	if err := set(copied, "acme"); err != nil {
		t.Fatal(err)
	}
	if err := check(copied); err != nil {
		t.Error(err)
	}
	for path, want := range map[string]string{
		"Makefile":                       "\nOWNER       ?= acme\n",
		"go.mod":                         "module github.com/acme/kafka_burndown_exporter\n",
		"lab/go.mod":                     "replace github.com/acme/kafka_burndown_exporter => ../\n",
		"deploy/base/kustomization.yaml": "newName: acme/kafka-burndown-exporter\n",
		"deploy/helm/kafka-burndown-exporter/values.yaml": "repository: acme/kafka-burndown-exporter\n",
		"deploy/helm/kafka-burndown-exporter/Chart.yaml":  "home: https://github.com/acme/kafka_burndown_exporter\n",
		"deploy/gitops/argocd.yaml":                       "repoURL: https://github.com/acme/kafka_burndown_exporter\n",
		"rules/alerts.yaml":                               "runbook_url: https://github.com/acme/kafka_burndown_exporter/blob/main/docs/runbooks.md#",
		"deploy/components/prometheusrule/alerts.yaml":    "runbook_url: https://github.com/acme/kafka_burndown_exporter/blob/main/docs/runbooks.md#",
	} {
		raw, err := os.ReadFile(filepath.Join(copied, path))
		if err != nil || !strings.Contains(string(raw), want) {
			t.Errorf("%s lacks %q (%v)", path, want, err)
		}
	}
	for _, module := range []string{".", "lab"} {
		cmd := exec.CommandContext(t.Context(), "go", "list", "-deps", "-test", "./...")
		cmd.Dir = filepath.Join(copied, module)
		// This command itself was left out of the copy.
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", module, err, tail(string(out)))
		}
	}
	leave(t, filepath.Join(copied, "docs", "faq.md"), "\nSee OWNER.\n")
	leave(t, filepath.Join(copied, "rules", "alerts.yaml"), "\n# runbook_url: docs/runbooks.md\n")
	if err := check(copied); err == nil || !strings.Contains(err.Error(), "2 places") || !strings.Contains(err.Error(), "docs/faq.md:") {
		t.Errorf("leftovers were not found: %v", err)
	}
}

func leave(t *testing.T, path, text string) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteString(text); err != nil {
		t.Fatal(err)
	}
}

func tail(s string) string { return s[max(0, len(s)-2000):] }
