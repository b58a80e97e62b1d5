// Package scenarios holds the shipped workloads, which the demo and the simulator read by name.
package scenarios

import (
	"embed"
	"io/fs"
	"strings"
)

// FS holds the scenario files.
//
//go:embed *.yaml
var FS embed.FS

// Names are the names of the shipped workloads, sorted: their files without .yaml.
func Names() []string {
	files, err := fs.Glob(FS, "*.yaml")
	if err != nil {
		panic(err) // the pattern is a constant
	}
	for i, f := range files {
		files[i] = strings.TrimSuffix(f, ".yaml")
	}
	return files
}
