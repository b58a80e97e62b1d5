package web

import (
	"fmt"
	"html/template"
	"math"
	"strconv"
	"time"

	"kafka_burndown_exporter/internal/lag"
)

// unknown stands where a value is absent: never a zero, which would say that all is well.
const unknown = "unknown"

// formats are the functions of the templates.
func formats() template.FuncMap {
	return template.FuncMap{
		"known": lag.Known, "count": count, "rate": rate, "seconds": seconds, "decimal": decimal, "whole": whole,
		"members": members, "ago": func(d time.Duration) string { return seconds(d.Seconds()) },
	}
}

// count is a number of messages, its thousands set apart.
func count(v float64) string {
	if !lag.Known(v) {
		return unknown
	}
	return group(strconv.FormatFloat(math.Round(v), 'f', 0, 64))
}

func whole(v int) string { return group(strconv.Itoa(v)) }

// group sets the thousands of a whole number apart with narrow no-break spaces.
func group(digits string) string {
	const space = "\u202f"
	out := digits
	for i := len(digits) - 3; i > 0; i -= 3 {
		out = out[:i] + space + out[i:]
	}
	return out
}

// members is a number of members, -1 where it is not known.
func members(n int) string {
	if n < 0 {
		return unknown
	}
	return whole(n)
}

// rate is a number of messages a second.
func rate(v float64) string {
	if !lag.Known(v) {
		return unknown
	}
	if v != 0 && v < 100 {
		return strconv.FormatFloat(v, 'f', 1, 64) + "/s"
	}
	return count(v) + "/s"
}

func decimal(v float64) string {
	if !lag.Known(v) {
		return unknown
	}
	return strconv.FormatFloat(v, 'f', 1, 64)
}

// seconds is a span of time with at most two units.
func seconds(v float64) string {
	switch {
	case !lag.Known(v):
		return unknown
	case v < 0.05:
		return "0 s"
	case v < 10:
		return strconv.FormatFloat(v, 'f', 1, 64) + " s"
	case v < 120:
		return strconv.FormatFloat(v, 'f', 0, 64) + " s"
	}
	s := int64(math.Round(v))
	switch {
	case s < 7200:
		return fmt.Sprintf("%d min %02d s", s/60, s%60)
	case s < 2*86400:
		return fmt.Sprintf("%d h %02d min", s/3600, s/60%60)
	default:
		return fmt.Sprintf("%d d %02d h", s/86400, s/3600%24)
	}
}
