package human

import (
	"math"
	"strings"
	"testing"
	"time"
)

func TestNumbers(t *testing.T) {
	for name, c := range map[string]struct {
		write func(float64) string
		want  map[float64]string
	}{
		"Count": {Count, map[float64]string{
			0: "0", -0.2: "0", 999: "999", 999.6: "1\u202f000", 1234567: "1\u202f234\u202f567", -123: "-123", -1234: "-1\u202f234",
		}},
		"Compact": {Compact, map[float64]string{
			0: "0", -0.2: "0", 0.6: "1", 9949: "9949", 9950: "10k", 12345: "12k", 999499: "999k", 999500: "1M", 1.234e6: "1.23M",
			9.995e6: "10M", 123.44e6: "123.4M", 999.5e6: "1G", 1.236e9: "1.24G", 12.36e9: "12.4G", -12345: "-12k",
		}},
		"Number":  {Number, map[float64]string{0: "0", math.Copysign(0, -1): "0", 0.25: "0.25", 99.9: "99.9", 1e6: "1000000"}},
		"Decimal": {Decimal, map[float64]string{0: "0.0", 7.25: "7.2", 1234: "1234.0"}},
		"Rate":    {Rate, map[float64]string{0: "0/s", 0.26: "0.3/s", 99.9: "99.9/s", 99.96: "100/s", 12345: "12\u202f345/s"}},
		"Span": {Span, map[float64]string{
			0: "0 s", 0.04: "0 s", 1.24: "1.2 s", 9.96: "10 s", 45: "45 s", 90: "90 s", 119.6: "2 min 00 s", 125: "2 min 05 s",
			7199.6: "2 h 00 min", 11220: "3 h 07 min", 180000: "2 d 02 h", 187200: "2 d 04 h",
		}},
		"CompactSpan": {CompactSpan, map[float64]string{
			0: "0 s", 1.24: "1.2 s", 3: "3 s", 45.4: "45 s", 120: "2.0 min", 7199: "120.0 min", 7200: "2.0 h", 86400: "24.0 h",
		}},
		"Clock":  {Clock, map[float64]string{0: "0:00", 125: "2:05", 3599.6: "1:00:00", 11220: "3:07:00"}},
		"Change": {func(v float64) string { return Change(v, 100) }, map[float64]string{100.4: "±0 %", 150: "+50 %", 75: "−25 %"}},
	} {
		for v, want := range c.want {
			if got := c.write(v); got != want {
				t.Errorf("%s(%v) = %q, want %q", name, v, got, want)
			}
		}
		for _, v := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
			if got := c.write(v); got != Unknown {
				t.Errorf("%s(%v) = %q, want %q", name, v, got, Unknown)
			}
		}
	}
	if got := Change(1, 0); got != "no comparison" {
		t.Errorf("Change(1, 0) = %q", got)
	}
	if got := Whole(-1234567); got != "-1\u202f234\u202f567" {
		t.Errorf("Whole(-1234567) = %q", got)
	}
}

func TestDuration(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0s", 10 * time.Second: "10s", 90 * time.Second: "1m30s", time.Minute: "1m", time.Hour: "1h", 20 * time.Minute: "20m",
		90 * time.Minute: "1h30m", time.Hour + 5*time.Second: "1h0m5s", 10 * time.Hour: "10h", 1500 * time.Millisecond: "1.5s",
	} {
		if got := Duration(d); got != want {
			t.Errorf("Duration(%v) = %q, want %q", d, got, want)
		}
		if back, err := time.ParseDuration(Duration(d)); err != nil || back != d {
			t.Errorf("%q is read as %v, %v", Duration(d), back, err)
		}
	}
}

// Columns of tables are made for what Compact and CompactSpan write.
func TestCompactIsNarrow(t *testing.T) {
	for e := -3.0; e < 12; e += 0.001 {
		v := math.Pow(10, e)
		if text := Compact(v); len(text) > 7 || strings.Contains(text, "e") {
			t.Fatalf("Compact(%v) = %q", v, text)
		}
	}
}

func TestPartsAndLengths(t *testing.T) {
	for _, c := range [][2]string{
		{Rough(146*time.Hour + 20*time.Minute), "6d2h"}, {Rough(2*time.Hour + 31*time.Minute), "2h31m"}, {Rough(45 * time.Second), "45s"},
		{Share(time.Second, time.Hour), "below 1 %"}, {Share(59*time.Minute+59*time.Second, time.Hour), "above 99 %"},
		{Share(time.Hour, 4*time.Hour), "25 %"},
	} {
		if c[0] != c[1] {
			t.Errorf("%q, want %q", c[0], c[1])
		}
	}
}
