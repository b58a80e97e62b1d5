package scale

import (
	"compress/gzip"
	"encoding/json"
	"errors"
	"os"
	"testing"
	"time"
)

type traceRules struct {
	Win    *int32
	Select string
	Pol    []struct {
		Type          string
		Value, Period int32
	}
	Tol *float64
}

func (r *traceRules) rules() *Rules {
	if r == nil {
		return nil
	}
	out := &Rules{Select: SelectPolicy(r.Select), Tolerance: r.Tol}
	if r.Win != nil {
		w := time.Duration(*r.Win) * time.Second
		out.Window = &w
	}
	for _, p := range r.Pol {
		out.Policies = append(out.Policies,
			Policy{Type: PolicyType(p.Type), Value: p.Value, Period: time.Duration(p.Period) * time.Second})
	}
	return out
}

type traceCase struct {
	Min, Max int32
	Metrics  []struct {
		Kind   string
		Target int64
	}
	Behavior bool
	Up, Down *traceRules
	Trace    []struct {
		T                   int64
		Spec, Status, Ready int32
		V                   []*int64
		New                 int32
	}
}

func (c *traceCase) spec(t *testing.T) HPASpec {
	t.Helper()
	spec := HPASpec{MinReplicas: c.Min, MaxReplicas: c.Max}
	if c.Behavior {
		spec.Behavior = &Behavior{Up: c.Up.rules(), Down: c.Down.rules()}
	}
	for _, m := range c.Metrics {
		kinds := map[string]TargetKind{"Value": Value, "AverageValue": AverageValue}
		kind, ok := kinds[m.Kind]
		if !ok {
			t.Fatalf("metric kind %q is not known", m.Kind)
		}
		spec.Metrics = append(spec.Metrics, MetricSpec{Name: m.Kind, Kind: kind, Target: m.Target * 1000})
	}
	return spec
}

// TestHPATraces replays recorded reconciles of the real controller; every one must match. HPA_TRACES names another
// recording.
func TestHPATraces(t *testing.T) {
	path := os.Getenv("HPA_TRACES")
	if path == "" {
		path = "testdata/hpa-traces.json.gz"
	}
	cases := readTraces(t, path)
	reconciles, changes := 0, 0
	for i := range cases {
		c := &cases[i]
		h := NewHPA(c.spec(t))
		for j, s := range c.Trace {
			obs := Observation{SpecReplicas: s.Spec, StatusReplicas: s.Status, ReadyReplicas: s.Ready}
			for _, v := range s.V {
				if v == nil {
					obs.Metrics = append(obs.Metrics, Reading{Err: errors.New("metric failed")})
				} else {
					obs.Metrics = append(obs.Metrics, Reading{Milli: *v})
				}
			}
			d := h.Reconcile(time.UnixMilli(s.T), obs)
			reconciles++
			if d.Scaled() {
				changes++
			}
			if d.Desired != s.New {
				t.Fatalf("case %d step %d (t=%d ms): %d replicas, the controller decided %d (%s)", i, j, s.T, d.Desired, s.New, &d)
			}
		}
	}
	if reconciles == 0 || changes == 0 {
		t.Fatalf("%s: %d reconciles, %d changes: nothing was tested", path, reconciles, changes)
	}
	t.Logf("%d cases, %d reconciles, %d changes, all equal", len(cases), reconciles, changes)
}

func readTraces(t *testing.T, path string) []traceCase {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatalf("open the traces: %v", err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatalf("read %s: %v", path, err)
	}
	var cases []traceCase
	if err := json.NewDecoder(z).Decode(&cases); err != nil {
		t.Fatalf("decode %s: %v", path, err)
	}
	return cases
}
