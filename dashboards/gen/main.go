// Command gen writes the dashboards next to it: go run ./dashboards/gen (or go generate ./dashboards). It refuses a name
// that neither the exporter publishes nor a rule records.
package main

import (
	"fmt"
	"os"
	"path/filepath"

	"kafka_burndown_exporter/dashboards"
)

func shipped() []dashboards.Dashboard {
	return []dashboards.Dashboard{fleet(), group(), autoscaling(), exporter()}
}

func main() {
	dir := "dashboards"
	if len(os.Args) > 1 {
		dir = os.Args[1]
	}
	if err := write(dir); err != nil {
		fmt.Fprintln(os.Stderr, "dashboards:", err)
		os.Exit(1)
	}
}

func write(dir string) error {
	known, err := knownNames()
	if err != nil {
		return err
	}
	for _, d := range shipped() {
		if err := checkNames(d, known); err != nil {
			return err
		}
		data, err := dashboards.Encode(d)
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, file(d)), data, 0o644); err != nil { //nolint:gosec // read by everybody
			return fmt.Errorf("write dashboard: %w", err)
		}
	}
	return nil
}

func file(d dashboards.Dashboard) string { return d.UID + ".json" }
