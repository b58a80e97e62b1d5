// Package report writes what a simulation or a search found: text for a terminal, HTML with plots, JSON and CSV. It draws
// and words figures, and works out none: those of a run, and which is best, are lab/simulate's; what a search recommends
// is lab/tune's.
package report
