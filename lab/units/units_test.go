package units

import (
	"testing"
	"time"
)

func TestUnits(t *testing.T) {
	for _, c := range [][2]string{
		{Count(12.4), "12"}, {Count(9_949), "9949"}, {Count(9_950), "10k"}, {Count(1_234_567), "1.23M"}, {Count(12_345_678), "12.3M"},
		{Number(0.25), "0.25"}, {Seconds(0.5), "0.5 s"}, {Seconds(119), "119 s"}, {Seconds(120), "2.0 min"}, {Seconds(7200), "2.0 h"},
		{Percent(110, 100), "+10 %"}, {Percent(79, 100), "−21 %"}, {Percent(100.4, 100), "±0 %"}, {Percent(1, 0), "no comparison"},
		{Clock(65), "1:05"}, {Clock(3_661), "1:01:01"},
		{Duration(time.Hour), "1h"}, {Duration(90 * time.Second), "1m30s"}, {Duration(10 * time.Minute), "10m"}, {Duration(0), "0s"},
		{Rough(146*time.Hour + 20*time.Minute), "6d2h"}, {Rough(2*time.Hour + 31*time.Minute), "2h31m"}, {Rough(45 * time.Second), "45s"},
		{Share(time.Second, time.Hour), "below 1 %"}, {Share(59*time.Minute+59*time.Second, time.Hour), "above 99 %"},
		{Share(time.Hour, 4*time.Hour), "25 %"},
	} {
		if c[0] != c[1] {
			t.Errorf("%q, want %q", c[0], c[1])
		}
	}
}
