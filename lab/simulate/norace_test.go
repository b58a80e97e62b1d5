//go:build !race

package simulate

var scenarioNames = []string{"ride-hailing", "fashion", "food-delivery", "payments", "tuning-profiles"}
