package helmtest

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// communityImage are the two values with which prometheus-community's chart runs this exporter.
var communityImage = map[string]any{"repository": "OWNER/kafka-burndown-exporter", "tag": "0.1.0"}

// TestCommunityChart renders prometheus-community's prometheus-kafka-exporter with our image and writes down the arguments
// that it passes. The chart is not part of this repository: COMMUNITY_CHART names its folder in a clone of helm-charts.
// Without it the written arguments stand, and the exporter's own tests parse them (TestArgumentsOfCommunityChart).
func TestCommunityChart(t *testing.T) {
	dir := os.Getenv("COMMUNITY_CHART")
	golden := filepath.Join("testdata", "community-args.txt")
	if dir == "" {
		if raw, err := os.ReadFile(golden); err != nil || len(raw) == 0 {
			t.Fatalf("%s: %v", golden, err)
		}
		t.Log("COMMUNITY_CHART is not set: the arguments are those of version 3.1.1, which were recorded")
		return
	}
	files, err := filepath.Glob(filepath.Join("community", "*.yaml"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no values: %v", err)
	}
	var got strings.Builder
	for _, file := range files {
		values, err := Values(file)
		if err != nil {
			t.Fatal(err)
		}
		values["image"] = communityImage
		manifests, _, err := Render(dir, values, false)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&got, "# %s\n", strings.TrimSuffix(filepath.Base(file), ".yaml"))
		for _, o := range objects(t, manifests) {
			if o["kind"] != "Deployment" {
				continue
			}
			container := at[[]any](t, o, "spec", "template", "spec", "containers")[0].(map[string]any)
			if container["image"] != "OWNER/kafka-burndown-exporter:0.1.0" || container["command"] != nil {
				t.Errorf("image %v, command %v", container["image"], container["command"])
			}
			for _, arg := range container["args"].([]any) {
				fmt.Fprintln(&got, arg)
			}
		}
	}
	compare(t, golden, got.String())
}

// TestCommunityValues: our chart takes what prometheus-community's takes.
func TestCommunityValues(t *testing.T) {
	files, err := filepath.Glob(filepath.Join("community", "*.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if dir := os.Getenv("COMMUNITY_CHART"); dir != "" {
		files = append(files, filepath.Join(dir, "values.yaml"))
	}
	for _, file := range files {
		values, err := Values(file)
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := Render(chartDir, values, false); err != nil {
			t.Errorf("%s: %v", file, err)
		}
	}
}
