package promql

import (
	"strings"
	"testing"
	"time"

	"kafka_burndown_exporter/rules"
)

// TestParseBounds reads what is nested as deeply as the length allows, and refuses what is longer before it is parsed.
func TestParseBounds(t *testing.T) {
	for name, expr := range map[string]string{
		"signs":     strings.Repeat("+", 1_000_000) + "1",
		"brackets":  strings.Repeat("(", 1_000_000) + "1" + strings.Repeat(")", 1_000_000),
		"selectors": strings.Repeat("a+", 1_000_000) + "a",
	} {
		if _, err := Parse(expr); err == nil || !strings.Contains(err.Error(), "at most 16384") {
			t.Errorf("%s: %v", name, err)
		}
		s := NewServer(Options{})
		if err := s.LoadRules("r.yaml", []byte("groups:\n- name: g\n  rules:\n  - record: r\n    expr: "+expr+"\n")); err == nil || !strings.Contains(err.Error(), "at most 16384") {
			t.Errorf("%s in a rule: %.200v", name, err)
		}
	}
	if _, err := Parse(strings.Repeat("a+", maxSelectors) + "a"); err == nil || !strings.Contains(err.Error(), "more than 500 selectors") {
		t.Errorf("%d selectors: %v", maxSelectors+1, err)
	}
	for name, expr := range map[string]string{
		"signs":     strings.Repeat("+", maxExprBytes-1) + "1",
		"brackets":  strings.Repeat("(", maxExprBytes/2-1) + "a" + strings.Repeat(")", maxExprBytes/2-1),
		"selectors": strings.Repeat("a+", maxSelectors-1) + "a",
		"calls":     strings.Repeat("abs(", maxExprBytes/5-1) + "a" + strings.Repeat(")", maxExprBytes/5-1),
	} {
		s := NewServer(Options{})
		began := time.Now()
		q, err := s.Register(expr)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if err := s.Start(0); err != nil {
			t.Fatal(err)
		}
		s.store.Append(s.store.Series(LabelsOf(NameLabel, "a")), 1000, 2)
		compiled, engine := q.At(1000), (&engineEval{server: s, expr: q.Expr}).at(1000)
		if canonical(compiled) != canonical(engine) || engine.Err != nil {
			t.Errorf("%s: %v, engine %v", name, compiled, engine)
		}
		t.Logf("%s: %v", name, time.Since(began))
	}
}

// FuzzParse reads anything, registers it and asks it.
func FuzzParse(f *testing.F) {
	for _, name := range []string{"forms-in-the-wild.txt", "forms-more.txt", "refused.txt"} {
		for _, form := range lines(f, name) {
			f.Add(form)
		}
	}
	f.Fuzz(func(t *testing.T, text string) {
		s := NewServer(Options{})
		q, err := s.Register(text)
		if err != nil {
			if strings.Contains(err.Error(), "\n") {
				t.Errorf("the error has several lines: %q", err)
			}
			return
		}
		if err := s.Start(0); err != nil {
			return // it asks for alerts
		}
		target := s.Target(LabelsOf("job", "kafka"))
		for at := int64(0); at < 120_000; at += 15_000 {
			target.Begin(at)
			for _, name := range []string{"kafka_consumergroup_lag", "a"} {
				target.Set(target.Series(name, "consumergroup", "g"), float64(at))
			}
			target.End()
		}
		if q.Compiled() {
			if err := same(q, 100_000); err != nil {
				t.Error(err)
			}
		}
		for _, ignore := range []bool{false, true} {
			if v, err := q.At(100_000).KEDA(text, ignore); err == nil && v != v {
				t.Errorf("KEDA takes NaN from %q", text)
			}
		}
	})
}

// TestKEDA holds what KEDA makes of each kind of answer.
func TestKEDA(t *testing.T) {
	w := newWorld(t, NewServer(Options{Keep: 24 * time.Hour}), rules.BaseBurndownExporter)
	at := worldTimes()[9]
	for _, c := range []struct {
		expr, err string
		ignored   bool // 0 with ignoreNullValues
		want      float64
	}{
		{expr: `vector(7)`, want: 7},
		{expr: `-vector(7)`, want: -7},
		{expr: `sum(nobody)`, err: "the result is empty", ignored: true},
		{expr: `vector(NaN)`, err: "prometheus query returns NaN", ignored: true},
		{expr: `vector(1) / 0`, err: "prometheus query returns +Inf", ignored: true},
		{expr: `kafka_consumergroup_lag`, err: "returned multiple elements"},
		{expr: `kafka_consumergroup_lag / on (topic) kafka_topic_partitions`, err: "status: 422 (multiple matches for labels: many-to-one matching must be explicit (group_left/group_right))"},
		{expr: `1 + 1`, err: "cannot unmarshal number into Go struct field .data.result"},
		{expr: `"x"`, err: "cannot unmarshal number into Go struct field .data.result"},
		{expr: `kafka_topic_partitions{topic="t"}[1m]`, err: "the value list is empty", ignored: true},
		{expr: `kafka_topic_partitions[1m]`, err: "returned multiple elements"},
		{expr: `nobody[1m]`, err: "the result is empty", ignored: true},
	} {
		q, err := w.server.Register(c.expr)
		if err != nil {
			t.Fatal(err)
		}
		for _, ignore := range []bool{false, true} {
			got, err := q.At(at).KEDA(c.expr, ignore)
			switch {
			case c.err == "" || ignore && c.ignored:
				if err != nil || got != c.want {
					t.Errorf("%s, ignoreNullValues %t: %v, %v; want %v", c.expr, ignore, got, err, c.want)
				}
			case err == nil || !strings.Contains(err.Error(), c.err):
				t.Errorf("%s, ignoreNullValues %t: error %v, want %q", c.expr, ignore, err, c.err)
			}
		}
	}
}
