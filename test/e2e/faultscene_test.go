package e2e

import (
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"kafka_burndown_exporter/internal/pilot"
	"kafka_burndown_exporter/test/e2e/kubeapi"
	"kafka_burndown_exporter/test/e2e/load"
)

// scene is several services on one Kafka of three brokers, watched by one exporter and one Prometheus. They suffer each
// fault together, so that the whole takes no longer than one of them would.
type scene struct {
	w       *world
	m       *monitoring
	victims []*victim
	outage  string // while this file exists the consumers' pods are not ready and handle nothing
	stuck   string // while this file exists nobody handles the first partition
}

// victim is a service at rest with so many pods, under a load in the original's messages/s.
type victim struct {
	evening
	manifest   string
	pods       int // at first; a pilot finds its own rest, a Value trigger has none
	base       float64
	partitions int32
	counts     float64
	pilot      bool // the desired replicas decide
	lag        bool // a lag trigger stands beside them
	scaled     bool // KEDA has it
	// age is how old a message is before it counts as handled: that much lag is always there. A Value trigger has no
	// count of its own to rest at. It holds any while the lag is what it accepts.
	age    time.Duration
	target float64 // of its trigger, compressed
	falls  []fall  // of internal/scale, while no pod is ready
	table  []finding

	turn             int
	frozen           string
	generationBefore int
}

// While the truth is unknown the replicas are held or rise, never fall, and everything recovers without hands: for the
// desired replicas, with cpu or a lag trigger beside them, and for a Value trigger with cpu beside it. That last
// one falls while pods are not ready, as far as internal/scale says. Each fault is proved to have happened.
func TestFaults(t *testing.T) {
	t.Parallel()
	s := &scene{w: theWorld(t).withKafka(t, 3), victims: []*victim{
		{manifest: "ride-hailing/prometheus/trip-analytics.yaml", pods: 7, pilot: true, base: 950, partitions: tripPartitions},
		{manifest: "payments/analytics.yaml", pods: 3, pilot: true, base: 400, partitions: 6},
		{manifest: "food-delivery/prometheus/restaurant.yaml", pods: 3, pilot: true, base: 400, partitions: 6},
		{manifest: "food-delivery/prometheus/courier.yaml", pods: 3, pilot: true, lag: true, base: 400, partitions: 6},
		// 5 s of 40 messages/s are the lag of 200 that it accepts, 20 000 compressed; above its minimum of four it can fall.
		{manifest: "fashion/stream-processor.yaml", pods: 10, age: 5 * time.Second, base: 400, partitions: tripPartitions},
	}}
	s.start(t)
	for _, f := range faults() {
		t.Run(strings.ReplaceAll(f.name, " ", "-"), func(t *testing.T) {
			s.settle(t)
			begin := time.Now()
			s.suffer(t, f)
			if t.Failed() {
				s.trace(t, begin)
			}
		})
	}
	for _, v := range s.victims {
		writeFaults(t, v)
	}
}

// start brings every service to rest and hands it to KEDA. The scale-down window is cut to one minute, the least that a
// shipped manifest may have, so that it hides little, and no fleet grows beyond its partitions.
func (s *scene) start(t *testing.T) {
	t.Helper()
	const ns = "faults"
	s.w.namespace(t, ns)
	s.outage, s.stuck = filepath.Join(s.w.dir, "faults.outage"), filepath.Join(s.w.dir, "faults.stuck")
	var groups []string
	for _, v := range s.victims {
		name := strings.TrimSuffix(filepath.Base(v.manifest), ".yaml")
		groups = append(groups, name)
		must(t, s.w.kafka.CreateTopic(name, v.partitions))
		p, err := load.Start(s.w.kafka.Addrs("PLAINTEXT"), name, "new")
		must(t, err)
		t.Cleanup(p.Stop)
		v.p, v.s = p, service{namespace: ns, group: name, topic: name, counts: v.counts}
	}
	s.m = s.w.monitor(t, groups)
	for _, v := range s.victims {
		var err error
		v.w, v.m, v.s.prometheus = s.w, s.m, s.m.url
		object := s.w.shipped(t, v.manifest, v.s)
		v.f = s.w.deploy(t, ns, kubeapi.String(object, "spec", "scaleTargetRef", "name"), v.pods, "-group="+v.s.group, "-topics="+v.s.topic,
			"-cost="+tripCost.String(), "-start-delay="+tripStart.String(), "-outage="+s.outage, "-stuck="+s.stuck,
			"-age="+v.age.String())
		if !v.pilot {
			v.target, err = strconv.ParseFloat(kubeapi.String(kubeapi.List(object, "spec", "triggers")[0], "metadata", "threshold"), 64)
			must(t, err)
		}
		v.p.Rate(compressRate(v.base))
	}
	s.settle(t)
	for _, v := range s.victims {
		object := s.w.shipped(t, v.manifest, v.s)
		spec := object["spec"].(kubeapi.Object)
		spec["maxReplicaCount"] = math.Min(spec["maxReplicaCount"].(float64), float64(v.partitions))
		down := kubeapi.Nested(spec, "advanced", "horizontalPodAutoscalerConfig", "behavior", "scaleDown").(kubeapi.Object)
		down["stabilizationWindowSeconds"] = compressTime(time.Minute).Seconds()
		if !v.pilot {
			v.falls = predictFall(t, object, compressedController(), int32(v.pods), 3)
		}
		s.w.scale(t, object)
		v.scaled = true
	}
}

