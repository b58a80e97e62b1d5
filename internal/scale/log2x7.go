package scale

import "math"

// DefaultLog2x7Max is the default upper bound of the log2×7 gauge: 140 is a lag of 2²⁰ messages.
const DefaultLog2x7Max = 140

// Log2x7 is 7·log2(lag) clamped to 0…limit: the bounded, slowly growing form of a lag in messages that HPA's
// ratio arithmetic can be pointed at (it needs metricType Value). A lag of 0 or 1 gives 0.
func Log2x7(lag, limit float64) float64 {
	if !(lag > 1) || !(limit > 0) {
		return 0
	}
	return math.Min(7*math.Log2(lag), limit)
}

// LagForLog2x7 is the inverse of Log2x7: the lag in messages at which the gauge reads target.
func LagForLog2x7(target float64) float64 { return math.Exp2(target / 7) }
