package study

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"kafka_burndown_exporter/lab/scenario"
)

// Workload is one that was drawn.
type Workload struct {
	Seed     int
	Scenario *scenario.Scenario
	// Text describes it in a line.
	Text string
	// spread is by how much, relatively, pods are faster or slower than the mean.
	spread float64
}

// topicName, groupName and serviceName are those of every drawn workload.
const (
	topicName   = "t"
	groupName   = "g"
	serviceName = "svc"
)

// Draw makes the workload of a seed: 4 to 200 partitions, one of seven shapes, skew in a third of them, pods that take 5
// to 90 s to start and differ by up to 30 % in every second one, commits every 1 to 60 s, objectives of 20 s to 10 min.
func Draw(seed int, faults bool) *Workload {
	r := rand.New(rand.NewPCG(uint64(seed), 0x68366c6162))
	w := &Workload{Seed: seed}
	length := pick(r, 3*time.Hour, 4*time.Hour, 6*time.Hour)
	partitions := pick(r, 4, 6, 8, 10, 12, 16, 20, 24, 30, 40, 48, 64, 100, 128, 200)
	capacity := math.Round(logUniform(r, 15, 1500))
	pods := 2 + r.Float64()*(math.Min(float64(partitions), 40)*0.9-2) // worth of load at the peak
	peak := pods * capacity
	base := peak * (0.05 + 0.4*r.Float64())
	shape, profile := drawProfile(r, length, base, peak)
	profile.Noise = math.Min(0.5, math.Sqrt(math.Pow(pick(r, 0.02, 0.05, 0.1), 2)+1/math.Max((base+peak)/2, 4)))
	topic := scenario.Topic{Name: topicName, Partitions: partitions}
	skew := drawSkew(r, &topic, peak, capacity)
	svc := drawService(r, capacity, peak)
	least := pick(r, 1, 1, 1, 2)
	if shape == "batches" && r.Float64() < 0.6 {
		least = 0
	}
	need := int(math.Ceil(base / capacity))
	initial := pick(r, need+1, need+1, 1, need*2)
	svc.Replicas = scenario.Replicas{Initial: max(least, min(partitions, initial)), Min: least, Max: partitions}
	w.Scenario = &scenario.Scenario{
		Name: fmt.Sprintf("random-%d", seed), Start: time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC), Duration: length,
		Seed: uint64(seed), Topics: []scenario.Topic{topic}, Services: []scenario.Service{svc},
		Pipeline: scenario.Pipeline{SampleInterval: 10 * time.Second, ScrapeInterval: 15 * time.Second,
			RuleInterval: 15 * time.Second, RateWindow: 2 * time.Minute},
		Producers: []scenario.Producer{{Name: "p", Topic: topicName, Profile: profile}},
	}
	w.spread = pick(r, 0.0, 0.0, 0.15, 0.3)
	if faults {
		w.Scenario.Faults = drawFaults(r, length)
	}
	w.Text = fmt.Sprintf("%s, %d partitions%s, %.0f messages/s a pod, load of %.1f to %.1f pods, start %v, at most %v for %.0f %%, "+
		"commits every %v, %s, rebalance %v, %d to %d replicas, pods ±%.0f %%, %v", shape, partitions, skew, capacity,
		pods*base/peak, pods, svc.StartDelay, svc.Objective.MaxAge, svc.Objective.Percentile, svc.CommitInterval, svc.Assignor,
		svc.Rebalance.Pause, least, partitions, 100*w.spread, length)
	return w
}

// Speed is that of the i-th pod, as a factor of the capacity; nil where all are alike.
func (w *Workload) Speed() func(i int) float64 {
	if w.spread == 0 {
		return nil
	}
	return func(i int) float64 {
		r := rand.New(rand.NewPCG(uint64(w.Seed), uint64(i)+99))
		return 1 + w.spread*(2*r.Float64()-1)
	}
}

