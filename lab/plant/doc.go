// Package plant is the world that is simulated: topics and their logs, producers, consumer groups with the Deployments
// behind them, what goes wrong with them, and the exporter that samples them through the real tracker. Everything happens
// in steps of one length, by the scenario and its seed alone. Who scales the Deployments, who scrapes the exporter and
// what is measured are lab/simulate's.
package plant
