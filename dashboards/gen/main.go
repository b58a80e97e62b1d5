// Command gen writes the dashboards as JSON into the folder above it, or into the folder that its argument names:
// cd dashboards/gen && go run .
//
// It is a module of its own because of the library that holds Grafana's schema. Its package names holds the names of the
// series, written from the collector's table and the rules; package dashboards, above, reads the JSON.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

func main() {
	dir := ".."
	if len(os.Args) > 1 {
		dir = os.Args[1]
	}
	if err := write(dir); err != nil {
		fmt.Fprintln(os.Stderr, "dashboards:", err)
		os.Exit(1)
	}
}

func write(dir string) error {
	boards, err := build(fleet(), group(), autoscaling(), exporter())
	if err != nil {
		return err
	}
	for _, board := range boards {
		data, err := encode(board)
		if err != nil {
			return fmt.Errorf("encode %s: %w", *board.Uid, err)
		}
		if err := os.WriteFile(filepath.Join(dir, *board.Uid+".json"), data, 0o644); err != nil {
			return fmt.Errorf("write dashboard: %w", err)
		}
	}
	return nil
}

// encode writes a dashboard as it is committed. The library escapes <, > and & for HTML, which makes PromQL and links
// unreadable.
func encode(board grafana) ([]byte, error) {
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetIndent("", "  ")
	if err := enc.Encode(board); err != nil {
		return nil, err
	}
	plain := strings.NewReplacer(`\\`, `\\`, `\u003c`, `<`, `\u003e`, `>`, `\u0026`, `&`)
	return []byte(plain.Replace(out.String())), nil
}
