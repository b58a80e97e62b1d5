// Package units writes numbers and times for people: in tables, sentences and plots of the lab. It parses nothing, and
// knows nothing of what it writes.
package units

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// Count writes a number of messages or minutes in at most four digits and a unit.
func Count(v float64) string {
	switch a := math.Abs(v); {
	case a >= 9.995e6:
		return Number(math.Round(v/1e5)/10) + "M"
	case a >= 9.995e5:
		return Number(math.Round(v/1e4)/100) + "M"
	case a >= 9_950:
		return Number(math.Round(v/1e3)) + "k"
	default:
		return Number(math.Round(v))
	}
}

// Number writes a number with as many digits as it has.
func Number(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }

// Seconds writes a time in seconds, from two minutes on in minutes and from two hours on in hours.
func Seconds(v float64) string {
	switch {
	case v >= 7200:
		return strconv.FormatFloat(v/3600, 'f', 1, 64) + " h"
	case v >= 120:
		return strconv.FormatFloat(v/60, 'f', 1, 64) + " min"
	case v == math.Trunc(v) || v >= 10:
		return strconv.FormatFloat(v, 'f', 0, 64) + " s"
	default:
		return strconv.FormatFloat(v, 'f', 1, 64) + " s"
	}
}

// Percent writes how much more or less v is than base.
func Percent(v, base float64) string {
	if base == 0 {
		return "no comparison"
	}
	p := 100 * (v - base) / base
	if math.Abs(p) < 0.5 {
		return "±0 %"
	}
	return strings.Replace(fmt.Sprintf("%+.0f %%", p), "-", "−", 1)
}

// Clock writes a time of the run.
func Clock(sec float64) string {
	s := int(math.Round(sec))
	if s >= 3600 {
		return fmt.Sprintf("%d:%02d:%02d", s/3600, s/60%60, s%60)
	}
	return fmt.Sprintf("%d:%02d", s/60, s%60)
}

// Duration writes a duration without zero parts, such as 1h or 90s.
func Duration(d time.Duration) string {
	s := d.String()
	s = strings.TrimSuffix(s, "0s")
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	if s == "" || !strings.ContainsAny(s[len(s)-1:], "hms") {
		return d.String()
	}
	return s
}

// Share writes a share, never rounded to all or nothing.
func Share(part, whole time.Duration) string {
	p := 100 * part.Seconds() / whole.Seconds()
	switch {
	case p > 0 && p < 1:
		return "below 1 %"
	case p > 99 && p < 100:
		return "above 99 %"
	}
	return fmt.Sprintf("%.0f %%", p)
}

// Rough writes a length with at most two parts, such as 6d2h, 2h31m or 45s.
func Rough(d time.Duration) string {
	days := d / (24 * time.Hour)
	switch {
	case days > 0:
		text := fmt.Sprintf("%dd", days)
		if h := d.Round(time.Hour) % (24 * time.Hour) / time.Hour; h > 0 {
			text += fmt.Sprintf("%dh", h)
		}
		return text
	case d >= time.Hour:
		return Duration(d.Round(time.Minute))
	default:
		return Duration(d.Round(time.Second))
	}
}