func pick[T any](r *rand.Rand, v ...T) T { return v[r.IntN(len(v))] }

func logUniform(r *rand.Rand, low, high float64) float64 {
	return math.Exp(math.Log(low) + r.Float64()*(math.Log(high)-math.Log(low)))
}

// secs are whole seconds.
func secs(f float64) time.Duration { return time.Duration(f) * time.Second }

// drawSkew makes some topics uneven, bounded so that the fullest partition fits into one pod.
func drawSkew(r *rand.Rand, t *scenario.Topic, peak, capacity float64) string {
	if r.Float64() >= 0.35 {
		return ""
	}
	n := t.Partitions
	if r.Float64() < 0.5 {
		weights, sum, exponent := make([]float64, n), 0.0, 0.2+0.6*r.Float64()
		for i, rank := range r.Perm(n) {
			weights[i] = math.Pow(float64(rank+1), -exponent)
			sum += weights[i]
		}
		if slices.Max(weights)/sum*peak >= 0.85*capacity {
			return ""
		}
		t.Weights = weights
		return fmt.Sprintf(" (Zipf %.2f)", exponent)
	}
	share := math.Min(0.8*capacity/peak, (1+2*r.Float64())/float64(n))
	if share <= 1.05/float64(n) {
		return ""
	}
	t.Hot = &scenario.Hot{Partition: r.IntN(n), Share: share}
	return fmt.Sprintf(" (one with %.0f %%)", 100*share)
}

func drawService(r *rand.Rand, capacity, peak float64) scenario.Service {
	start := pick(r, 5.0, 10, 20, 30, 45, 60, 90)
	age := pick(r, 20.0, 30, 60, 60, 120, 300)
	for age < start {
		age *= 2
	}
	commit := pick(r, 1.0, 5, 5, 5, 10, 30, 60)
	svc := scenario.Service{
		Name: serviceName, Namespace: "lab", Group: groupName, Topics: []string{topicName},
		Capacity:   scenario.Capacity{PerPod: capacity},
		StartDelay: secs(start), ReadyDelay: secs(pick(r, 0.0, 5, 10)), SessionTimeout: 45 * time.Second,
		Rebalance:      scenario.Rebalance{Pause: secs(pick(r, 1.0, 3, 5, 10)), Style: pick(r, "eager", "eager", "cooperative")},
		CommitInterval: secs(commit), OffsetReset: "earliest",
		Resources: scenario.Resources{CPUIdle: 5, CPUBusy: pick(r, 40.0, 70, 90), Memory: 40}, Cost: 0.05,
		Objective: scenario.Objective{MaxAge: secs(age), Percentile: pick(r, 95.0, 97, 99), MaxLag: math.Max(100, peak*age/10)},
	}
	svc.Assignor = pick(r, "range", "range", "roundrobin", "sticky")
	if svc.Rebalance.Style == "cooperative" {
		svc.Assignor = "cooperative-sticky"
	}
	return svc
}

// drawFaults are lost scrapes, crashes, partitions that cannot be read, a brown-out and failing commits.
func drawFaults(r *rand.Rand, length time.Duration) []scenario.Fault {
	at := func() time.Duration { return secs(1200 + r.Float64()*(length.Seconds()-3600)) }
	return []scenario.Fault{
		{Kind: scenario.FaultScrapes, At: at(), For: secs(60 + r.Float64()*180), Every: secs(2400)},
		{Kind: scenario.FaultCrash, At: at(), Count: 1 + r.IntN(2), Every: secs(3000)},
		{Kind: scenario.FaultPartial, At: at(), For: secs(30 + r.Float64()*120), Factor: 0.3},
		{Kind: scenario.FaultBrownout, At: at(), For: secs(120 + r.Float64()*300), Factor: 0.5 + 0.4*r.Float64()},
		{Kind: scenario.FaultNoCommits, At: at(), For: secs(30 + r.Float64()*90)},
	}
}
