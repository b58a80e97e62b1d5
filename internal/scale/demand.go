package scale

import "math"

// Demand turns a consumer group's signals into the replicas it needs. The rules record the same arithmetic.
type Demand struct {
	// Utilization is the part of a member's capacity to plan with; above 1 − tolerance HPA's dead band eats the rest.
	Utilization float64
	// Lead is how many seconds of the producer rate's slope to add: pod start plus pipeline.
	Lead float64
	// Drain is the time in seconds in which to work off a backlog.
	Drain float64
	// DeadZone is the lag, in seconds of production, that counts as none.
	DeadZone float64
}

// DefaultDemand gives the constants of the rules.
func DefaultDemand() Demand { return Demand{Utilization: 0.8, Lead: 60, Drain: 60, DeadZone: 2} }

// Raw is the number of replicas, not rounded, for a lag in messages, a producer rate in messages/s, its slope in
// messages/s² and the capacity of one member in messages/s. ok is false without a capacity or with a signal that
// is not a finite number: absent is better than wrong.
func (d Demand) Raw(lag, producerRate, slope, capacity float64) (replicas float64, ok bool) {
	if !(capacity > 0) {
		return 0, false
	}
	r := (producerRate+math.Max(slope, 0)*d.Lead)/(d.Utilization*capacity) +
		math.Max(lag-d.DeadZone*producerRate, 0)/(d.Drain*capacity)
	if math.IsNaN(r) || math.IsInf(r, 0) {
		return 0, false
	}
	return math.Max(r, 0), true
}

// UsefulReplicas is the smallest useful count for a demand of r replicas over n partitions: the fullest member
// holds ⌈n/k⌉ partitions, so counts between two values of that only add idle time. It is 1…n, and 0 without
// partitions.
func UsefulReplicas(n int, r float64) int {
	if n < 1 || math.IsNaN(r) {
		return 0
	}
	share := math.Max(math.Floor(float64(n)/math.Max(r, 1)), 1)
	return int(math.Ceil(float64(n) / share))
}

// UsefulCounts lists every useful number of replicas for n partitions, ascending: 1, 2, 3, 4, 5, 7, 10, 20 for 20.
func UsefulCounts(n int) []int {
	var counts []int
	for k := 1; k <= n; {
		counts = append(counts, k)
		if k == n {
			break
		}
		// The next count is the first whose fullest member holds fewer partitions.
		share := (n + k - 1) / k
		k = (n + share - 2) / (share - 1)
	}
	return counts
}

// CeilingBoost is what the trigger adds at the ceiling, or HPA's dead band would hold 19 at an ask of 20.
const CeilingBoost = 0.25

// TriggerAsk is what a desired-replicas trigger asks for with target 1: the desired count, more at the ceiling.
func TriggerAsk(desired, partitions float64) float64 {
	if desired >= partitions {
		return desired * (1 + CeilingBoost)
	}
	return desired
}

// RestsBelow is the smallest number of replicas at which an AverageValue ask is left alone: everything from there
// up to the ask lies in the dead band of the scale-up tolerance.
func RestsBelow(ask, tolerance float64) int {
	if !(ask > 0) {
		return 0
	}
	n := max(int(math.Floor(ask/(1+tolerance))), 1)
	for ask/float64(n) > 1+tolerance {
		n++
	}
	return n
}
