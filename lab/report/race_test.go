//go:build race

package report

// The race detector makes a run fifteen times slower: the scenarios of a whole day run without it.
var scenarioNames = []string{"ride-hailing", "food-delivery", "payments", "share-group", "streams"}
