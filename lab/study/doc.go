// Package study is the yardstick of the control law: random workloads drawn from a seed, which nobody has tuned for, every
// plain trigger at several settings, the pilot without any setting, and how little a clairvoyant would need. It draws,
// runs and tables; simulating belongs to simulate, the law to internal/pilot.
package study
