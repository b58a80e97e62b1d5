// Package collector names the series of the exporter and turns a lag.Snapshot into the bytes of a scrape. The table of
// families (names.go and its parts) is the only place a metric is named; text and OpenMetrics are rendered straight from
// the snapshot's arrays, everything else goes through client_golang on families of the same table. What the exporter
// knows about itself (Self) is an ordinary registry. Sampling belongs to internal/kafka, arithmetic to internal/lag.
package collector
