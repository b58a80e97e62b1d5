package tune

import (
	"math"
	"time"

	"kafka_burndown_exporter/lab/simulate"
)

// Preset is a tuning profile: behaviour, bounds and intervals for one shape of load.
type Preset struct {
	Name, Title       string
	Up, Down          Side
	Polling, Cooldown time.Duration
	minimum, maximum  func(l *simulate.Load) int
}

// Side is the behaviour in one direction.
type Side struct {
	Window   time.Duration
	Policies []Policy
}

// Policy is a scaling policy: pods or percent within a period.
type Policy struct {
	Type   string
	Value  int
	Period time.Duration
}

// Min and Max are the preset's bounds for a load; the maximum never exceeds the useful replicas.
func (p *Preset) Min(l *simulate.Load) int { return min(max(1, p.minimum(l)), p.Max(l)) }

// Max is the upper bound.
func (p *Preset) Max(l *simulate.Load) int { return max(1, min(l.Partitions, p.maximum(l))) }

func allPartitions(l *simulate.Load) int { return l.Partitions }

func pods(n int, period time.Duration) Policy { return Policy{"Pods", n, period} }

func percents(n int, period time.Duration) Policy { return Policy{"Percent", n, period} }

// followed is the profile of what the exporter asks for: it knows itself when to wait.
func followed() Preset {
	const s, m = time.Second, time.Minute
	return Preset{
		Name: "as asked", Title: "as the exporter asks", Polling: 15 * s, Cooldown: 5 * m,
		Up:      Side{0, []Policy{pods(100, 15*s)}},
		Down:    Side{m, []Policy{percents(100, 15*s)}},
		minimum: func(*simulate.Load) int { return 1 }, maximum: allPartitions,
	}
}

// Presets are the five tuning profiles.
func Presets() []Preset {
	const s, m = time.Second, time.Minute
	return []Preset{
		{
			Name: "quick", Title: "scale quickly (low inertia)", Polling: 5 * s, Cooldown: 30 * s,
			Up:      Side{0, []Policy{pods(4, 15*s), percents(100, 15*s)}},
			Down:    Side{m, []Policy{percents(50, 30*s)}},
			minimum: func(*simulate.Load) int { return 1 }, maximum: allPartitions,
		},
		{
			Name: "slow", Title: "scale slowly (high inertia)", Polling: m, Cooldown: 10 * m,
			Up:      Side{2 * m, []Policy{pods(1, m)}},
			Down:    Side{15 * m, []Policy{percents(10, 2*m)}},
			minimum: func(l *simulate.Load) int { return l.Needed(l.Low) + 1 }, maximum: func(l *simulate.Load) int { return (l.Partitions + 1) / 2 },
		},
		{
			Name: "known-peaks", Title: "known peak times", Polling: 30 * s, Cooldown: 5 * m,
			Up:      Side{30 * s, []Policy{pods(4, 30*s)}},
			Down:    Side{10 * m, []Policy{percents(25, m)}},
			minimum: func(l *simulate.Load) int { return l.Needed(l.Mean) }, maximum: allPartitions,
		},
		{
			Name: "initial-load", Title: "initial load", Polling: 10 * s, Cooldown: m,
			Up:      Side{0, []Policy{percents(100, 15*s)}},
			Down:    Side{5 * m, []Policy{percents(25, m)}},
			minimum: func(l *simulate.Load) int { return (l.Partitions + 3) / 4 }, maximum: allPartitions,
		},
		{
			Name: "consistently-high", Title: "consistently high load", Polling: 30 * s, Cooldown: 5 * m,
			Up:      Side{m, []Policy{pods(2, m)}},
			Down:    Side{10 * m, []Policy{percents(10, m)}},
			minimum: func(l *simulate.Load) int { return int(math.Ceil(0.7 * float64(l.Needed(l.Peak)))) }, maximum: allPartitions,
		},
	}
}
