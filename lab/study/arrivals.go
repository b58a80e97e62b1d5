package study

import (
	"slices"
	"time"

	"kafka_burndown_exporter/lab/scenario"
)

// arrivals are the messages that reach a service, step by step of dt seconds, with the scenario's noise, and the shares of
// its partitions, topic by topic. A stage behind others gets what is produced at the front, times the ratios.
func arrivals(sc *scenario.Scenario, svc *scenario.Service, dt float64) (messages []float64, shares [][]float64) {
	messages = make([]float64, int(sc.Duration.Seconds()/dt))
	per, sum := make([]float64, len(svc.Topics)), 0.0
	for ti, t := range svc.Topics {
		rate := rateInto(sc, t, 0)
		for i := range messages {
			for k := range int(dt) {
				n := rate(float64(i)*dt + float64(k))
				messages[i] += n
				per[ti] += n
				sum += n
			}
		}
	}
	for ti, t := range svc.Topics {
		s := slices.Clone(sc.Topic(t).Shares())
		for i := range s {
			s[i] *= per[ti] / max(sum, 1e-9)
		}
		shares = append(shares, s)
	}
	return messages, shares
}

// mostStages bounds pipelines that feed themselves.
const mostStages = 6

// rateInto is the rate into a topic over the seconds of the run; services before it pass on at once.
func rateInto(sc *scenario.Scenario, topic string, stage int) func(float64) float64 {
	var parts []func(float64) float64
	for i := range sc.Producers {
		if sc.Producers[i].Topic == topic {
			r := sc.Rater(&sc.Producers[i])
			parts = append(parts, func(at float64) float64 {
				v, _ := r.At(time.Duration(at * float64(time.Second)))
				return v
			})
		}
	}
	for i := range sc.Services {
		svc := &sc.Services[i]
		for _, o := range svc.Produces {
			for _, in := range svc.Topics {
				if o.Topic == topic && (o.From == "" || o.From == in) && stage < mostStages {
					before := rateInto(sc, in, stage+1)
					parts = append(parts, func(at float64) float64 { return before(at) * o.Ratio })
				}
			}
		}
	}
	return func(at float64) float64 {
		v := 0.0
		for _, p := range parts {
			v += p(at)
		}
		return v
	}
}

// fullest is the share of the fullest of k members.
func fullest(assignor string, shares [][]float64, k int) float64 {
	load := make([]float64, k)
	at := 0
	for _, t := range shares {
		for i, s := range t {
			to := at % k // balanced by count
			if assignor == "range" {
				if size, more := len(t)/k, len(t)%k; i < more*(size+1) {
					to = i / (size + 1)
				} else {
					to = more + (i-more*(size+1))/max(size, 1)
				}
			}
			load[to] += s
			at++
		}
	}
	return slices.Max(load)
}
