// Package kafka talks to the brokers: connections and their security, and one sampling wave at a time, whose result it
// hands on as a lag.Wave. It computes nothing from offsets (that is internal/lag) and knows no Prometheus series (that
// is collector); what it counts about itself it reports through the Stats interface.
package kafka
