package main

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// format writes a value in a unit of Grafana's, as short as it can be read.
func format(v float64, unit string) string {
	switch unit {
	case "s":
		return duration(v)
	case "percentunit":
		return number(100*v) + " %"
	case "cps", "reqps":
		return scaled(v) + "/s"
	case "bytes":
		return number(v/(1<<20)) + " MiB"
	case "bool_yes_no":
		if v == 0 {
			return "No"
		}
		return "Yes"
	}
	return scaled(v)
}

func duration(v float64) string {
	switch {
	case v == 0:
		return "0 s"
	case v < 0.001:
		return number(v*1e6) + " µs"
	case v < 1:
		return number(v*1e3) + " ms"
	case v < 120:
		return number(v) + " s"
	case v < 7200:
		return number(v/60) + " min"
	case v < 172800:
		return number(v/3600) + " h"
	}
	return number(v/86400) + " d"
}

func scaled(v float64) string {
	switch a := math.Abs(v); {
	case a >= 1e9:
		return number(v/1e9) + " G"
	case a >= 1e6:
		return number(v/1e6) + " M"
	case a >= 1e4:
		return number(v/1e3) + " k"
	}
	return number(v)
}

// number has three significant digits and no trailing zeros.
func number(v float64) string {
	if v == 0 || math.Abs(v) < 1e-9 {
		return "0"
	}
	decimals := max(0, 2-int(math.Floor(math.Log10(math.Abs(v)))))
	s := strconv.FormatFloat(v, 'f', min(decimals, 6), 64)
	if strings.Contains(s, ".") {
		s = strings.TrimRight(strings.TrimRight(s, "0"), ".")
	}
	return fmt.Sprint(s)
}