// settle waits until every service rests at its pods with little lag, and the rules have seen that for a while. A pilot
// does not try a count again for a while after it failed, and for twice as long after a second time: a fault is both.
func (s *scene) settle(t *testing.T) {
	t.Helper()
	failed := time.Duration(pilot.DefaultConstants().Failed) * time.Second
	eventually(t, compressTime(2*failed)+time.Minute, "the services rest", func() error {
		for _, v := range s.victims {
			if err := v.rests(); err != nil {
				return fmt.Errorf("%s: %w", v.s.group, err)
			}
		}
		return nil
	})
}

func (v *victim) rests() error {
	wanted, ready := v.f.replicas()
	// A pilot that waits until fewer surely suffice does not rest yet: it would come down while the fault lasts. Before
	// KEDA has the service nobody follows it, and a lag trigger beside it may hold more.
	signal, near := v.desired(), func(d float64) bool { return int(d) == wanted || (!v.scaled || v.lag) && int(d) <= wanted }
	if !v.pilot { // well within HPA's tolerance of a tenth
		signal = fmt.Sprintf("max(consumergroup:kafka_group_lag:log2x7{consumergroup=%q})", v.s.group)
		near = func(d float64) bool { return math.Abs(d/v.target-1) < 0.08 }
	}
	for expr, good := range map[string]func(float64) bool{
		fmt.Sprintf("max_over_time(kafka_group_lag{consumergroup=%q}[6s])", v.s.group): func(lag float64) bool { return lag < v.low() },
		fmt.Sprintf("min_over_time(%s[6s:1s])", signal):                                near,
		fmt.Sprintf("max_over_time(%s[6s:1s])", signal):                                near,
	} {
		if value, known, err := v.m.query(expr); err != nil || !known || !good(value) {
			return fmt.Errorf("%s is %v (known: %v, error: %v)", expr, value, known, err)
		}
	}
	if !v.pilot && wanted != v.pods { // it would hold what the fault before has left
		if err := v.f.set(v.pods); err != nil {
			return err
		}
	}
	if wanted != ready || !v.pilot && wanted != v.pods {
		return fmt.Errorf("%d wanted, %d ready", wanted, ready)
	}
	return nil
}

// low is a lag of four seconds of production, besides what is always there.
func (v *victim) low() float64 { return (4 + v.age.Seconds()) * compressRate(v.base) }

// recentLag is the most lag of the last three seconds.
func (v *victim) recentLag() (lag float64, known bool, err error) {
	return v.m.query(fmt.Sprintf("max_over_time(kafka_group_lag{consumergroup=%q}[3s])", v.s.group))
}

// finding is what a fault did to a service.
type finding struct {
	fault               string
	before, least, most int
	peakLag             float64
	recovered           time.Duration // from the end of the fault to a lag as before
}

