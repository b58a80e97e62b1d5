package demo

import "strings"

// prefix stands before every topic and group on Kafka, so that a workload on a shared cluster can be told from what else
// is there. Everything else in this package knows the scenario's own names.
type prefix string

func (p prefix) on(name string) string { return string(p) + name }

func (p prefix) all(names []string) []string {
	out := make([]string, len(names))
	for i, n := range names {
		out[i] = p.on(n)
	}
	return out
}

// bare is the scenario's name for a name on Kafka; ok is false for a foreign one.
func (p prefix) bare(name string) (bare string, ok bool) { return strings.CutPrefix(name, string(p)) }
