// Bench compares exporters side by side: it starts a real Kafka broker, fills it with topics, messages and committed
// offsets, runs each exporter alone in turn against it over several rounds, and writes a table (Markdown, CSV) and a
// chart of what a scrape and a sample cost. Peers are ready binaries named by environment variables; one that is missing
// is named in the table. Nothing here builds or contains a peer.
package main
