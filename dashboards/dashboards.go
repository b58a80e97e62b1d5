// Package dashboards holds the Grafana dashboards as they are shipped, and reads them back for the tests that hold them
// true. It does not say what they show: the module dashboards/gen does, and writes the files.
package dashboards

import (
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
)

//go:generate go run -C gen .

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

// AllPanels returns the panels of a dashboard that show something, those of collapsed rows included.
func (d Dashboard) AllPanels() []Panel {
	var all []Panel
	for _, p := range d.Panels {
		if p.Type != "row" {
			all = append(all, p)
		}
		all = append(all, p.Panels...)
	}
	return all
}
