package e2e

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"kafka_burndown_exporter/test/e2e/kubeapi"
	"kafka_burndown_exporter/test/e2e/load"
)

// The stream processor of the fashion shop (scenarios/fashion.yaml): 4 to 80 pods, 80 partitions. A pod handles about 50
// messages/s.
const (
	streamMinimum, streamMaximum = 4, 80
	streamCost                   = 180 * time.Millisecond
)

// The stream processor on log2x7 (Value) with cpu beside it: up to the ceiling, at most by the logarithm's gain at each
// sync. Crash-looping consumers leave no cpu to read, and HPA holds. Pods that run but are not ready do not: a Value
// trigger then asks for none. That fall is known, bounded by the window and the policy, as internal/scale predicts it,
// and over when the pods are ready again.
func TestFashion(t *testing.T) {
	t.Parallel()
	e, outage := startStream(t)
	object := e.w.shipped(t, "fashion/stream-processor.yaml", e.s)
	r := e.record(t, object)
	stays(t, e.f, streamMinimum, 3*syncPeriod)
	eventually(t, 30*time.Second, "HPA reads cpu", func() error { return e.readsCPU(t, "stream-processor") })

	begin := time.Now()
	e.p.Rate(compressRate(2000))
	e.f.waitReady(240*time.Second, streamMaximum)
	t.Logf("to %d ready pods in %.1f s: %s", streamMaximum, time.Since(begin).Seconds(), e.f.history())
	checkGain(t, e.f.since(begin))
	measured := r.finish("kafka_group_lag")
	stream := setup{partitions: streamMaximum, capacity: perSecond(streamCost), start: tripStart + podDelay, mark: 400}
	compare(t, "fashion, up to the ceiling", measured, r.predict(t, stream, measured.length), stream.mark, quiet)
	e.p.Rate(compressRate(800))

	begin = time.Now()
	const crashes = 40 * time.Second // the window is 30 s
	for time.Since(begin) < crashes {
		e.f.signal(syscall.SIGKILL)
		time.Sleep(syncPeriod)
	}
	least := slices.Min(e.f.since(begin))
	t.Logf("crash-looping for %v: %d replicas, at least %d", crashes, streamMaximum, least)
	// HPA holds while it can read no pod's cpu. A sync that finds the cpu of a pod just started again begins the known fall.
	falls := predictFall(t, object, compressedController(), streamMaximum, 3)
	if bound := leastAfter(falls, streamMaximum, crashes+syncPeriod); least < bound {
		t.Errorf("replicas fell to %d, the policy allows %d", least, bound)
	}
	// Until all are ready again the trigger may ask for fewer; the fall counts from its last answer that asks for more.
	e.f.waitReady(120*time.Second, streamMaximum)
	time.Sleep(2 * syncPeriod)
	eventually(t, 30*time.Second, "HPA wants more than the ceiling", func() error { return e.wantsMore(t, "stream-processor") })
	e.f.waitReady(60*time.Second, streamMaximum)

	e.fallUnready(t, object, outage)
	e.m.waitFor(t, 180*time.Second, fmt.Sprintf("max_over_time(kafka_group_lag{consumergroup=%q}[6s])", e.s.group),
		func(lag float64) bool { return lag < 400 })
	t.Log(e.f.history())
}

// fallUnready lets every pod be not ready until the replicas have fallen as far as internal/scale lets them in three
// falls, and checks that they are never fewer than it predicts, give or take a sync.
func (e *evening) fallUnready(t *testing.T, object kubeapi.Object, outage string) {
	t.Helper()
	predicted := predictFall(t, object, compressedController(), streamMaximum, 3)
	begin, seen := e.fallTo(t, outage, predicted[len(predicted)-1].replicas)
	var rows []string
	for _, c := range seen {
		// Where the pods turn unready one after the other, a sync in between asks for some, and a fall takes two steps.
		after := c.at.Sub(begin)
		bound := leastAfter(predicted, streamMaximum, after+syncPeriod)
		rows = append(rows, fmt.Sprintf("| %.1f | %d | %d |", after.Seconds(), c.replicas, bound))
		if c.replicas < bound {
			t.Errorf("%d replicas after %v, the policy allows %d", c.replicas, after, bound)
		}
	}
	t.Logf("all of %d pods not ready\n| after s | replicas | predicted |\n|--:|--:|--:|\n%s", streamMaximum, strings.Join(rows, "\n"))
}