// suffer lets a fault happen, proves that it did, and waits until the lag of every service is as before.
func (s *scene) suffer(t *testing.T, f fault) {
	t.Helper()
	found := make([]finding, len(s.victims))
	unproven := map[*victim]error{}
	for i, v := range s.victims {
		found[i].fault = f.name
		found[i].before, _ = v.f.replicas()
		v.generationBefore = v.generation()
		unproven[v] = errors.New("nobody looked")
	}
	begin := time.Now()
	late := make([]bool, len(s.victims))
	if f.begin != nil {
		f.begin(t, s)
	}
	for time.Since(begin) < max(f.lasts, faultTime) {
		if f.during != nil {
			f.during(s)
		}
		time.Sleep(syncPeriod)
		for i, v := range s.victims { // some are as before while the fault lasts
			lag, known, err := v.recentLag()
			switch {
			case err != nil || !known || found[i].recovered != 0:
			case lag >= v.low():
				late[i] = true
			case late[i]:
				found[i].recovered, found[i].least = 1, slices.Min(v.f.since(begin))
			}
		}
		for v := range unproven {
			if unproven[v] = f.proof(v); unproven[v] == nil {
				delete(unproven, v)
			}
		}
	}
	for v, err := range unproven {
		t.Errorf("%s did not happen to %s: %v", f.name, v.s.group, err)
	}
	if f.end != nil {
		f.end(t, s)
	}
	end := time.Now()
	eventually(t, 180*time.Second, "the lag is as before", func() error {
		var worst error
		for i, v := range s.victims {
			lag, known, err := v.recentLag()
			switch {
			case found[i].recovered != 0:
			case err == nil && known && lag < v.low():
				// What a service does once it is as before, while others are not, is no answer to the fault.
				found[i].recovered, found[i].least = max(1, time.Since(end)), slices.Min(v.f.since(begin))
			default:
				worst = fmt.Errorf("%s: %v (known: %v, error: %v)", v.s.group, lag, known, err)
			}
		}
		return worst
	})
	for i, v := range s.victims {
		found[i].most = slices.Max(v.f.since(begin))
		found[i].peakLag = v.m.waitFor(t, 10*time.Second, fmt.Sprintf("max_over_time(kafka_group_lag{consumergroup=%q}[%ds])",
			v.s.group, int(time.Since(begin).Seconds())+1), known)
		v.table = append(v.table, found[i])
		t.Logf("%s: %+v", v.s.group, found[i])
		if f.unready && !v.pilot {
			v.checkFall(t, begin, found[i].before)
		} else if found[i].least < found[i].before {
			t.Errorf("replicas of %s fell from %d to %d", v.s.group, found[i].before, found[i].least)
		}
	}
}

// checkFall checks that the replicas were never fewer than internal/scale predicts for pods of which none is ready, give
// or take a sync.
func (v *victim) checkFall(t *testing.T, begin time.Time, before int) {
	t.Helper()
	for _, c := range v.f.changesSince(begin) {
		after := c.at.Sub(begin)
		if bound := leastAfter(v.falls, before, after+syncPeriod); c.replicas < bound {
			t.Errorf("%d replicas of %s after %v, the policy allows %d", c.replicas, v.s.group, after, bound)
		}
	}
}

// trace logs what the exporter and the rules said since begin.
func (s *scene) trace(t *testing.T, begin time.Time) {
	span := int(time.Since(begin).Seconds())
	for _, v := range s.victims {
		t.Logf("%s: %s", v.s.group, v.f.history())
		for _, expr := range []string{v.desired(), lagOf(v.s.group), fmt.Sprintf("max(consumergroup:kafka_group_produced_messages:rate2m{consumergroup=%q})", v.s.group)} {
			t.Logf("%s, last %d s: %s", expr, span, v.m.history(expr, span))
		}
	}
}

// writeFaults prints a service's table; with E2E_DOCS it also goes to that folder, from where docs/faults.md takes it.
func writeFaults(t *testing.T, v *victim) {
	var out strings.Builder
	fmt.Fprintf(&out, "`deploy/keda/%s`\n\n| fault | replicas before | least until recovered | most | peak lag | s to recover |\n|---|--:|--:|--:|--:|--:|\n", v.manifest)
	for _, f := range v.table {
		fmt.Fprintf(&out, "| %s | %d | %d | %d | %.0f | %.0f |\n", f.fault, f.before, f.least, f.most, f.peakLag, f.recovered.Seconds())
	}
	t.Log("\n" + out.String())
	if dir := os.Getenv("E2E_DOCS"); dir != "" {
		must(t, os.WriteFile(filepath.Join(dir, v.s.group+".md"), []byte(out.String()), 0o644))
	}
}
