package demo

import (
	"time"

	"kafka_burndown_exporter/internal/lag"
	"kafka_burndown_exporter/lab/scenario"
)

// The default speed makes a minute show ten, unless that took more messages a second than a laptop should spend on a
// demo.
const (
	defaultSpeed = 10
	maxRate      = 10_000
)

// leastRateWindow is the shortest window of the exporter's rates that bridges commits and samples, by the wall.
const leastRateWindow = 10 * time.Second

// RateWindow is over how long the exporter averages rates (by the wall) where time runs so many times as fast.
func RateWindow(speed float64) time.Duration {
	return max(lag.Scaled(speed).RateWindow, leastRateWindow)
}

// Pace is how fast a scenario runs where nothing else is asked for, and where in it the demo begins.
func Pace(s *scenario.Scenario) (speed float64, from time.Duration) {
	peak := 0.0
	raters := make([]*scenario.Rater, len(s.Producers))
	for i := range s.Producers {
		raters[i] = s.Rater(&s.Producers[i])
	}
	for at := time.Duration(0); at < s.Duration; at += time.Minute {
		sum := 0.0
		for _, r := range raters {
			rate, _ := r.Mean(at)
			sum += rate
		}
		peak = max(peak, sum)
	}
	speed = defaultSpeed
	for speed > 1 && peak*speed > maxRate {
		speed--
	}
	return speed, s.Demo.From
}
