// Package scenario is the workload file shared by demo, simulate and the end-to-end tests: topics, producers, services
// (Deployments whose pods are members of one consumer group), faults and autoscaling candidates. It parses strictly,
// validates, and answers what a workload is at a time: how much is produced, how partitions are weighted. It moves no
// messages and scales nothing: that is for demo and simulate. ScaledObjects stay text here; package manifest reads
// them.
package scenario
