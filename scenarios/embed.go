// Package scenarios holds the shipped workloads, which the demo and the simulator read by name.
package scenarios

import "embed"

// FS holds the scenario files.
//
//go:embed *.yaml
var FS embed.FS
