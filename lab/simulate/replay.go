package simulate

import (
	"errors"
	"fmt"
	"math"
	"time"

	"kafka_burndown_exporter/lab/scenario"
)

// Workload is what a recording does not say about a service.
type Workload struct {
	Service, Namespace, Group, Topic string
	Partitions                       int     // 0: what was recorded
	Capacity                         float64 // messages/s a replica; 0: learned from the recording
	StartDelay, RebalancePause       time.Duration
	Replicas                         int // at the start; 0: what was recorded, else what the first rate needs
	Cost                             float64
	Objective                        scenario.Objective // zero: 60 s for 99 % of the time
	Seed                             uint64
}

// Replay makes a scenario of a recorded production. The recorded consumption was capped by the scaling of its day, so
// only production is replayed; consumption is simulated.
func Replay(name string, h *History, w Workload) (*scenario.Scenario, error) {
	partitions := w.Partitions
	if partitions == 0 && h.Useful != nil {
		partitions = int(math.Round(maximum(h.Useful.Values)))
	}
	switch {
	case partitions < 1:
		return nil, errors.New("--partitions: not recorded; give the number of partitions")
	case partitions > scenario.MaxPartitions:
		return nil, fmt.Errorf("--partitions: %d is above %d, the most that is simulated", partitions, scenario.MaxPartitions)
	}
	capacity := w.Capacity
	if capacity == 0 {
		if capacity = learnCapacity(h, float64(partitions)); capacity <= 0 {
			return nil, errors.New("--capacity: cannot be learned from the recording; give the messages/s of one replica")
		}
	}
	replicas := w.Replicas
	if replicas == 0 {
		replicas = min(partitions, max(1, int(math.Ceil(h.Produced.Values[0]/(0.8*capacity)))))
		if h.Replicas != nil {
			v, _ := h.Replicas.At(0)
			replicas = max(1, int(math.Round(v)))
		}
	}
	if w.Objective.MaxAge == 0 {
		w.Objective = scenario.Objective{MaxAge: time.Minute, Percentile: 99, MaxLag: 1000}
	}
	sc := &scenario.Scenario{
		Name: name, Title: "replay of group " + w.Group, Start: h.From.UTC(), Duration: h.Produced.End(), Seed: w.Seed,
		Pipeline:  scenario.DefaultPipeline(),
		Topics:    []scenario.Topic{{Name: w.Topic, Partitions: partitions}},
		Producers: []scenario.Producer{{Name: "recorded", Topic: w.Topic, Profile: scenario.Recorded(h.Produced)}},
	}
	if sc.Duration < time.Minute {
		return nil, fmt.Errorf("the recording is %v long: at least 1m is needed", sc.Duration)
	}
	sc.Services = []scenario.Service{{
		Name: w.Service, Namespace: w.Namespace, Group: w.Group, Topics: []string{w.Topic},
		Capacity: scenario.Capacity{PerPod: capacity}, StartDelay: w.StartDelay,
		SessionTimeout: 45 * time.Second, Rebalance: scenario.Rebalance{Pause: w.RebalancePause, Style: "eager"},
		Assignor: "range", CommitInterval: 5 * time.Second, OffsetReset: "earliest",
		Replicas:  scenario.Replicas{Initial: replicas, Min: 1, Max: partitions},
		Resources: scenario.Resources{CPUIdle: 5, CPUBusy: 80, Memory: 40}, Cost: w.Cost, Objective: w.Objective,
	}}
	return sc, nil
}

// learnCapacity is the most that one member consumed while their number stood still for three samples: a lower bound.
func learnCapacity(h *History, partitions float64) float64 {
	if h.Consumed == nil || h.Members == nil {
		return 0
	}
	best := 0.0
	for i, at := range h.Consumed.Times {
		m, ok := h.Members.At(at)
		before, okB := h.Members.At(at - h.Members.MaxGap)
		if !ok || !okB || m < 1 || m != before {
			continue
		}
		best = max(best, h.Consumed.Values[i]/min(m, partitions))
	}
	return best
}

func maximum(v []float64) float64 {
	out := 0.0
	for _, x := range v {
		out = max(out, x)
	}
	return out
}

// Recorded is the candidate that scaled as it was recorded; nil without recorded replicas.
func Recorded(h *History, service string) *Candidate {
	if h.Replicas == nil {
		return nil
	}
	return &Candidate{Name: "recorded", Title: "the replicas as they were", Schedule: map[string]*scenario.Series{service: h.Replicas}}
}

// Standard are candidates to compare when none are given: no autoscaling, and one for each shipped metric.
func Standard(sc *scenario.Scenario, query QueryText) ([]*Candidate, error) {
	svc := &sc.Services[0]
	l := MeasureLoad(sc, svc)
	out := []*Candidate{{Name: "fixed", Title: "no autoscaling"}}
	preset := Presets()[0]
	preset.Down = Presets()[3].Down
	var names []string
	byName := map[string][][]Trigger{}
	for _, metric := range metricsFor(svc, &l) {
		name := metric[0].Name
		if byName[name] == nil {
			names = append(names, name)
		}
		byName[name] = append(byName[name], metric)
	}
	for _, name := range names {
		// Thresholds ascend: the one in the middle stands for its metric, the plain one for the desired replicas.
		pick := byName[name][(len(byName[name])-1)/2]
		if name == "desired-replicas" {
			pick = byName[name][0]
		}
		v, err := newVariant(sc, svc, &preset, &l, Limits{}, pick, query)
		if err != nil {
			return nil, err
		}
		v.cand.Name, v.cand.Title = name, name+" at "+v.Threshold
		out = append(out, v.cand)
	}
	return out, nil
}
