package e2e

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/IBM/sarama"

	"kafka_burndown_exporter/test/e2e/kubeapi"
)

// fault is something that goes wrong for a while.
type fault struct {
	name string
	// begin makes it happen, end makes it stop; what is between is up to the product.
	begin, end func(*testing.T, *evening)
	// during is called every 1.5 s of the fault, where it is not nil.
	during func(*evening)
	// known says that the truth can be known throughout: replicas may follow it either way.
	known bool
}

const faultTime = 20 * time.Second // 200 s of the original's time

func faults() []fault {
	pods := func(sig os.Signal) func(*evening) {
		return func(e *evening) {
			for _, p := range e.w.stack.Kubelet.Processes("app", e.f.name) {
				p.Signal(sig)
			}
		}
	}
	signal := func(sig os.Signal) func(*testing.T, *evening) {
		return func(_ *testing.T, e *evening) { pods(sig)(e) }
	}
	nothing := func(*testing.T, *evening) {}
	return []fault{
		// First, while there is little to read again.
		{name: "group reset to the beginning", begin: resetGroup, end: signal(syscall.SIGCONT)},
		{name: "Prometheus stopped",
			begin: func(_ *testing.T, e *evening) { e.m.prometheus.Kill() },
			end:   func(_ *testing.T, e *evening) { e.m.startPrometheus() }},
		{name: "exporter killed",
			begin: func(_ *testing.T, e *evening) { e.m.exporterP.Kill() },
			end:   func(_ *testing.T, e *evening) { e.m.startExporter() }},
		{name: "exporter cut off from Kafka",
			begin: func(_ *testing.T, e *evening) { e.w.kafka.cut(true) },
			end:   func(_ *testing.T, e *evening) { e.w.kafka.cut(false) }},
		// Producers stall while leaders move, so the replicas may follow them down and up.
		{name: "one broker of three down", known: true,
			begin: func(t *testing.T, e *evening) { must(t, e.w.kafka.Broker(2).Kill()) },
			end:   func(t *testing.T, e *evening) { must(t, e.w.kafka.Broker(2).Start(context.Background())) }},
		{name: "consumers crash-looping", begin: nothing, end: nothing, during: pods(syscall.SIGKILL)},
		{name: "rebalance storm", begin: nothing, end: nothing, during: func(e *evening) {
			if all := e.w.stack.Kubelet.Processes("app", e.f.name); len(all) > 0 {
				all[0].Signal(syscall.SIGTERM)
			}
		}},
		{name: "partitions stuck", begin: func(_ *testing.T, e *evening) {
			if all := e.w.stack.Kubelet.Processes("app", e.f.name); len(all) > 0 {
				all[0].Signal(syscall.SIGSTOP)
			}
		}, end: signal(syscall.SIGCONT)},
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// resetGroup stops every member, also those that scaling adds, until the group is empty and takes its offsets back to
// the beginning.
func resetGroup(t *testing.T, e *evening) {
	admin, err := e.w.kafka.Admin()
	must(t, err)
	defer admin.Close()
	first := map[int32]sarama.OffsetAndMetadata{}
	for p := range int32(tripPartitions) {
		first[p] = sarama.OffsetAndMetadata{LeaderEpoch: -1}
	}
	eventually(t, 60*time.Second, "the offsets are reset", func() error {
		for _, p := range e.w.stack.Kubelet.Processes("app", e.f.name) {
			p.Signal(syscall.SIGSTOP)
		}
		// Outside of a generation only an empty group takes offsets.
		answer, err := admin.AlterConsumerGroupOffsets(e.s.group, map[string]map[int32]sarama.OffsetAndMetadata{e.s.topic: first}, nil)
		if err != nil {
			return err
		}
		for _, partitions := range answer.Errors {
			for p, err := range partitions {
				if err != sarama.ErrNoError {
					return fmt.Errorf("partition %d: %w", p, err)
				}
			}
		}
		return nil
	})
}

// finding is what a fault did.
type finding struct {
	fault               string
	before, least, most int
	peakLag             float64
	recovered           time.Duration // from the end of the fault to a lag as before
}

// While the truth is unknown the desired replicas are held or rise, never fall, and everything recovers without hands.
func TestFaults(t *testing.T) {
	t.Parallel()
	w := theWorld(t)
	k, err := startKafka(t.Context(), 3)
	must(t, err)
	t.Cleanup(k.close)
	w.on(k).runFaults(t, "faults", "ride-hailing/prometheus/trip-analytics.yaml", 7, 950, faults())
}

// The same for every manifest with a Value trigger that has an AverageValue trigger beside it (fashion, which has cpu
// there, is in TestFashion). The brokers are shared, so they are left alone.
func TestFaultsOfValueTriggers(t *testing.T) {
	t.Parallel()
	alone := slices.DeleteFunc(faults(), func(f fault) bool { return f.known || strings.Contains(f.name, "cut off") })
	for name, manifest := range map[string]string{
		"faults-burndown": "food-delivery/prometheus/restaurant.yaml",
		"faults-log2x7":   "food-delivery/prometheus/courier.yaml",
		"faults-topics":   "payments/analytics.yaml",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			theWorld(t).runFaults(t, name, manifest, 3, 400, alone)
		})
	}
}

