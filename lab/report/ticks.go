package report

import (
	"math"

	"gonum.org/v1/plot"

	"kafka_burndown_exporter/internal/human"
)

// timeTicks marks times of the run at round distances, about six of them.
func timeTicks(end float64) plot.ConstantTicks {
	step := 60.0
	for _, s := range []float64{60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400, 172800} {
		if step = s; end/s <= 7 {
			break
		}
	}
	var out plot.ConstantTicks
	for at := 0.0; at <= end; at += step {
		out = append(out, plot.Tick{Value: at, Label: tickTime(at, step)})
	}
	return out
}

func tickTime(at, step float64) string {
	switch {
	case step >= 86400:
		return human.Number(at/86400) + " d"
	case step >= 3600:
		return human.Number(at/3600) + " h"
	default:
		return human.Clock(at)
	}
}

// logTicks marks powers of ten, every second one over a wide range.
type logTicks struct{ label func(float64) string }

// Ticks implements plot.Ticker.
func (t logTicks) Ticks(lo, hi float64) []plot.Tick {
	var out []plot.Tick
	first, last := math.Ceil(math.Log10(lo)), math.Floor(math.Log10(hi))
	every := math.Ceil((last - first + 1) / 6)
	for e := first; e <= last; e++ {
		tick := plot.Tick{Value: math.Pow(10, e)}
		if math.Mod(e-first, every) == 0 {
			tick.Label = t.label(tick.Value)
		}
		out = append(out, tick)
	}
	return out
}

// linearTicks marks about four round values.
type linearTicks struct{ label func(float64) string }

// Ticks implements plot.Ticker.
func (t linearTicks) Ticks(lo, hi float64) []plot.Tick {
	if hi <= lo {
		return nil
	}
	raw := (hi - lo) / 4
	unit := math.Pow(10, math.Floor(math.Log10(raw)))
	step := unit
	for _, m := range []float64{1, 2, 5, 10} {
		if step = m * unit; step >= raw {
			break
		}
	}
	var out []plot.Tick
	for v := math.Ceil(lo/step) * step; v <= hi; v += step {
		out = append(out, plot.Tick{Value: v, Label: t.label(v)})
	}
	return out
}
