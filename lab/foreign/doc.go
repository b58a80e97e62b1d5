// Package foreign knows the series that other exporters publish of consumer groups: their names, their labels, and which
// of our series shows the same. The simulated Prometheus scrapes them where a scenario or --series asks for it.
package foreign
