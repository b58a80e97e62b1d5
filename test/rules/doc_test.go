// Package rules_test runs the whole chain with real parts: Kafka under moving traffic, the exporter's binary, and a
// Prometheus with the shipped rules. What the rules, the dashboards and the trigger queries answer is compared with the
// traffic's own log of what was produced and committed, and when.
package rules_test
