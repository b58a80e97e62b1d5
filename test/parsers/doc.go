// Package parsers reads the exposition with Prometheus's own parsers, under the headers that its scraper sends. What the
// families are and what their values mean is tested in collector/.
package parsers
