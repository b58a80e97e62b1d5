package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"kafka_burndown_exporter/dashboards"
)

// The committed dashboards are what the generator writes.
func TestNoDrift(t *testing.T) {
	dir := t.TempDir()
	if err := write(dir); err != nil {
		t.Fatal(err)
	}
	for _, d := range shipped() {
		want, err := os.ReadFile(filepath.Join(dir, file(d)))
		if err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(filepath.Join("..", file(d)))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), string(got)); diff != "" {
			t.Errorf("%s is not what go run ./dashboards/gen writes:\n%s", file(d), diff)
		}
	}
}

func TestUnknownNamesAreRefused(t *testing.T) {
	known, err := knownNames()
	if err != nil {
		t.Fatal(err)
	}
	bad := dashboard("x", "x", "x", nil, []section{{"x", []line{{1, []dashboards.Panel{
		stat("x", "x.", short, plain(), query{"kafka_group_nothing", "x"}),
	}}}}})
	if checkNames(bad, known) == nil {
		t.Error("a name that nothing publishes was accepted")
	}
}
