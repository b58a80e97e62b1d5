package simulate

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// count writes a number of messages or minutes in at most four digits and a unit.
func count(v float64) string {
	switch a := math.Abs(v); {
	case a >= 9.995e6:
		return trim(math.Round(v/1e5)/10) + "M"
	case a >= 9.995e5:
		return trim(math.Round(v/1e4)/100) + "M"
	case a >= 9_950:
		return trim(math.Round(v/1e3)) + "k"
	default:
		return trim(math.Round(v))
	}
}

func trim(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }

// seconds writes a time in seconds, from two minutes on in minutes and from two hours on in hours.
func seconds(v float64) string {
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

// percent writes how much more or less v is than base.
func percent(v, base float64) string {
	if base == 0 {
		return "no comparison"
	}
	p := 100 * (v - base) / base
	if math.Abs(p) < 0.5 {
		return "±0 %"
	}
	return strings.Replace(fmt.Sprintf("%+.0f %%", p), "-", "−", 1)
}

// clockTime writes a time of the run.
func clockTime(sec float64) string {
	s := int(math.Round(sec))
	if s >= 3600 {
		return fmt.Sprintf("%d:%02d:%02d", s/3600, s/60%60, s%60)
	}
	return fmt.Sprintf("%d:%02d", s/60, s%60)
}

// short writes a duration without zero parts, such as 1h or 90s.
func short(d time.Duration) string {
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
