package e2e

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"kafka_burndown_exporter/test/e2e/kubeapi"
)

// contender is a way to scale the same service.
type contender struct {
	controller, name, manifest, client string
	allowed                            tolerances
	// cost is how many replica-seconds it may take for each of KEDA's own trigger.
	cost float64
}

// side is what the burst did under a contender; drained is when the lag fell below a second of production.
type side struct {
	contender
	figures
	reversals int
	one, four int // requests to Kafka in ten seconds, with one and with four ScaledObjects
	busy      bool
}

// The same burst with KEDA's own kafka trigger and with what the exporter says, through Prometheus and without it, in one
// table, with what each asks of Kafka (which TestRequestsToKafka holds). They are as shipped but for the scale-down window, which is the kafka trigger's for all: a
// longer one costs the same whoever asks.
func TestSideBySide(t *testing.T) {
	t.Parallel()
	w := theWorld(t).withKafka(t, 1)
	window := scaleDown(w.shipped(t, "ride-hailing/kafka/trip-analytics.yaml", service{}))["stabilizationWindowSeconds"]
	var sides []side
	for _, c := range []contender{
		{"KEDA's kafka trigger", "side-kafka", "ride-hailing/kafka/trip-analytics.yaml", kedaClient, sawing(), 1},
		// What Prometheus says is old: the lag that grows meanwhile has to be drained within this objective. docs/keda.md.
		{"desired replicas", "side-ours", "ride-hailing/prometheus/trip-analytics.yaml", exporterClient, quiet, 1.3},
		{"desired replicas, metrics API", "side-api", "examples/metrics-api/scaledobject.yaml", exporterClient, quiet, 1},
	} {
		t.Run(c.name, func(t *testing.T) { sides = append(sides, w.burst(t, c, window)) })
	}
	if len(sides) != 3 {
		t.Fatal("a side has no result")
	}
	var rows strings.Builder
	for _, s := range sides {
		fmt.Fprintf(&rows, "| %s | %.0f | %.1f | %.1f | %.0f | %d | %d | %d | %d |\n", s.controller, s.peakLag, s.firstUp, s.drained,
			s.replicaSeconds, s.changes, s.reversals, s.one, s.four)
	}
	t.Logf("\n| controller | peak lag | s to the first scale-up | s to drain | replica-seconds | changes | reversals | requests in 10 s, 1 ScaledObject | 4 ScaledObjects |\n"+
		"|---|--:|--:|--:|--:|--:|--:|--:|--:|\n%s", &rows)
	keda := sides[0]
	for _, ours := range sides[1:] {
		if keda.busy || ours.busy {
			t.Logf("%s: the machine was busy, the sides are not held to each other", ours.controller)
			continue
		}
		for _, bound := range []struct {
			what       string
			ours, most float64
		}{
			// What the exporter knows is up to a sample old when it is asked: docs/keda.md says what that costs.
			{"peak lag", ours.peakLag, 2 * keda.peakLag},
			{"s to drain", ours.drained, keda.drained + 8},
			{"replica-seconds", ours.replicaSeconds, ours.cost * keda.replicaSeconds},
			{"changes", float64(ours.changes), float64(keda.changes)},
		} {
			if bound.ours > bound.most {
				t.Errorf("%s: %s is %.4g, wanted at most %.4g", ours.controller, bound.what, bound.ours, bound.most)
			}
		}
	}
}

// sideObjective is about the age that KEDA's trigger keeps.
const sideObjective = 20 * time.Second

func scaleDown(object kubeapi.Object) kubeapi.Object {
	return kubeapi.Nested(object, "spec", "advanced", "horizontalPodAutoscalerConfig", "behavior", "scaleDown").(kubeapi.Object)
}

// burst runs one side: a ramp of 80 s from 400 to 1 400 messages/s, which stay for 200 s, and ten minutes at 400.
func (w *world) burst(t *testing.T, c contender, window any) side {
	const pods, base = 3, 400
	e := startEvening(t, w, c.name, pods, base, "--desired.objective="+sideObjective.String())
	e.settle(t, pods, base)
	object := w.shipped(t, c.manifest, e.s)
	scaleDown(object)["stabilizationWindowSeconds"] = window
	r := e.record(t, object)
	begin := r.now()
	for _, rate := range []float64{800, 1000, 1200} {
		e.p.Rate(compressRate(rate))
		time.Sleep(compressTime(20 * time.Second))
	}
	e.p.Rate(compressRate(1400))
	time.Sleep(compressTime(220 * time.Second))
	e.p.Rate(compressRate(base))
	time.Sleep(compressTime(600 * time.Second))
	measured := r.finish("kafka_group_lag")
	measured.rested = begin
	s := side{contender: c, figures: measured.figures(1400 / speed), reversals: reversals(measured.counts()), busy: measured.pressure > tooBusy}
	s.firstUp -= begin
	s.drained -= begin
	t.Logf("what HPA read for each replica, and wanted: %s", r.asked())
	trip := tripSetup()
	trip.objective = sideObjective
	compare(t, c.controller, measured, r.predict(t, trip, measured.length), tripSetup().mark, c.allowed)
	s.one = w.requestRates()[c.client]
	for i := range 3 {
		w.another(t, c.manifest, e.s, fmt.Sprintf("%s-%d", c.name, i))
	}
	s.four = w.requestRates()[c.client]
	return s
}
