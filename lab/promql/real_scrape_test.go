package promql

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"kafka_burndown_exporter/test/prometheus"
)

// script is what a target answers, scrape after scrape: name{label pairs} and values; nil fails.
var script = [][]string{
	{`a{i="0"} 1`, `a{i="1"} 7`, `b 1`},
	{`a{i="0"} 2`, `a{i="1"} 8`, `b{namespace="own"} 5`},
	{`a{i="0"} 3`, `b{namespace="own"} 6`},
	nil,
	{`a{i="0"} 4`, `a{i="1"} 9`, `a{i="2"} NaN`},
	{`a{i="0"} 6`, `a{i="1"} 9`, `a{i="2"} NaN`, `b{job="x"} 3`},
	nil,
	nil,
	{`a{i="0"} 1`, `b{namespace="own"} 1`},
	{`a{i="0"} 9`, `b{namespace="own",exported_namespace="twice"} 1`},
	{},
}

// scriptRules hold what a rule may meet: elements that go, labels that are set, results that become the same, an error.
const scriptRules = `groups:
  - name: script
    interval: 1s
    rules:
      - {record: tick, expr: vector(1)}
      - {record: big, expr: a > 5}
      - {record: "job:a:sum", expr: "sum by (job) (a)", labels: {kind: x}}
      - {record: same, expr: a, labels: {i: z}}
      - {record: above, expr: "big + on (job, i, instance) big"}
      - {record: number, expr: "1 + 1"}
`

// TestRealScrape has a real server scrape a script and evaluate rules, then plays the same scrapes at the same times
// here: what each instant selector finds is the same, right at each scrape and after it.
func TestRealScrape(t *testing.T) {
	for _, rename := range []bool{false, true} {
		t.Run(fmt.Sprintf("rename=%t", rename), func(t *testing.T) { realScrape(t, rename) })
	}
}

func realScrape(t *testing.T, rename bool) {
	t.Parallel()
	var mu sync.Mutex
	n, done := 0, make(chan struct{})
	target := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		i := n
		n++
		if n == len(script)+1 { // the one before has been stored
			close(done)
		}
		if i >= len(script) || script[i] == nil {
			http.Error(w, "no", http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "text/plain; version=0.0.4")
		fmt.Fprintln(w, strings.Join(script[i], "\n"))
	}))
	defer target.Close()
	rules := filepath.Join(t.TempDir(), "script.yaml")
	if err := os.WriteFile(rules, []byte(scriptRules), 0o600); err != nil {
		t.Fatal(err)
	}
	addr := strings.TrimPrefix(target.URL, "http://")
	server := prometheus.Start(t, prometheus.Options{RuleFiles: []string{rules}, Targets: []prometheus.Target{
		{Job: "app", Addr: addr, Labels: map[string]string{"namespace": "shop"}, RenameLabels: rename},
	}})
	r := &real{t: t, url: server.URL, major: 3}
	select {
	case <-done:
	case <-time.After(3 * time.Minute):
		t.Fatal("the server does not scrape")
	}
	scrapes, ticks := r.times(`up{job="app"}`), r.times("tick")
	if len(scrapes) < len(script) {
		t.Fatalf("%d scrapes were stored, want %d", len(scrapes), len(script))
	}
	scrapes = scrapes[:len(script)]

	s := NewServer(Options{Keep: time.Hour, EvaluationInterval: time.Second})
	if err := s.LoadRules("script.yaml", []byte(scriptRules)); err != nil {
		t.Fatal(err)
	}
	if err := s.Start(scrapes[0]); err != nil {
		t.Fatal(err)
	}
	own := s.Target(LabelsOf("job", "app", "instance", addr, "namespace", "shop"))
	own.HonorLabels = !rename
	scraped := []string{"up", "a", "b", `count(a)`, `{job=~".+",__name__=~"a|b"}`}
	recorded := []string{"big", "job:a:sum", "same", "above", "number"}
	queries := map[string]*Query{}
	for _, expr := range append(slices.Clone(scraped), recorded...) {
		q, err := s.Register(expr)
		if err != nil {
			t.Fatal(err)
		}
		queries[expr] = q
	}
	compare := func(expr string, at int64) {
		if diff := r.differ(queries[expr].At(at), r.query(expr, at)); diff != "" {
			t.Errorf("%s at %d, scrapes at %v: %s", expr, at, scrapes, diff)
		}
	}
	compared := 0
	failed := false
	for i, at := range scrapes {
		s.playScript(own, at, script[i])
		for _, expr := range scraped {
			compare(expr, at)
			compare(expr, at+1)
		}
		// Rules are evaluated between the scrapes. One that comes before a scrape is stored misses it in the real server.
		took, ok := r.query(`scrape_duration_seconds{job="app"}`, at).One()
		if !ok {
			t.Fatal("the duration of a scrape is missing")
		}
		stored := at + int64(took*1000) + 100
		for _, tick := range ticks {
			if tick < at || i+1 < len(scrapes) && tick >= scrapes[i+1] || i+1 == len(scrapes) {
				continue
			}
			s.groups[0].evaluate(tick)
			failed = failed || s.groups[0].rules[3].Err != nil
			if tick < stored {
				t.Logf("an evaluation %d ms after a scrape is not compared", tick-at)
				continue
			}
			for _, expr := range recorded {
				compare(expr, tick)
				compared++
			}
		}
	}
	t.Logf("%d recorded answers compared", compared)
	if !failed {
		t.Error("the rule whose results are the same never failed")
	}
}

// playScript is one scrape of the script.
func (s *Server) playScript(target *Target, at int64, samples []string) {
	if samples == nil {
		target.Fail(at)
		return
	}
	target.Begin(at)
	for _, x := range samples {
		series, text, _ := strings.Cut(x, " ")
		name, in, _ := strings.Cut(strings.TrimSuffix(series, "}"), "{")
		var pairs []string
		for pair := range strings.SplitSeq(in, ",") {
			if k, v, ok := strings.Cut(pair, "="); ok {
				pairs = append(pairs, k, strings.Trim(v, `"`))
			}
		}
		var v float64
		if _, err := fmt.Sscan(text, &v); err != nil {
			panic(err)
		}
		target.Set(target.Series(name, pairs...), v)
	}
	target.End()
}

// times are those of a series's samples in the last minutes.
func (r *real) times(selector string) []int64 {
	res := r.get("/api/v1/query?" + url.Values{"query": {selector + "[5m]"}}.Encode())
	var data struct {
		Result []struct {
			Metric map[string]string
			Values [][2]any
		}
	}
	r.decode(res.Data, &data)
	if len(data.Result) != 1 {
		r.t.Fatalf("%s: %d series: %v", selector, len(data.Result), data.Result)
	}
	var out []int64
	for _, v := range data.Result[0].Values {
		out = append(out, int64(v[0].(float64)*1000+0.5))
	}
	return out
}
