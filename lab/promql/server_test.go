package promql

import (
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"kafka_burndown_exporter/rules"
)

// newShipped is a server with the shipped rules and one query, started at 0.
func newShipped(t testing.TB, opt Options, expr string) (*Server, *Query) {
	t.Helper()
	s := NewServer(opt)
	for _, name := range []string{rules.BaseBurndownExporter, rules.Recording} {
		data, err := rules.Files.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.LoadRules(name, data); err != nil {
			t.Fatal(err)
		}
	}
	q, err := s.Register(expr)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Start(0); err != nil {
		t.Fatal(err)
	}
	return s, q
}

// TestRules follows a sample from the scrape through two levels of rules to KEDA, over a failed scrape and the end of the
// series.
func TestRules(t *testing.T) {
	s, q := newShipped(t, Options{}, `max(consumergroup:kafka_group_lag:log2x7{consumergroup="g"})`)
	if raw := q.Raw(); len(raw) != 1 || raw[0].Name() != "kafka_group_lag" {
		t.Errorf("behind the query stands %v, want kafka_group_lag", raw)
	}
	needed := 0
	for _, g := range s.Groups() {
		needed += len(g.Needed())
	}
	if needed != 2 {
		t.Errorf("%d rules are evaluated, want 2", needed)
	}
	target := s.Target(LabelsOf("job", "kafka", "instance", "a:9"))
	lag := target.Series("kafka_group_lag", "consumergroup", "g")
	if h := target.Series("kafka_group_members", "consumergroup", "g"); h != NoHandle {
		t.Errorf("a series that nothing reads has handle %d", h)
	}
	for _, step := range []struct {
		at    int64
		lag   float64 // < 0: absent
		fail  bool
		want  float64
		empty bool
	}{
		{at: 15_000, lag: 1024, want: 70},
		{at: 30_000, lag: 2048, want: 77},
		{at: 45_000, fail: true, want: 77},
		{at: 60_000, lag: 4096, want: 84},
		{at: 75_000, lag: -1, want: 84},
		{at: 90_000, lag: -1, want: 84},
		{at: 105_000, lag: -1, want: 84},
		{at: 120_000, lag: -1, empty: true},
	} {
		if step.fail {
			target.Fail(step.at)
		} else {
			target.Begin(step.at)
			if step.lag >= 0 {
				target.Set(lag, step.lag)
			}
			target.End()
		}
		s.Advance(step.at)
		got, err := q.At(step.at).KEDA(q.Text, false)
		if (err != nil) != step.empty || got != step.want {
			t.Errorf("at %s s: %v, %v; want %v, empty %t", strconv.FormatInt(step.at/1000, 10), got, err, step.want, step.empty)
		}
	}
}

// TestShared has servers of several goroutines share what was read once.
func TestShared(t *testing.T) {
	var files []*RuleFile
	for _, name := range []string{rules.BaseBurndownExporter, rules.Recording} {
		data, err := rules.Files.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		f, err := ReadRules(name, data)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, f)
	}
	e, err := Parse(`max(consumergroup:kafka_group_produced_messages:rate2m{consumergroup="g"}) + sum(rate(a[2m] offset 1m))`)
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for _, only := range []bool{false, true, false, true} {
		wg.Go(func() {
			s := NewServer(Options{EngineOnly: only})
			for _, f := range files {
				s.AddRules(f)
			}
			q, err := s.RegisterExpr(e)
			if err != nil {
				t.Error(err)
				return
			}
			if err := s.Start(0); err != nil {
				t.Error(err)
				return
			}
			target := s.Target(LabelsOf("job", "kafka"))
			rate, a := target.Series("kafka_group_producer_rate", "consumergroup", "g"), target.Series("a")
			for at := int64(0); at <= 300_000; at += 15_000 {
				target.Begin(at)
				target.Set(rate, 7)
				target.Set(a, float64(at)/1000)
				target.End()
				s.Advance(at)
			}
			if v, ok := q.At(300_000).One(); !ok || v != 8 {
				t.Errorf("engine only %t: %v, %t; want 8", only, v, ok)
			}
		})
	}
	wg.Wait()
}

// TestAlertsRead refuses a query that reads alerts, by itself or through a rule.
func TestAlertsRead(t *testing.T) {
	file := []byte("groups:\n- name: g\n  rules:\n  - {record: firing, expr: sum(ALERTS)}\n")
	for _, expr := range []string{`ALERTS{alertname="X"}`, `firing > 0`} {
		for _, keep := range []time.Duration{0, time.Hour} {
			s := NewServer(Options{Keep: keep})
			if err := s.LoadRules("r.yaml", file); err != nil {
				t.Fatal(err)
			}
			if keep > 0 { // registered after the start
				if err := s.Start(0); err != nil {
					t.Fatal(err)
				}
				if _, err := s.Register(expr); err == nil || !strings.Contains(err.Error(), "state of alerts") {
					t.Errorf("%s after the start: %v", expr, err)
				}
				continue
			}
			if _, err := s.Register(expr); err != nil {
				t.Fatal(err)
			}
			if err := s.Start(0); err == nil || !strings.Contains(err.Error(), "state of alerts") {
				t.Errorf("%s: %v", expr, err)
			}
		}
	}
}

// TestRetention keeps what the queries reach back to, and no more.
func TestRetention(t *testing.T) {
	s := NewServer(Options{})
	q, err := s.Register("max_over_time(a[10m] offset 5m)")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Start(0); err != nil {
		t.Fatal(err)
	}
	target := s.Target(LabelsOf("job", "j"))
	a := target.Series("a")
	for at := int64(0); at < 24*3600_000; at += 15_000 {
		target.Begin(at)
		target.Set(a, float64(-at))
		target.End()
		if at < 900_000 || at%600_000 != 0 {
			continue
		}
		// The window is open on the left.
		if v, ok := q.At(at).One(); !ok || v != float64(-(at-900_000)-15_000) {
			t.Fatalf("at %d: %v, %t", at, v, ok)
		}
	}
	if x := s.store.series[0]; cap(x.samples) > 400 {
		t.Errorf("%d samples are kept for 21 minutes", cap(x.samples))
	}
}
