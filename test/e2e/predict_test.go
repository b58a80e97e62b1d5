package e2e

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"sigs.k8s.io/yaml"

	"kafka_burndown_exporter/internal/pilot"
	"kafka_burndown_exporter/lab/scenario"
	"kafka_burndown_exporter/lab/simulate"
	"kafka_burndown_exporter/test/e2e/kubeapi"
)

// course is how a case went, measured or simulated, in the time and the counts of the test.
type course struct {
	length   float64 // seconds
	rested   float64 // until when it was at rest: a replica more by then is no answer to the load
	lag      []reading
	replicas []reading // changes; the first is what there was at the start
	pressure float64   // share of the time in which something waited for a processor, or unknownPressure
}

// figures sum a course up. Times are seconds since the start.
type figures struct {
	peakLag        float64
	replicaSeconds float64
	firstUp        float64 // first time after the rest with more replicas than just before; the length if never
	atMost         float64 // first time with the most replicas
	firstDown      float64 // first time with fewer replicas than just before; the length if never
	drained        float64 // last time with a lag above the mark, 0 if never
	most, changes  int
}

func (c *course) figures(mark float64) figures {
	f := figures{firstUp: c.length, firstDown: c.length, changes: len(c.replicas) - 1}
	for _, r := range c.lag {
		f.peakLag = max(f.peakLag, r.value)
		if r.value > mark {
			f.drained = r.at
		}
	}
	for i, r := range c.replicas {
		until := c.length
		if i+1 < len(c.replicas) {
			until = c.replicas[i+1].at
		}
		f.replicaSeconds += r.value * (until - r.at)
		if i > 0 && r.value > c.replicas[i-1].value && r.at >= c.rested {
			f.firstUp = min(f.firstUp, r.at)
		}
		if i > 0 && r.value < c.replicas[i-1].value {
			f.firstDown = min(f.firstDown, r.at)
		}
		if int(r.value) > f.most {
			f.most, f.atMost = int(r.value), r.at
		}
	}
	return f
}

func (c *course) counts() []int {
	var out []int
	for _, r := range c.replicas {
		out = append(out, int(r.value))
	}
	return out
}

func (c *course) steps() string {
	var out []string
	for _, r := range c.replicas {
		out = append(out, fmt.Sprintf("%.1fs:%.0f", r.at, r.value))
	}
	return strings.Join(out, " ")
}

// setup is what the simulator has to know of a case besides its recording, in the test's time and counts.
type setup struct {
	partitions int
	capacity   float64       // messages/s of one pod
	start      time.Duration // from a change of the replicas until the new pods have joined
	objective  time.Duration // of the pilot, in the original's time; 0: its default
	mark       float64       // lag above which the group counts as behind
	fetch      int           // records that a member of a share group takes at a time; 0: it is a consumer group
	most       int           // replicas that a share group may have
}

// What deployment controller and kubelet take until a new pod's process runs.
const podDelay = 300 * time.Millisecond

// perSecond is what a pod handles: a message takes a millisecond beside its cost.
func perSecond(cost time.Duration) float64 { return 1 / (cost + time.Millisecond).Seconds() }

// tripSetup is the service of ridehailing_test.go; it counts as behind with two seconds of production.
func tripSetup() setup {
	return setup{partitions: tripPartitions, capacity: perSecond(tripCost), start: tripStart + podDelay, mark: 2 * 1400 / speed}
}

// What a change of membership costs here: all members notice it at their next heartbeat (300 ms), join again, and fetch.
const rebalancePause = 250 * time.Millisecond

// How long a message is on its way to a commit, at most: fetches wait up to 100 ms, handling takes 45 ms, commits go out
// every 200 ms and are seen with the next sample.
const commitDelay = 500 * time.Millisecond

// scenario is the case as the simulator reads it: in the original's time, with the production as recorded.
func (r *recording) scenario(s setup, length, counts float64) *scenario.Scenario {
	target := kubeapi.String(r.object, "spec", "scaleTargetRef", "name")
	stretch := func(d time.Duration) time.Duration { return d * speed }
	pipeline := scenario.DefaultPipeline()
	pipeline.ScrapeInterval = pipeline.SampleInterval
	sc := &scenario.Scenario{
		Name: "recorded", Start: time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC), Duration: time.Duration(length*speed) * time.Second, Seed: 1,
		Pipeline:  pipeline,
		Topics:    []scenario.Topic{{Name: r.group, Partitions: s.partitions}},
		Producers: []scenario.Producer{{Name: "recorded", Topic: r.group, Profile: scenario.Recorded(r.production(counts / speed))}},
		Services: []scenario.Service{{
			Name: target, Namespace: kubeapi.String(r.object, "metadata", "namespace"), Group: r.group, Topics: []string{r.group},
			Capacity:   scenario.Capacity{PerPod: s.capacity * counts / speed},
			StartDelay: stretch(s.start), SessionTimeout: stretch(6 * time.Second),
			Rebalance: scenario.Rebalance{Pause: stretch(rebalancePause), Style: "eager"}, Assignor: "range",
			CommitInterval: stretch(commitDelay), OffsetReset: "earliest",
			Replicas:  scenario.Replicas{Initial: r.initial, Max: s.partitions},
			Resources: scenario.Resources{CPUIdle: 1, CPUBusy: 3, Memory: 10},
			Objective: scenario.Objective{MaxAge: cmp.Or(s.objective, pilot.DefaultObjective), Percentile: 99, MaxLag: s.mark * counts},
		}},
	}
	if svc := &sc.Services[0]; s.fetch > 0 {
		svc.GroupType, svc.Fetch, svc.LockTimeout = "share", int(float64(s.fetch)*counts), stretch(recordLock)
		svc.Replicas.Max = s.most
	}
	return sc
}

