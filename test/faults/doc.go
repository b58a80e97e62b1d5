// Package faults proves that what the exporter publishes is true while things break. A driver produces to a real cluster
// and commits, and so knows what is true; a proxy spoils the exporter's connections; an oracle compares every sample of
// every scrape with what was true in the time in which it can have been read.
//
// TestFaults has one row a fault. `make faults` runs all of them, .ci/run those marked for it; -docs writes the table of
// docs/reliability.md. The oracle itself is tested by spoiling what it is shown (TestOracleFindsWrongSamples).
//
// Nothing here knows the exporter's code: it runs as a program, and its metrics are read as text.
package faults
