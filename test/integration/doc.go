// Package integration holds the tests that run the exporter's core against a real Kafka. It has no code of its own.
package integration
