// Package human writes numbers for people: on pages, on the terminal, in reports. What is read by machines is written
// elsewhere. A number that is not finite is Unknown: it is never written as 0, which would say that all is well.
package human

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// Unknown stands where a value is absent.
const Unknown = "unknown"

func known(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }

func fixed(v float64, decimals int) string { return strconv.FormatFloat(v, 'f', decimals, 64) }

// Count is a whole number with its thousands apart, by narrow no-break spaces.
func Count(v float64) string {
	if !known(v) {
		return Unknown
	}
	return group(fixed(math.Round(v)+0, 0)) // + 0 makes 0 of −0
}

// Whole is Count of an integer.
func Whole(v int) string { return group(strconv.Itoa(v)) }

func group(digits string) string {
	sign := ""
	if rest, negative := strings.CutPrefix(digits, "-"); negative {
		sign, digits = "-", rest
	}
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "\u202f" + digits[i:]
	}
	return sign + digits
}

// Compact is a whole number in at most four digits and k, M or G.
func Compact(v float64) string {
	a := math.Abs(v)
	switch {
	case !known(v):
		return Unknown
	case a >= 9.995e9:
		return Number(math.Round(v/1e8)/10) + "G"
	case a >= 9.995e8:
		return Number(math.Round(v/1e7)/100) + "G"
	case a >= 9.995e6:
		return Number(math.Round(v/1e5)/10) + "M"
	case a >= 9.995e5:
		return Number(math.Round(v/1e4)/100) + "M"
	case a >= 9950:
		return Number(math.Round(v/1e3)) + "k"
	default:
		return Number(math.Round(v))
	}
}

// Number is a number with as many digits as it has.
func Number(v float64) string {
	if !known(v) {
		return Unknown
	}
	return fixed(v+0, -1) // + 0 makes 0 of −0
}

// Decimal is a number with one decimal.
func Decimal(v float64) string {
	if !known(v) {
		return Unknown
	}
	return fixed(v, 1)
}

// Rate is a number of messages a second, with a decimal below a hundred.
func Rate(v float64) string {
	switch {
	case !known(v):
		return Unknown
	case v != 0 && v < 99.95:
		return fixed(v, 1) + "/s"
	default:
		return Count(v) + "/s"
	}
}

// Span is a number of seconds in at most two units, such as 1.2 s, 45 s, 2 min 05 s, 3 h 07 min or 2 d 04 h.
func Span(v float64) string {
	switch {
	case !known(v):
		return Unknown
	case v < 0.05:
		return "0 s"
	case v < 9.95:
		return fixed(v, 1) + " s"
	case v < 119.5:
		return fixed(v, 0) + " s"
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

// CompactSpan is a number of seconds in one unit for the columns of tables, such as 1.2 s, 45 s, 2.1 min or 3.1 h.
func CompactSpan(v float64) string {
	switch {
	case !known(v):
		return Unknown
	case v >= 7200:
		return fixed(v/3600, 1) + " h"
	case v >= 120:
		return fixed(v/60, 1) + " min"
	case v == math.Trunc(v) || v >= 10:
		return fixed(v, 0) + " s"
	default:
		return fixed(v, 1) + " s"
	}
}

// Clock is a time since the start of a run in seconds, such as 2:05 or 3:07:00.
func Clock(v float64) string {
	if !known(v) {
		return Unknown
	}
	s := int64(math.Round(v))
	if s >= 3600 {
		return fmt.Sprintf("%d:%02d:%02d", s/3600, s/60%60, s%60)
	}
	return fmt.Sprintf("%d:%02d", s/60, s%60)
}

// Change is how much more or less v is than base, in percent.
func Change(v, base float64) string {
	p := 100 * (v - base) / base
	switch {
	case base == 0:
		return "no comparison"
	case !known(p):
		return Unknown
	case math.Abs(p) < 0.5:
		return "±0 %"
	}
	return strings.Replace(fmt.Sprintf("%+.0f %%", p), "-", "−", 1)
}

// Duration is a duration as flags take it, without the parts that are 0, such as 1h or 90s.
func Duration(d time.Duration) string {
	text := d.String()
	if short, ok := strings.CutSuffix(text, "m0s"); ok {
		text = short + "m"
	}
	if short, ok := strings.CutSuffix(text, "h0m"); ok {
		text = short + "h"
	}
	return text
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
