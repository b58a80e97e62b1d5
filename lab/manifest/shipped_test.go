package manifest

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// TestShippedTriggerQueries: the queries the project ships are read, and absent where the truth is unknown.
func TestShippedTriggerQueries(t *testing.T) {
	data, err := os.ReadFile("../../rules/trigger-queries.yaml")
	if err != nil {
		t.Fatalf("read the shipped queries: %v", err)
	}
	var file struct {
		Queries []struct{ Name, Query string }
	}
	if err := yaml.Unmarshal(data, &file); err != nil {
		t.Fatal(err)
	}
	if len(file.Queries) == 0 {
		t.Fatal("no queries in rules/trigger-queries.yaml")
	}
	for _, q := range file.Queries {
		text := strings.NewReplacer("{{group}}", "g", "{{target}}", "30").Replace(q.Query)
		parsed, err := ParseQuery(text, nil)
		if err != nil {
			t.Errorf("%s: %v", q.Name, err)
			continue
		}
		if v, ok := parsed.Eval(fakeSignals{}); ok || parsed.Invents {
			t.Errorf("%s: answers %v although nothing is known", q.Name, v)
		}
		if parsed.Group() != "g" {
			t.Errorf("%s: group %q", q.Name, parsed.Group())
		}
	}
}

// TestShippedManifests: every ScaledObject under deploy/ is read, and no lint calls it broken.
func TestShippedManifests(t *testing.T) {
	count := 0
	err := filepath.WalkDir("../../deploy", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(path) != ".yaml" {
			return err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if !strings.Contains(string(data), "\nkind: ScaledObject\n") || filepath.Base(path) == "kustomization.yaml" {
			return nil
		}
		b, err := Parse(path, data, Options{Series: map[string]Signal{"matching_pending_requests": SignalOther}})
		if err != nil {
			t.Error(err)
			return nil
		}
		count += len(b.Objects)
		for _, f := range Lint(b, nil) {
			if f.Severity == Fatal {
				t.Error(f)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatalf("walk the shipped manifests: %v", err)
	}
	if count == 0 {
		t.Fatal("no ScaledObject under deploy/")
	}
}
