// Package collector names the series of the exporter and turns a lag.Snapshot into the bytes of a scrape. The table of
// families (names.go and its parts) is the only place a metric is named; text, OpenMetrics and protobuf are rendered
// straight from the snapshot's arrays, in blocks that are compressed once and kept for as long as nothing in them changes.
// What the exporter knows about itself (Self) is an ordinary registry. Sampling belongs to internal/kafka, arithmetic to
// internal/lag, compression of lines to internal/lineflate.
package collector
