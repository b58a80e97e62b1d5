package lag

import (
	"time"

	"kafka_burndown_exporter/internal/scale"
)

// ages is how many intervals old a value may be before it is withheld.
const ages = 3

// Defaults are the settings of an exporter that is given no flags. Everything that stands for one (the lab's simulated
// exporter, its demo, tests) begins with them.
func Defaults() Options { return Scaled(1) }

// Scaled are the defaults of a cluster whose time runs speed times as fast: every duration is that many times shorter.
func Scaled(speed float64) Options {
	span := func(d time.Duration) time.Duration { return time.Duration(float64(d) / speed) }
	return Options{
		RateWindow: span(2 * time.Minute), StallWindow: span(5 * time.Minute),
		LagResidual: 1, BurndownCap: 86_400, Log2x7Max: scale.DefaultLog2x7Max,
	}.Every(span(10 * time.Second))
}

// Every returns the options for waves at another distance: values are held as many of them as before.
func (o Options) Every(interval time.Duration) Options {
	o.Interval, o.MaxAge = interval, MaxAge(interval)
	return o
}

// MaxAge is how long a value is held at a distance of waves, unless something else is asked for.
func MaxAge(interval time.Duration) time.Duration { return ages * interval }
