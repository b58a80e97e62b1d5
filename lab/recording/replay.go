package recording

import (
	"errors"
	"fmt"
	"math"
	"slices"
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
		partitions = int(math.Round(slices.Max(h.Useful.Values)))
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
