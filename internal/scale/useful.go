package scale

import "math"

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
