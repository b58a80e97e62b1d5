package simulate

import (
	"fmt"
	"math"
	"slices"
	"time"

	"kafka_burndown_exporter/internal/human"
	"kafka_burndown_exporter/lab/scenario"
)

// Load is what a service has to carry.
type Load struct {
	Partitions      int // useful replicas; of a share group the most that are allowed
	Capacity        float64
	Low, Mean, Peak float64 // messages/s: the lowest twentieth, the mean, the highest hundredth
	Hottest         float64 // messages/s of the fullest partition at the peak, where one replica has to carry it
	share           bool
	// Highest is when the rate is the highest.
	Highest time.Duration
}

// Ceiling says why no number of replicas can carry the load, empty if some can.
func (l *Load) Ceiling() string {
	switch {
	case l.Hottest > l.Capacity:
		return fmt.Sprintf("The fullest partition gets %s messages/s at the peak and one replica carries %s: more replicas cannot help, "+
			"a better key or faster consumers can.", human.Compact(l.Hottest), human.Compact(l.Capacity))
	case float64(l.Partitions)*l.Capacity < l.Peak && l.share:
		return fmt.Sprintf("%d replicas at %s messages/s carry %s, the peak is %s: allow more replicas.",
			l.Partitions, human.Compact(l.Capacity), human.Compact(float64(l.Partitions)*l.Capacity), human.Compact(l.Peak))
	case float64(l.Partitions)*l.Capacity < l.Peak:
		return fmt.Sprintf("%d partitions at %s messages/s a replica carry %s, the peak is %s: add partitions.",
			l.Partitions, human.Compact(l.Capacity), human.Compact(float64(l.Partitions)*l.Capacity), human.Compact(l.Peak))
	}
	return ""
}

// Needed is how many replicas a rate takes.
func (l *Load) Needed(rate float64) int { return max(1, int(math.Ceil(rate/l.Capacity))) }

// MeasureLoad samples what a service's topics receive. Stages behind other services get what is produced at the front.
func MeasureLoad(sc *scenario.Scenario, svc *scenario.Service) Load {
	l := Load{Partitions: sc.UsefulReplicas(svc), Capacity: svc.Capacity.PerPod, share: svc.IsShare()}
	rates, every := profileOf(sc, svc)
	highest := 0
	for i, v := range rates {
		if v > rates[highest] {
			highest = i
		}
		l.Mean += v / float64(len(rates))
	}
	l.Highest = time.Duration(highest) * every
	slices.Sort(rates)
	l.Low, l.Peak = quantile(rates, 5), quantile(rates, 99)
	if l.share {
		return l
	}
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
