// Package recording reads what was recorded of a consumer group, from a Prometheus server or as a series that somebody else
// has read, and makes a scenario of it. It says what the recording does not cover, and fills nothing in. It simulates
// nothing: what a scenario does is lab/simulate's. The client here is the only one of the simulation that uses the network.
package recording
