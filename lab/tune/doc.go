// Package tune searches metrics, thresholds and behaviours for a service: it writes ScaledObjects, runs each through
// lab/simulate, and recommends the cheapest that meets the objective. The profiles and the candidates that stand for a
// shipped metric are here too. What a set-up does is lab/simulate's, how results look lab/report's.
package tune
