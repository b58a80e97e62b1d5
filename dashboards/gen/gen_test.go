package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/cog/variants"
	"github.com/grafana/grafana-foundation-sdk/go/prometheus"
	"github.com/grafana/grafana-foundation-sdk/go/stat"
	"github.com/grafana/grafana-foundation-sdk/go/table"
	"github.com/grafana/grafana-foundation-sdk/go/timeseries"
)

// committed returns the JSON files that are shipped, by name.
func committed(t *testing.T) map[string][]byte {
	t.Helper()
	return read(t, "..")
}

func read(t *testing.T, dir string) map[string][]byte {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(dir, "*.json"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no dashboards in %s: %v", dir, err)
	}
	files := map[string][]byte{}
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		files[filepath.Base(path)] = data
	}
	return files
}

// The committed dashboards are what the program writes, and there are no others.
func TestNoDrift(t *testing.T) {
	dir := t.TempDir()
	if err := write(dir); err != nil {
		t.Fatal(err)
	}
	want := read(t, dir)
	got := committed(t)
	for name := range got {
		if want[name] == nil {
			t.Errorf("%s is written by nobody", name)
		}
	}
	for name, data := range want {
		if diff := cmp.Diff(string(data), string(got[name])); diff != "" {
			t.Errorf("%s is not what make update writes:\n%s", name, diff)
		}
	}
}

// strict reads a dashboard as the schema has it: nothing required is missing, nothing is unknown, all types are right.
func strict(data []byte) error {
	known := cog.NewRuntime() // options are read as those of the types of panel and query that are registered
	for _, panel := range []variants.PanelcfgConfig{stat.VariantConfig(), table.VariantConfig(), timeseries.VariantConfig()} {
		known.RegisterPanelcfgVariant(panel)
	}
	known.RegisterDataqueryVariant(prometheus.VariantConfig())
	var d grafana
	err := d.UnmarshalJSONStrict(data)
	// The reader returns an empty list of errors rather than nil.
	if list := (cog.BuildErrors{}); err != nil && (!errors.As(err, &list) || len(list) > 0) {
		return err
	}
	for _, p := range d.Panels {
		if p.Panel == nil {
			continue
		}
		if _, ok := known.ConfigForPanelcfgVariant(p.Panel.Type); !ok {
			return fmt.Errorf("the options of %s panels are not checked", p.Panel.Type)
		}
	}
	return d.Validate()
}

func TestSchema(t *testing.T) {
	for name, data := range committed(t) {
		if err := strict(data); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		var d grafana
		if err := json.Unmarshal(data, &d); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		again, err := encode(d)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(decode(t, data), decode(t, again)); diff != "" {
			t.Errorf("%s: the schema does not keep all of it:\n%s", name, diff)
		}
	}
}

func decode(t *testing.T, data []byte) (v any) {
	t.Helper()
	if err := json.Unmarshal(data, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

// The strict reader finds what it is there for.
func TestSchemaFindsFaults(t *testing.T) {
	data := string(committed(t)["kafka-fleet.json"])
	for fault, change := range map[string][2]string{
		"wideLayout":    {`"wideLayout": true,`, ``},
		"annotations":   {`"annotations": {},`, ``},
		"current.text":  {`"text": "All",`, ``},
		"colour":        {`"colorMode":`, `"colourMode":`},
		"legendFormat":  {`"legendFormat":`, `"legend":`},
		"schemaVersion": {`"schemaVersion": 39`, `"schemaVersion": "39"`},
	} {
		broken := strings.Replace(data, change[0], change[1], 1)
		if broken == data {
			t.Errorf("%s: %s is not in the dashboard", fault, change[0])
		} else if strict([]byte(broken)) == nil {
			t.Errorf("%s: a dashboard with %q instead of %q passes", fault, change[1], change[0])
		}
	}
}

// No panel shows what another one shows, in the same dashboard or another.
func TestNoPanelRepeatsAnother(t *testing.T) {
	boards, err := build(fleet(), group(), autoscaling(), exporter())
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]string{}
	for _, b := range boards {
		for _, p := range b.Panels {
			if p.Panel == nil {
				continue
			}
			data, err := json.Marshal(p.Panel.Targets)
			if err != nil {
				t.Fatal(err)
			}
			var queries []struct{ Expr string }
			if err := json.Unmarshal(data, &queries); err != nil {
				t.Fatal(err)
			}
			var exprs []string
			for _, q := range queries {
				exprs = append(exprs, q.Expr)
			}
			slices.Sort(exprs)
			key, where := strings.Join(exprs, "\n"), *b.Title+", "+*p.Panel.Title
			if other := seen[key]; other != "" {
				t.Errorf("%s asks what %s asks", where, other)
			}
			seen[key] = where
		}
	}
}

// Names of series come from package names alone.
func TestNamesAreNotSpelled(t *testing.T) {
	paths, err := filepath.Glob("*.go")
	if err != nil || len(paths) < 2 {
		t.Fatalf("no sources: %v", err)
	}
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		text := strings.ReplaceAll(string(data), `"kafka_burndown_exporter/dashboards/gen/names"`, "") // an import
		if name := regexp.MustCompile(`"[^"\n]*\bkafka_\w+`).FindString(text); name != "" && path != "gen_test.go" {
			t.Errorf("%s spells %s", path, name)
		}
	}
}
