// Package lag turns what one sampling wave read from the brokers (Wave) into what is published (Snapshot): lag, ages,
// rates, burndown, stalls and counters per consumer group and topic. It is pure: time reaches it only inside a Wave, it
// does no I/O and knows neither sarama nor Prometheus. Fetching belongs to internal/kafka, naming and encoding of
// series to collector.
package lag
