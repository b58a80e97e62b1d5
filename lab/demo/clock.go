package demo

import "time"

// Clock maps wall time to the scenario's time, which runs Speed times as fast.
type Clock struct {
	began time.Time
	start time.Time
	from  time.Duration
	speed float64
}

// NewClock starts a scenario that begins at start (in its own time) now, at the time from after its beginning.
func NewClock(now, start time.Time, from time.Duration, speed float64) Clock {
	return Clock{began: now, start: start, from: from, speed: speed}
}

// Elapsed is the scenario's time since its start.
func (c Clock) Elapsed(now time.Time) time.Duration {
	return c.from + time.Duration(float64(now.Sub(c.began))*c.speed)
}

// At is the scenario's wall clock.
func (c Clock) At(now time.Time) time.Time { return c.start.Add(c.Elapsed(now)) }

// Wall is how long a span of the scenario takes.
func (c Clock) Wall(d time.Duration) time.Duration { return time.Duration(float64(d) / c.speed) }

// Speed is the factor between the two times.
func (c Clock) Speed() float64 { return c.speed }