// fallTo lets every pod be not ready until the replicas have fallen to that many, and returns when that began and the
// changes since.
func (e *evening) fallTo(t *testing.T, outage string, replicas int) (time.Time, []change) {
	t.Helper()
	begin := time.Now()
	must(t, os.WriteFile(outage, nil, 0o644))
	eventually(t, 150*time.Second, "the known fall", func() error {
		if wanted, _ := e.f.replicas(); wanted > replicas {
			return fmt.Errorf("%d replicas, %d predicted", wanted, replicas)
		}
		return nil
	})
	seen := e.f.changesSince(begin)
	must(t, os.Remove(outage))
	return begin, seen
}

// startStream brings the stream processor to rest and returns the file that makes its pods unready.
func startStream(t *testing.T) (e *evening, outage string) {
	t.Helper()
	const name = "stream-processor"
	w := theWorld(t)
	w.namespace(t, name)
	must(t, w.kafka.CreateTopic(name, streamMaximum))
	p, err := load.Start(w.kafka.Addrs("PLAINTEXT"), name, "new")
	must(t, err)
	t.Cleanup(p.Stop)
	m := w.monitor(t, []string{name})
	p.Rate(compressRate(100))
	outage = filepath.Join(w.dir, name+".outage")
	f := w.deploy(t, name, name, streamMinimum, "-group="+name, "-topics="+name, "-cost="+streamCost.String(),
		"-start-delay="+tripStart.String(), "-outage="+outage)
	f.waitReady(60*time.Second, streamMinimum)
	m.waitFor(t, 60*time.Second, fmt.Sprintf("max(consumergroup:kafka_group_lag:log2x7{consumergroup=%q})", name), known)
	return &evening{w: w, m: m, f: f, p: p, s: service{namespace: name, group: name, topic: name, prometheus: m.url}}, outage
}

// checkGain checks that no sync multiplied the replicas by more than the clamp over the target.
func checkGain(t *testing.T, counts []int) {
	t.Helper()
	gain := 140 / (100 - 7*math.Log2(speed*speed))
	for i := 1; i < len(counts); i++ {
		if limit := int(math.Ceil(float64(counts[i-1]) * gain)); counts[i] > limit {
			t.Errorf("%d replicas after %d, more than %d", counts[i], counts[i-1], limit)
		}
	}
}

func (e *evening) hpa(t *testing.T, scaledObject string) (kubeapi.Object, error) {
	return e.w.stack.API.Get(t.Context(), "/apis/autoscaling/v2/namespaces/"+e.s.namespace+"/horizontalpodautoscalers/keda-hpa-"+scaledObject)
}

func (e *evening) wantsMore(t *testing.T, scaledObject string) error {
	hpa, err := e.hpa(t, scaledObject)
	if err != nil {
		return err
	}
	if c := kubeapi.Condition(hpa, "ScalingLimited"); kubeapi.String(c, "reason") != "TooManyReplicas" {
		return fmt.Errorf("%v", hpa["status"])
	}
	return nil
}

func (e *evening) readsCPU(t *testing.T, scaledObject string) error {
	hpa, err := e.hpa(t, scaledObject)
	if err != nil {
		return err
	}
	for _, m := range kubeapi.List(hpa, "status", "currentMetrics") {
		if kubeapi.String(m, "resource", "name") == "cpu" && kubeapi.Nested(m, "resource", "current", "averageUtilization") != nil {
			return nil
		}
	}
	return fmt.Errorf("%v", hpa["status"])
}