// recordLock is for how long the brokers keep what a member of a share group has taken (kafka_test.go).
const recordLock = 3 * time.Second

// production is the recorded rate times a factor, in slices of 200 ms, which are two seconds of the original.
func (r *recording) production(factor float64) *scenario.Series {
	const slice = 0.2
	r.mu.Lock()
	defer r.mu.Unlock()
	out := &scenario.Series{MaxGap: time.Hour}
	before, i := r.produced[0].value, 0
	for end := slice; end <= r.produced[len(r.produced)-1].at; end += slice {
		for r.produced[i+1].at < end {
			i++
		}
		a, b := r.produced[i], r.produced[i+1]
		total := a.value + (b.value-a.value)*(end-a.at)/(b.at-a.at)
		out.Times = append(out.Times, time.Duration((end-slice/2)*speed*float64(time.Second)))
		out.Values = append(out.Values, (total-before)/slice*factor)
		before = total
	}
	return out
}

// phases are different ways in which sampling, scraping, rules and HPA may fall together: chance on a cluster. So is
// whether a scaling event of two syncs ago still counts, which milliseconds decide.
const phases = 60

// predict simulates a recorded case once for each phase.
func (r *recording) predict(t *testing.T, s setup, length float64) []*course {
	t.Helper()
	counts := scenarioCounts(r.object)
	sc := r.scenario(s, length, counts)
	text, err := yaml.Marshal(stretchScaledObject(r.object, counts))
	must(t, err)
	dice := rand.New(rand.NewPCG(1, 2))
	upTo := func(seconds int) time.Duration { return time.Duration(dice.IntN(seconds)) * time.Second }
	var out []*course
	for i := range phases {
		sc.Seed = uint64(i)
		candidate, err := simulate.FromYAML(sc, "applied", text)
		must(t, err)
		results, err := simulate.Run(context.Background(), sc, candidate, simulate.Options{Trace: true, TraceEvery: time.Second, QueryResolution: speed * time.Second, LateEvents: true,
			Phase: &simulate.Phase{Sample: upTo(10), Scrape: upTo(10), Rules: upTo(15), Recording: upTo(15), Create: upTo(30)}})
		must(t, err)
		c := &course{length: length}
		for i, at := range results[0].Trace.At {
			at, trace := at/speed, results[0].Trace
			if lag := trace.Sampled[i]; !math.IsNaN(lag) {
				c.lag = append(c.lag, reading{at, lag / counts})
			}
			if n := len(c.replicas); n == 0 || c.replicas[n-1].value != trace.Replicas[i] {
				c.replicas = append(c.replicas, reading{at, trace.Replicas[i]})
			}
		}
		out = append(out, c)
	}
	return out
}

// scenarioCounts is how many messages of the scenario stand for one of the test: the simulator's partitions fill evenly,
// so that single messages would come in step. A logarithm's ratio to its target would change with it.
func scenarioCounts(object kubeapi.Object) float64 {
	for _, trigger := range kubeapi.List(object, "spec", "triggers") {
		if kubeapi.String(trigger, "name") == "log2x7" {
			return 1
		}
	}
	return speed * speed
}

// stretchScaledObject gives a ScaledObject, as it was applied to the compressed cluster, the original's times and
// the scenario's counts.
func stretchScaledObject(applied kubeapi.Object, counts float64) kubeapi.Object {
	object := deepCopy(applied).(kubeapi.Object)
	spec := object["spec"].(kubeapi.Object)
	// KEDA's defaults were not compressed.
	for field, standard := range map[string]float64{"pollingInterval": 30, "cooldownPeriod": 300} {
		if spec[field] == nil {
			spec[field] = standard
		}
	}
	rescale(spec, lengthen, 1./speed, 1/counts)
	return object
}

func lengthen(object kubeapi.Object, field string) {
	if seconds, found := object[field].(float64); found {
		object[field] = seconds * speed
	}
}

func deepCopy(v any) any {
	switch v := v.(type) {
	case kubeapi.Object:
		out := kubeapi.Object{}
		for k, e := range v {
			out[k] = deepCopy(e)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, e := range v {
			out[i] = deepCopy(e)
		}
		return out
	}
	return v
}
