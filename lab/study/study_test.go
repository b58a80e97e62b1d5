package study

import (
	"bytes"
	"context"
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"kafka_burndown_exporter/lab/scenario"
)

// TestPilotAgainstKafkaTriggers holds what the law promises, on ten workloads (four under the race detector): the objective is met at least as often as
// by KEDA's kafka trigger at the setting that does best in hindsight, for no more replica-minutes and with a third of its
// changes; and no single setting that meets it as often is cheaper.
func TestPilotAgainstKafkaTriggers(t *testing.T) {
	r, err := Run(t.Context(), Options{First: 2001, Workloads: compared})
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	if err := r.WriteText(&b, true); err != nil {
		t.Fatal(err)
	}
	t.Log("\n" + b.String())
	pilot, best := r.Row(Pilot), r.Row(BestOf)
	if pilot.Meets < best.Meets || pilot.ReplicaMinutes > best.ReplicaMinutes || 3*pilot.Changes > best.Changes {
		t.Errorf("the pilot %+v, the best kafka trigger %+v", pilot, best)
	}
	for i := range r.Rows {
		if row := &r.Rows[i]; isKafka(row.Name) && row.Name != BestOf && row.Meets >= pilot.Meets && row.ReplicaMinutes < pilot.ReplicaMinutes {
			t.Errorf("cheaper than the pilot: %+v, the pilot %+v", row, pilot)
		}
	}
	var plot bytes.Buffer
	if err := r.WritePlot(&plot); err != nil {
		t.Fatal(err)
	}
	for _, row := range r.Rows {
		if !strings.Contains(plot.String(), row.Name) {
			t.Errorf("%s is not in the plot", row.Name)
		}
	}
}

// TestDraw: a seed is one workload, valid as a scenario, and seeds differ.
func TestDraw(t *testing.T) {
	shapes := map[string]bool{}
	for seed := range 60 {
		a, b := Draw(seed, true), Draw(seed, true)
		if diff := cmp.Diff(a.Scenario, b.Scenario, cmp.AllowUnexported(scenario.Scenario{}, scenario.CSV{})); diff != "" {
			t.Fatal(diff)
		}
		shape, _, _ := strings.Cut(a.Text, ",")
		shapes[shape] = true
		svc := &a.Scenario.Services[0]
		if svc.Objective.MaxAge < svc.StartDelay || svc.Replicas.Initial < svc.Replicas.Min || svc.Capacity.PerPod <= 0 {
			t.Errorf("%d: %s", seed, a.Text)
		}
		if f := a.Speed(); f != nil {
			for i := range 20 {
				if v := f(i); v < 0.7 || v > 1.3 || v != f(i) {
					t.Errorf("%d: speed %v", seed, v)
				}
			}
		}
	}
	if len(shapes) != 7 {
		t.Errorf("shapes %v", shapes)
	}
}

// TestBound: for an even load it is the work itself, less what may wait at the end and be late, and never more than whole members.
func TestBound(t *testing.T) {
	w := Draw(1, false)
	sc := w.Scenario
	sc.Duration = 2 * time.Hour
	sc.Producers[0].Profile = scenario.Profile{Points: []scenario.Point{{Rate: 250}}, Scale: 1}
	sc.Topics = []scenario.Topic{{Name: topicName, Partitions: 12}}
	svc := &sc.Services[0]
	svc.Capacity.PerPod, svc.Assignor = 100, "range"
	svc.Replicas = scenario.Replicas{Initial: 3, Min: 1, Max: 12}
	work := 250.0 / 100 * 120
	if got := Bound(sc, svc); got < work*0.93 || got > 3*120*1.01 {
		t.Errorf("bound %.0f for %.0f replica-minutes of work", got, work)
	}
}

func TestFullest(t *testing.T) {
	shares := [][]float64{{0.1, 0.2, 0.3}, {0.2, 0.2}}
	for k, want := range map[int]float64{1: 1, 2: 0.5, 3: 0.4, 5: 0.4} {
		if got := fullest("range", shares, k); math.Abs(got-want) > 1e-9 {
			t.Errorf("range, %d members: %v, want %v", k, got, want)
		}
	}
	if got := fullest("sticky", shares, 2); math.Abs(got-0.6) > 1e-9 {
		t.Errorf("sticky: %v", got)
	}
}

func TestParallelStopsAtAnError(t *testing.T) {
	fault := errors.New("fault")
	if err := parallel(t.Context(), 100, func(i int) error {
		if i == 3 {
			return fault
		}
		return nil
	}, nil); !errors.Is(err, fault) {
		t.Errorf("%v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := parallel(ctx, 3, func(int) error { return nil }, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

// TestAblations: each constant has a row, and each name that has no effect is one.
func TestAblations(t *testing.T) {
	seen := map[string]int{}
	for _, a := range ablations() {
		seen[a.Constant]++
	}
	for name := range without {
		if seen[name] != 1 {
			t.Errorf("%s: %d rows", name, seen[name])
		}
	}
}
