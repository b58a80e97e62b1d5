package study

import (
	"math"
	"math/rand/v2"
	"time"

	"kafka_burndown_exporter/lab/scenario"
)

// curve is a profile that is being drawn: from base to peak, in messages/s, over length seconds.
type curve struct {
	r                  *rand.Rand
	base, peak, length float64
	scenario.Profile
}

func (c *curve) add(at, rate float64) {
	c.Points = append(c.Points, scenario.Point{At: secs(at), Rate: math.Max(0, rate)})
}

// some is a duration in seconds.
func (c *curve) some(least, more float64) float64 { return least + c.r.Float64()*more }

// up is a rate between base and peak.
func (c *curve) up(least float64) float64 {
	return c.base + (c.peak-c.base)*(least+(1-least)*c.r.Float64())
}

// drawProfile draws a shape and its course.
func drawProfile(r *rand.Rand, length time.Duration, base, peak float64) (string, scenario.Profile) {
	c := &curve{r: r, base: base, peak: peak, length: length.Seconds(), Profile: scenario.Profile{Scale: 1}}
	shape := pick(r, "steps", "ramps", "diurnal", "bursts", "batches", "walk", "sawtooth")
	switch shape {
	case "steps":
		c.steps()
	case "ramps":
		c.ramps()
	case "diurnal":
		c.Curve = &scenario.Curve{Period: length, Low: base, High: peak, Peak: secs(c.length * r.Float64())}
	case "bursts":
		c.bursts()
	case "batches":
		c.batches()
	case "walk":
		c.walk()
	default:
		c.sawtooth()
	}
	return shape, c.Profile
}

func (c *curve) steps() {
	c.Step = true
	for t := 0.0; t < c.length; t += c.some(300, 2400) {
		c.add(t, c.base+(c.peak-c.base)*math.Pow(c.r.Float64(), 1.5))
	}
}

func (c *curve) ramps() {
	c.add(0, c.base)
	for t := c.some(300, 1200); t < c.length-1800; t += c.some(300, 1800) {
		high := c.up(0.4)
		rise, hold, fall := c.some(60, 900), c.some(300, 2400), c.some(60, 900)
		c.add(t, c.base)
		c.add(t+rise, high)
		c.add(t+rise+hold, high)
		t += rise + hold + fall
		c.add(t, c.base)
	}
}

func (c *curve) bursts() {
	c.add(0, c.base)
	for t := c.some(200, 900); t < c.length-1200; t += c.some(300, 2400) {
		high := c.up(0.3)
		ramp, hold := pick(c.r, 5.0, 15, 30, 60), c.some(60, 900)
		c.add(t, c.base)
		c.add(t+ramp, high)
		c.add(t+ramp+hold, high)
		t += 2*ramp + hold
		c.add(t, c.base)
	}
}

func (c *curve) batches() {
	low := c.base * pick(c.r, 0.0, 0.1, 0.3)
	c.add(0, low)
	for t := c.some(600, 1800); t < c.length-3600; t += c.some(1200, 3600) {
		hold := c.some(600, 2400)
		rate := c.peak * c.some(0.4, 0.6)
		c.add(t, low)
		c.add(t+1, rate)
		c.add(t+hold, rate)
		c.add(t+hold+1, low)
		t += hold
	}
}

func (c *curve) walk() {
	v := c.up(0)
	for t := 0.0; t < c.length; t += 60 {
		c.add(t, v)
		v *= math.Exp(c.r.NormFloat64() * 0.12)
		v = math.Min(c.peak, math.Max(c.base*0.5, v))
	}
}

func (c *curve) sawtooth() {
	period := c.some(1200, 2400)
	for t := 0.0; t < c.length; t += period {
		c.add(t, c.base)
		c.add(t+period*0.8, c.peak)
	}
}