// runFaults lets a service at rest with n replicas suffer each fault in turn. The scale-down window is cut to one
// minute, the least that a shipped manifest may have, so that it hides little.
func (w *world) runFaults(t *testing.T, name, manifest string, n int, base float64, faults []fault) {
	e := startEvening(t, w, name, n, base)
	e.s.counts = 1 // a hundredth of an accepted lag of 128 would never be reached
	object := w.shipped(t, manifest, e.s)
	object["spec"].(kubeapi.Object)["scaleTargetRef"] = kubeapi.Object{"name": e.f.name}
	down := kubeapi.Nested(object, "spec", "advanced", "horizontalPodAutoscalerConfig", "behavior", "scaleDown").(kubeapi.Object)
	down["stabilizationWindowSeconds"] = compressTime(time.Minute).Seconds()
	e.settle(t, n)
	w.scale(t, object)
	var table []finding
	for _, f := range faults {
		t.Run(strings.ReplaceAll(f.name, " ", "-"), func(t *testing.T) {
			e.settle(t, n)
			begin := time.Now()
			found := e.suffer(t, f, 4*compressRate(base))
			table = append(table, found)
			if found.least < found.before && !f.known {
				t.Errorf("replicas fell from %d to %d", found.before, found.least)
				e.trace(t, begin)
			}
		})
	}
	writeFaults(t, name, manifest, table)
}

// settle waits until the service rests at n replicas with little lag and the rules have seen that for a while.
func (e *evening) settle(t *testing.T, n int) {
	t.Helper()
	e.m.waitFor(t, 120*time.Second, fmt.Sprintf("min_over_time(%s[6s:1s])", e.desired()), func(d float64) bool { return d == float64(n) })
	e.m.waitFor(t, 120*time.Second, fmt.Sprintf("max_over_time(%s[6s:1s])", e.desired()), func(d float64) bool { return d == float64(n) })
	e.f.waitReady(60*time.Second, n)
}

// suffer lets a fault happen and waits until lag and replicas are as before.
func (e *evening) suffer(t *testing.T, f fault, low float64) finding {
	t.Helper()
	before, _ := e.f.replicas()
	begin := time.Now()
	defer e.trace(t, begin)
	f.begin(t, e)
	for time.Since(begin) < faultTime {
		if f.during != nil {
			f.during(e)
		}
		time.Sleep(1500 * time.Millisecond)
	}
	f.end(t, e)
	end := time.Now()
	seen := e.f.since(begin)
	e.m.waitFor(t, 180*time.Second, fmt.Sprintf("max_over_time(kafka_group_lag{consumergroup=%q}[3s])", e.s.group), func(lag float64) bool { return lag < low })
	found := finding{
		fault: f.name, before: before, least: slices.Min(seen), most: slices.Max(e.f.since(begin)), recovered: time.Since(end),
		peakLag: e.m.waitFor(t, 10*time.Second, fmt.Sprintf("max_over_time(kafka_group_lag{consumergroup=%q}[%ds])", e.s.group, int(time.Since(begin).Seconds())+1), known),
	}
	t.Logf("%+v", found)
	return found
}

// trace logs what the exporter and the rules said during a fault that failed.
func (e *evening) trace(t *testing.T, begin time.Time) {
	if !t.Failed() {
		return
	}
	span := int(time.Since(begin).Seconds())
	for _, expr := range []string{e.desired(), lagOf(e.s.group), fmt.Sprintf("max(consumergroup:kafka_group_produced_messages:rate2m{consumergroup=%q})", e.s.group)} {
		t.Logf("%s, last %d s: %s", expr, span, e.m.history(expr, span))
	}
	t.Log(e.m.scrape(`consumergroup="` + e.s.group + `"`))
}

// writeFaults prints the table; with E2E_DOCS it also goes to that folder, from where docs/faults.md takes it.
func writeFaults(t *testing.T, name, manifest string, table []finding) {
	var out strings.Builder
	fmt.Fprintf(&out, "`deploy/keda/%s`\n\n| fault | replicas before | least during | most until recovered | peak lag | s to recover |\n|---|--:|--:|--:|--:|--:|\n", manifest)
	for _, f := range table {
		fmt.Fprintf(&out, "| %s | %d | %d | %d | %.0f | %.0f |\n", f.fault, f.before, f.least, f.most, f.peakLag, f.recovered.Seconds())
	}
	t.Log("\n" + out.String())
	if dir := os.Getenv("E2E_DOCS"); dir != "" {
		must(t, os.WriteFile(filepath.Join(dir, name+".md"), []byte(out.String()), 0o644))
	}
}
