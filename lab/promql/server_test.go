package promql

import (
	"strconv"
	"testing"

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
