// Package conformance compares internal/scale with the real HPA controllers of Kubernetes 1.36 and 1.37 on fresh recordings: status other than spec,
// pods in every state, failing metrics, cpu beside external metrics, every kind of scaling rule.
//
//	go test ./conformance -cases 500 -seed 7
package conformance

import (
	"compress/gzip"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"kafka_burndown_exporter/internal/scale"
)

var (
	cases  = flag.Int("cases", 200, "how many autoscalers are recorded, with 120 reconciles each")
	seed   = flag.Uint64("seed", uint64(time.Now().Unix()), "where the random cases begin; the default is another every time")
	traces = flag.String("traces", "", "compare with this recording instead of a new one")
)

type testCase struct {
	Min, Max int32
	Metrics  []struct {
		Kind, Resource string
		Target         int64
	}
	Behavior bool
	Up, Down *rules
	Trace    []step
}

type rules struct {
	Win    *int32
	Select string
	Pol    []struct {
		Type          string
		Value, Period int32
	}
	Tol *float64
}

type step struct {
	T                        int64
	Spec, Status, Ready, New int32
	V                        []*int64
	Pods                     []struct {
		Phase             string
		Ready, Deleting   bool
		ReadyAt, Started  int64
		Request           int64
		Measured          bool
		Usage, At, Window int64
	}
}

func TestHPAConformance(t *testing.T) {
	for _, k := range []scale.Kubernetes{scale.Kubernetes136, scale.Kubernetes137} {
		t.Run(string(k), func(t *testing.T) { conform(t, k) })
	}
}

func conform(t *testing.T, k scale.Kubernetes) {
	path := *traces
	if path == "" {
		path = record(t, k)
	}
	all := read(t, path)
	reconciles, changes, resources, apart, woken := 0, 0, 0, 0, 0
	for i, c := range all {
		h := scale.NewHPA(c.spec(k))
		if first := time.Duration(c.Trace[0].T) * time.Millisecond; (first < time.Second) != k.Controller().FirstSyncAtOnce {
			t.Fatalf("seed %d, case %d: the first reconcile comes after %v", *seed, i, first)
		}
		for j, s := range c.Trace {
			d := h.Reconcile(epoch.Add(time.Duration(s.T)*time.Millisecond), c.observation(s))
			reconciles++
			if d.Scaled() {
				changes++
			}
			if len(s.Pods) > 0 {
				resources++
			}
			if s.Spec != s.Status {
				apart++
			}
			if s.Spec == 0 && s.New > 0 {
				woken++
			}
			if d.Desired != s.New {
				raw, _ := json.Marshal(s)
				t.Fatalf("seed %d, case %d, step %d: %d replicas, the controller decided %d (%s)\nmetrics %+v\n%s", *seed, i, j, d.Desired, s.New, &d, c.Metrics, raw)
			}
		}
	}
	if changes == 0 || resources == 0 || apart == 0 {
		t.Fatalf("%d changes, %d reconciles with resource metrics, %d with status other than spec: not enough was tested", changes, resources, apart)
	}
	if (woken > 0) != k.Controller().ScaleToZero {
		t.Errorf("%d steps from zero", woken)
	}
	t.Logf("seed %d: %d reconciles of %d autoscalers equal, %d of them changes, %d with cpu metrics, %d with status other than spec, %d from zero",
		*seed, reconciles, len(all), changes, resources, apart, woken)
}

// epoch is where a fake clock begins; a recording counts its steps from there.
var epoch = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

func record(t *testing.T, k scale.Kubernetes) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "traces.json.gz")
	modfile, toZero := "go.mod", ""
	if k == scale.Kubernetes137 {
		modfile, toZero = "go-1.37.mod", "yes"
	}
	cmd := exec.CommandContext(t.Context(), "go", "test", "-mod=readonly", "-modfile="+modfile, "-buildvcs=false", "-trimpath", "-vet=off", "-count=1",
		"-timeout=30m", "-run=TestRecord", "./hpatraces")
	cmd.Dir = filepath.Join("..", "kube")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOFLAGS=", "HPA_TRACES_OUT="+path,
		"HPA_TO_ZERO="+toZero, fmt.Sprintf("HPA_CASES=%d", *cases), fmt.Sprintf("HPA_SEED=%d", *seed))
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("record: %v\n%s", err, out)
	}
	return path
}

func read(t *testing.T, path string) []testCase {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	var out []testCase
	if err := json.NewDecoder(z).Decode(&out); err != nil {
		t.Fatal(err)
	}
	return out
}

func (c testCase) spec(k scale.Kubernetes) scale.HPASpec {
	controller := k.Controller()
	out := scale.HPASpec{MinReplicas: c.Min, MaxReplicas: c.Max, ToZero: c.Min == 0, Controller: &controller}
	if c.Behavior {
		out.Behavior = &scale.Behavior{Up: c.Up.spec(), Down: c.Down.spec()}
	}
	for _, m := range c.Metrics {
		s := scale.MetricSpec{Name: m.Kind, Target: m.Target * 1000}
		s.Kind = map[string]scale.TargetKind{"Value": scale.Value, "AverageValue": scale.AverageValue, "Utilization": scale.Utilization}[m.Kind]
		if m.Resource == "cpu" {
			s.Resource, s.Target = scale.CPU, m.Target // percent, or thousandths of a core
		}
		out.Metrics = append(out.Metrics, s)
	}
	return out
}

func (r *rules) spec() *scale.Rules {
	if r == nil {
		return nil
	}
	out := &scale.Rules{Select: scale.SelectPolicy(r.Select), Tolerance: r.Tol}
	if r.Win != nil {
		window := time.Duration(*r.Win) * time.Second
		out.Window = &window
	}
	for _, p := range r.Pol {
		out.Policies = append(out.Policies, scale.Policy{Type: scale.PolicyType(p.Type), Value: p.Value, Period: time.Duration(p.Period) * time.Second})
	}
	return out
}

func (c testCase) observation(s step) scale.Observation {
	out := scale.Observation{SpecReplicas: s.Spec, StatusReplicas: s.Status, ReadyReplicas: s.Ready}
	for _, v := range s.V {
		reading := scale.Reading{Err: errors.New("metric failed")}
		if v != nil {
			reading = scale.Reading{Milli: *v}
		}
		out.Metrics = append(out.Metrics, reading)
	}
	phases := map[string]scale.PodPhase{"Pending": scale.PodPending, "Running": scale.PodRunning, "Failed": scale.PodFailed}
	for _, p := range s.Pods {
		out.Pods = append(out.Pods, scale.Pod{
			Phase: phases[p.Phase], Deleting: p.Deleting, Ready: p.Ready,
			ReadyChanged: time.UnixMilli(p.ReadyAt), Started: time.UnixMilli(p.Started),
			CPU: scale.PodUsage{RequestMilli: p.Request, Measured: p.Measured, UsageMilli: p.Usage,
				At: time.UnixMilli(p.At), Window: time.Duration(p.Window) * time.Millisecond},
		})
	}
	return out
}
