package simulate

import (
	"fmt"
	"math"
	"slices"
	"time"

	"kafka_burndown_exporter/lab/scenario"
	"kafka_burndown_exporter/lab/units"
)

// Preset is a tuning profile: behaviour, bounds and intervals for one shape of load.
type Preset struct {
	Name, Title       string
	Up, Down          Side
	Polling, Cooldown time.Duration
	minimum, maximum  func(l *Load) int
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

// Load is what presets and the search derive their bounds from.
type Load struct {
	Partitions      int // useful replicas
	Capacity        float64
	Low, Mean, Peak float64 // messages/s: the lowest twentieth, the mean, the highest hundredth
	Hottest         float64 // messages/s of the fullest partition at the peak
}

// ceiling says why no number of replicas can carry the load, empty if some can.
func (l *Load) ceiling() string {
	switch {
	case l.Hottest > l.Capacity:
		return fmt.Sprintf("The fullest partition gets %s messages/s at the peak and one replica carries %s: more replicas cannot help, "+
			"a better key or faster consumers can.", units.Count(l.Hottest), units.Count(l.Capacity))
	case float64(l.Partitions)*l.Capacity < l.Peak:
		return fmt.Sprintf("%d partitions at %s messages/s a replica carry %s, the peak is %s: add partitions.",
			l.Partitions, units.Count(l.Capacity), units.Count(float64(l.Partitions)*l.Capacity), units.Count(l.Peak))
	}
	return ""
}

// needed is how many replicas a rate takes.
func (l *Load) needed(rate float64) int { return max(1, int(math.Ceil(rate/l.Capacity))) }

// MeasureLoad samples what a service's topics receive. Stages behind other services get what is produced at the front.
func MeasureLoad(sc *scenario.Scenario, svc *scenario.Service) Load {
	l := Load{Partitions: sc.UsefulReplicas(svc), Capacity: svc.Capacity.PerPod}
	rates, _ := profileOf(sc, svc)
	for _, v := range rates {
		l.Mean += v / float64(len(rates))
	}
	slices.Sort(rates)
	l.Low, l.Peak = quantile(rates, 5), quantile(rates, 99)
	for _, name := range svc.Topics {
		for _, share := range sc.Topic(name).Shares() {
			// Several topics share the load in ways that are not known here.
			l.Hottest = max(l.Hottest, share*l.Peak/float64(len(svc.Topics)))
		}
	}
	return l
}

// profileOf samples the rate at which messages arrive, some thousand times over the run, without noise.
func profileOf(sc *scenario.Scenario, svc *scenario.Service) (rates []float64, every time.Duration) {
	var raters []*scenario.Rater
	for i := range sc.Producers {
		if slices.Contains(svc.Topics, sc.Producers[i].Topic) {
			raters = append(raters, sc.Rater(&sc.Producers[i]))
		}
	}
	if len(raters) == 0 {
		for i := range sc.Producers {
			raters = append(raters, sc.Rater(&sc.Producers[i]))
		}
	}
	every = max(time.Second, sc.Duration/4000)
	for t := time.Duration(0); t < sc.Duration; t += every {
		sum := 0.0
		for _, r := range raters {
			v, _ := r.Mean(t)
			sum += v
		}
		rates = append(rates, sum)
	}
	return rates, every
}

// busiest is the stretch of the first pass with the highest peak in its middle.
func busiest(sc *scenario.Scenario, svc *scenario.Service) *Window {
	rates, every := profileOf(sc, svc)
	peak := 0
	for i, v := range rates {
		if v > rates[peak] {
			peak = i
		}
	}
	length := min(coarseLength, sc.Duration)
	from := time.Duration(peak)*every - length/2
	from = min(max(from, 0), sc.Duration-length).Truncate(time.Minute)
	return &Window{From: from, Length: length}
}

// Min and Max are the preset's bounds for a load; the maximum never exceeds the useful replicas.
func (p *Preset) Min(l *Load) int { return min(max(1, p.minimum(l)), p.Max(l)) }

// Max is the upper bound.
func (p *Preset) Max(l *Load) int { return max(1, min(l.Partitions, p.maximum(l))) }

func allPartitions(l *Load) int { return l.Partitions }

func pods(n int, period time.Duration) Policy { return Policy{"Pods", n, period} }

func percents(n int, period time.Duration) Policy { return Policy{"Percent", n, period} }

// Presets are the five tuning profiles.
func Presets() []Preset {
	const s, m = time.Second, time.Minute
	return []Preset{
		{
			Name: "quick", Title: "scale quickly (low inertia)", Polling: 5 * s, Cooldown: 30 * s,
			Up:      Side{0, []Policy{pods(4, 15*s), percents(100, 15*s)}},
			Down:    Side{m, []Policy{percents(50, 30*s)}},
			minimum: func(*Load) int { return 1 }, maximum: allPartitions,
		},
		{
			Name: "slow", Title: "scale slowly (high inertia)", Polling: m, Cooldown: 10 * m,
			Up:      Side{2 * m, []Policy{pods(1, m)}},
			Down:    Side{15 * m, []Policy{percents(10, 2*m)}},
			minimum: func(l *Load) int { return l.needed(l.Low) + 1 }, maximum: func(l *Load) int { return (l.Partitions + 1) / 2 },
		},
		{
			Name: "known-peaks", Title: "known peak times", Polling: 30 * s, Cooldown: 5 * m,
			Up:      Side{30 * s, []Policy{pods(4, 30*s)}},
			Down:    Side{10 * m, []Policy{percents(25, m)}},
			minimum: func(l *Load) int { return l.needed(l.Mean) }, maximum: allPartitions,
		},
		{
			Name: "initial-load", Title: "initial load", Polling: 10 * s, Cooldown: m,
			Up:      Side{0, []Policy{percents(100, 15*s)}},
			Down:    Side{5 * m, []Policy{percents(25, m)}},
			minimum: func(l *Load) int { return (l.Partitions + 3) / 4 }, maximum: allPartitions,
		},
		{
			Name: "consistently-high", Title: "consistently high load", Polling: 30 * s, Cooldown: 5 * m,
			Up:      Side{m, []Policy{pods(2, m)}},
			Down:    Side{10 * m, []Policy{percents(10, m)}},
			minimum: func(l *Load) int { return int(math.Ceil(0.7 * float64(l.needed(l.Peak)))) }, maximum: allPartitions,
		},
	}
}
