// Package dashboards holds the Grafana dashboards as they are shipped, the model they are written in, and what reads
// them back: tests, and the program that draws their panels. The panels themselves are defined in dashboards/gen.
package dashboards

import (
	"bytes"
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
)

//go:generate go run ./gen

//go:embed *.json
var files embed.FS

// Load returns the committed dashboards, in the order of their file names.
func Load() ([]Dashboard, error) {
	names, err := fs.Glob(files, "*.json")
	if err != nil {
		return nil, fmt.Errorf("list dashboards: %w", err)
	}
	var all []Dashboard
	for _, name := range names {
		data, err := files.ReadFile(name)
		if err != nil {
			return nil, fmt.Errorf("read dashboard: %w", err)
		}
		var d Dashboard
		if err := json.Unmarshal(data, &d); err != nil {
			return nil, fmt.Errorf("parse %s: %w", name, err)
		}
		all = append(all, d)
	}
	return all, nil
}

// Encode writes a dashboard as it is committed.
func Encode(d Dashboard) ([]byte, error) {
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(d); err != nil {
		return nil, fmt.Errorf("encode %s: %w", d.UID, err)
	}
	return out.Bytes(), nil
}
