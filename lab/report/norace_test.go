//go:build !race

package report

var scenarioNames = []string{"ride-hailing", "fashion", "food-delivery", "payments", "tuning-profiles", "share-group", "streams"}
