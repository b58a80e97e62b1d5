package scale

import (
	"errors"
	"math"
	"testing"
	"time"
)

func TestMilli(t *testing.T) {
	for v, want := range map[float64]int64{
		0: 0, 1: 1000, 84: 84000, 86.01: 86010, 0.0004: 0, 0.0005: 1, 0.00051: 1, 1.0005: 1000, 2.5: 2500,
		-1: 0, math.Inf(1): 0, math.Inf(-1): 0, 1e18: math.MaxInt64, 20000: 20_000_000, 1e9: 1e12,
	} {
		if got := Milli(v); got != want {
			t.Errorf("Milli(%v) = %d, want %d", v, got, want)
		}
	}
	if got := Milli(math.NaN()); got != 0 {
		t.Errorf("Milli(NaN) = %d", got)
	}
}

func TestPrometheusValue(t *testing.T) {
	broken := errors.New("503")
	for _, c := range []struct {
		name   string
		answer Answer
		ignore bool
		milli  int64
		active bool
		fails  bool
	}{
		{"value", Answer{Value: 12.3456}, false, 12346, true, false},
		{"at the threshold", Answer{Value: 10}, false, 10000, false, false},
		{"just above", Answer{Value: 10.0001}, false, 10000, true, false},
		{"negative", Answer{Value: -5}, false, 0, false, false},
		{"empty", Answer{Empty: true}, false, 0, false, true},
		{"empty ignored", Answer{Empty: true, Value: 99}, true, 0, false, false},
		{"NaN", Answer{Value: math.NaN()}, false, 0, false, true},
		{"NaN ignored", Answer{Value: math.NaN()}, true, 0, false, false},
		{"Inf", Answer{Value: math.Inf(1)}, false, 0, false, true},
		{"Inf ignored", Answer{Value: math.Inf(1)}, true, 0, false, false},
		{"error is never ignored", Answer{Err: broken}, true, 0, false, true},
	} {
		p := Prometheus{ActivationThreshold: 10, IgnoreNullValues: c.ignore}
		milli, active, err := p.value(c.answer)
		if milli != c.milli || active != c.active || (err != nil) != c.fails {
			t.Errorf("%s: %d %v %v, want %d %v", c.name, milli, active, err, c.milli, c.active)
		}
	}
}

// TestCronValue: daily from 8 to 20, and over midnight from 22 to 6.
func TestCronValue(t *testing.T) {
	daily := func(hour int) func(time.Time) time.Time {
		return func(now time.Time) time.Time {
			next := time.Date(now.Year(), now.Month(), now.Day(), hour, 0, 0, 0, now.Location())
			if !next.After(now) {
				next = next.AddDate(0, 0, 1)
			}
			return next
		}
	}
	zone := time.FixedZone("east", 2*3600)
	day := Cron{Start: daily(8), End: daily(20), Location: zone, DesiredReplicas: 6}
	night := Cron{Start: daily(22), End: daily(6), Location: zone, DesiredReplicas: 6}
	never := Cron{Start: func(time.Time) time.Time { return time.Time{} }, End: daily(20), Location: zone, DesiredReplicas: 6}
	for _, c := range []struct {
		name       string
		cron       Cron
		hour, min  int
		wantActive bool
	}{
		{"before", day, 7, 59, false},
		{"start", day, 8, 0, true},
		{"within", day, 12, 0, true},
		{"last minute", day, 19, 59, true},
		{"end", day, 20, 0, false},
		{"night", night, 23, 0, true},
		{"after midnight", night, 3, 0, true},
		{"morning", night, 6, 0, false},
		{"noon", night, 12, 0, false},
		{"a start that never comes", never, 12, 0, true},
	} {
		v, active := c.cron.value(time.Date(2026, 1, 5, c.hour, c.min, 0, 0, zone).UTC())
		if active != c.wantActive || (v == 6) != c.wantActive {
			t.Errorf("%s: %v %v, want %v", c.name, v, active, c.wantActive)
		}
	}
}
