package web

import (
	"context"
	"fmt"
	"math"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"kafka_burndown_exporter/internal/lag"
	"kafka_burndown_exporter/internal/pilot"
)

var testNow = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// absent is a group of which nothing is known but its name.
func absent(id string) lag.Group {
	n := lag.Absent
	return lag.Group{ID: id, Members: -1, Coordinator: -1, LagLog2x7: n, Signals: lag.Signals{Lag: n, LagMax: n, Backlog: n,
		UncommittedMessages: n, LagSeconds: n, BurndownSeconds: n, ProducerRate: n, ConsumerRate: n, PartitionsWithLag: n,
		PartitionsStalled: n}}
}

func known(id string, messages float64) lag.Group {
	g := absent(id)
	g.InfoKnown, g.State, g.Members, g.UsefulMembers, g.Complete = true, "Stable", 2, 6, true
	g.Signals = lag.Signals{Lag: messages, LagMax: messages, Backlog: messages, LagSeconds: 90, BurndownSeconds: 12,
		ProducerRate: 400, ConsumerRate: 200, Partitions: 2, PartitionsWithLag: 1}
	g.LagLog2x7 = 70
	g.Topics = []lag.GroupTopic{{Topic: "orders", Signals: g.Signals, Partition: []int32{0, 1}, Committed: []int64{5, 7},
		Lag: []int64{int64(messages), 0}}}
	return g
}

func snapshot(groups ...lag.Group) *lag.Snapshot {
	return &lag.Snapshot{Began: testNow.Add(-3 * time.Second), Groups: groups}
}

func newPages(s *lag.Snapshot) http.Handler {
	return New(Options{MetricsPath: "/m", Snapshot: func() *lag.Snapshot { return s }, Now: func() time.Time { return testNow }})
}

func get(t testing.TB, h http.Handler, path string) *httptest.ResponseRecorder {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
	return w
}

func decidedGroup(d pilot.Decision) lag.Group {
	g := known("g", 1)
	g.Decided, g.Decision = true, d
	return g
}

func TestEveryReasonIsSaid(t *testing.T) {
	for i, name := range pilot.Reasons {
		if i >= len(because) || because[i] == "" {
			t.Errorf("the page has no words for %s", name)
		}
	}
}

func TestPagesSay(t *testing.T) {
	two := snapshot(absent("dark"), known("light", 1500))
	for name, tc := range map[string]struct {
		s      *lag.Snapshot
		path   string
		code   int
		want   []string
		hidden []string
	}{
		"no sample": {nil, "/", 200, []string{"No sample of the cluster", `href="./m"`}, nil},
		"empty":     {snapshot(), "/", 200, []string{"no consumer groups"}, nil},
		"table": {two, "/", 200, []string{"2 groups", "1\u202f500", "1.5 min|90 s", "400/s", "70.0", `href="./group?name=light"`,
			`aria-sort="descending"`, `scope="col"`, "Sampled 3.0 s ago"}, []string{"NaN", ">-1"}},
		"unknown is not zero": {snapshot(absent("dark")), "/", 200, []string{`<span class="unknown">unknown</span>`}, []string{`"Lag">0`, "0 s<", "0/s"}},
		"filter":              {two, "/?q=LIGH", 200, []string{"1 groups", "light"}, []string{">dark<"}},
		"state":               {two, "/?state=Stable", 200, []string{"1 groups"}, []string{">dark<"}},
		"nothing matches":     {two, "/?q=zzz", 200, []string{"No group matches"}, nil},
		"group": {two, "/group?name=light", 200, []string{"kafka_group_lag_log2x7", "AverageValue", ">2<", "6 × 2|1\u202f500",
			`width="100"`, "active: 1\u202f500 messages are waiting"}, []string{"NaN"}},
		"what the exporter asks for": {snapshot(decidedGroup(pilot.Decision{Known: true, Replicas: 9, Capacity: 123, Reason: pilot.ReasonUrgent})),
			"/group?name=g", 200, []string{">9<", "messages are late", "handle 123/s"}, []string{"NaN"}},
		"what it does not know": {snapshot(decidedGroup(pilot.Decision{Replicas: 9, Capacity: math.NaN(), Reason: pilot.ReasonOffsets})),
			"/group?name=g", 200, []string{"some partition could not be read"}, []string{"NaN", ">9<", "measured to handle"}},
		"unknown group":             {two, "/group?name=nobody", 404, []string{"no group of that name"}, nil},
		"a group without a value":   {two, "/group?name=dark", 200, []string{"unknown", "No partition is counted"}, []string{"NaN", ">0 s<"}},
		"numbers that are none":     {two, "/group?name=light&replicas=-1&lag=x&burndown=1e99", 200, []string{`value="1000"`}, []string{"NaN", "Inf"}},
		"a page beyond the last":    {two, "/?page=99", 200, []string{"2 groups"}, nil},
		"no such page":              {two, "/other", 404, nil, nil},
		"no such asset":             {two, "/assets/other.css", 404, nil, nil},
		"style sheet":               {two, "/assets/style.css", 200, []string{"prefers-color-scheme: dark"}, nil},
		"a member without anything": {snapshot(func() lag.Group { g := known("g", 1); g.Members = 9; return g }()), "/group?name=g", 200, []string{"3 members have no partition"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			w := get(t, newPages(tc.s), tc.path)
			body := w.Body.String()
			if w.Code != tc.code {
				t.Errorf("status %d, want %d", w.Code, tc.code)
			}
			for _, want := range tc.want {
				if alternatives := strings.Split(want, "|"); !containsAny(body, alternatives) {
					t.Errorf("lacks %q:\n%s", want, body)
				}
			}
			for _, bad := range tc.hidden {
				if strings.Contains(body, bad) {
					t.Errorf("has %q:\n%s", bad, body)
				}
			}
		})
	}
}

func containsAny(s string, all []string) bool {
	for _, one := range all {
		if strings.Contains(s, one) {
			return true
		}
	}
	return false
}

func TestHeadersKeepPagesToThemselves(t *testing.T) {
	for _, path := range []string{"/", "/group?name=x", "/assets/style.css", "/nothing"} {
		h := get(t, newPages(snapshot(known("x", 1))), path).Header()
		csp := h.Get("Content-Security-Policy")
		for _, want := range []string{"default-src 'none'", "style-src 'self'", "script-src 'self'", "frame-ancestors 'none'",
			"form-action 'self'", "base-uri 'none'"} {
			if !strings.Contains(csp, want) {
				t.Errorf("%s: policy lacks %s: %s", path, want, csp)
			}
		}
		if strings.Contains(csp, "unsafe") {
			t.Errorf("%s: %s", path, csp)
		}
		for name, want := range map[string]string{"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer"} {
			if h.Get(name) != want {
				t.Errorf("%s: %s is %q", path, name, h.Get(name))
			}
		}
	}
	w := httptest.NewRecorder()
	newPages(nil).ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/", nil))
	if w.Code != http.StatusMethodNotAllowed {
		t.Errorf("POST: status %d", w.Code)
	}
}

// TestHostileNames: whatever a group is called, it is text on every page, and its link leads back to it.
func TestHostileNames(t *testing.T) {
	for _, name := range []string{
		"<script>alert(1)</script>", `"><img src=x onerror=alert(1)>`, "javascript:alert(1)", "a&b=c#d?e", "../../etc", "{{.}}",
		"\u202egnp.exe", "</title><script>x</script>", "'; DROP", " lead and trail ", "\n", "%00", "group+plus", "ü✓",
	} {
		g := known(name, 10)
		g.Topics[0].Topic = name
		h := newPages(snapshot(g))
		index := get(t, h, "/").Body.String()
		link := regexp.MustCompile(`href="\./(group\?name=[^"]*)"`).FindStringSubmatch(index)
		if link == nil {
			t.Fatalf("%q: no link:\n%s", name, index)
		}
		page := get(t, h, "/"+strings.ReplaceAll(link[1], "&amp;", "&"))
		if page.Code != http.StatusOK {
			t.Errorf("%q: its link %s gives status %d", name, link[1], page.Code)
		}
		filtered := get(t, h, "/?q="+url.QueryEscape(name)+"&state="+url.QueryEscape(name)+"&sort="+url.QueryEscape(name)).Body.String()
		missing := get(t, newPages(snapshot()), "/group?name="+url.QueryEscape(name)).Body.String()
		for _, body := range []string{index, page.Body.String(), filtered, missing} {
			for _, bad := range []string{"<script", "<img", `href="javascript`, "onerror=alert(1)>\""} {
				if strings.Contains(body, bad) {
					t.Errorf("%q: the page has %q:\n%s", name, bad, body)
				}
			}
		}
	}
}

func TestNoPageFetchesFromElsewhere(t *testing.T) {
	h := newPages(snapshot(known("x", 5)))
	for _, path := range []string{"/", "/group?name=x", "/assets/style.css"} {
		body := get(t, h, path).Body.String()
		for _, bad := range []string{"http://", "https://", "@import", "<script", "style=", "onclick"} {
			if strings.Contains(body, bad) {
				t.Errorf("%s has %q", path, bad)
			}
		}
	}
}

// TestOnePageAtATime makes many pages at once: no two of them read the snapshot at the same time.
func TestOnePageAtATime(t *testing.T) {
	s := snapshot(known("a", 10), known("b", 20))
	var making, most atomic.Int32
	h := New(Options{MetricsPath: "/m", Now: func() time.Time { return testNow }, Snapshot: func() *lag.Snapshot {
		most.Store(max(most.Load(), making.Add(1)))
		runtime.Gosched()
		making.Add(-1)
		return s
	}})
	var wg sync.WaitGroup
	for i := range 40 {
		wg.Go(func() {
			if w := get(t, h, []string{"/", "/group?name=a"}[i%2]); w.Code != http.StatusOK || w.Body.Len() == 0 {
				t.Errorf("status %d, %d bytes", w.Code, w.Body.Len())
			}
		})
	}
	wg.Wait()
	if most.Load() != 1 {
		t.Errorf("%d pages were made at once, want 1", most.Load())
	}
}

// TestPageOfAClientThatLeft is not made when its turn comes.
func TestPageOfAClientThatLeft(t *testing.T) {
	entered, leave := make(chan struct{}), make(chan struct{})
	var made atomic.Int32
	h := New(Options{MetricsPath: "/m", Now: func() time.Time { return testNow }, Snapshot: func() *lag.Snapshot {
		if made.Add(1) == 1 {
			close(entered)
			<-leave
		}
		return nil
	}})
	var first sync.WaitGroup
	first.Go(func() { get(t, h, "/") })
	<-entered
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(ctx, http.MethodGet, "/", nil))
	close(leave)
	first.Wait()
	if made.Load() != 1 {
		t.Errorf("%d pages made, want 1", made.Load())
	}
}

func TestSorting(t *testing.T) {
	s := snapshot(known("a", 5), absent("b"), known("c", 50), known("d", 5))
	for sort, want := range map[string]string{
		"":                      "cadb", // most lag first, equals by name, unknown last
		"sort=lag&order=asc":    "adcb",
		"sort=group":            "abcd",
		"sort=group&order=desc": "dcba",
		"sort=nonsense":         "cadb",
		"sort=members":          "acdb",
		"sort=state":            "acdb",
	} {
		v, _ := url.ParseQuery(sort)
		got := ""
		for _, g := range parseQuery(v).choose(s.Groups) {
			got += g.ID
		}
		if got != want {
			t.Errorf("%s: %s, want %s", sort, got, want)
		}
	}
}

func TestPaging(t *testing.T) {
	var groups []lag.Group
	for i := range 1201 {
		groups = append(groups, known(fmt.Sprintf("g%04d", i), float64(i)))
	}
	h := newPages(snapshot(groups...))
	for path, want := range map[string]struct {
		rows int
		text string
	}{
		"/":                   {500, "Page 1 of 3"},
		"/?page=3&sort=group": {201, "Page 3 of 3"},
		"/?page=-4":           {500, "Page 1 of 3"},
	} {
		body := get(t, h, path).Body.String()
		if n := strings.Count(body, `<th scope="row">`); n != want.rows || !strings.Contains(body, want.text) {
			t.Errorf("%s: %d rows, want %d with %q", path, n, want.rows, want.text)
		}
	}
}

func BenchmarkIndex20000Groups(b *testing.B) {
	var groups []lag.Group
	for i := range 20000 {
		groups = append(groups, known(fmt.Sprintf("group-%05d", i), float64(i%977)))
	}
	h := newPages(snapshot(groups...))
	b.ReportAllocs()
	for b.Loop() {
		if w := get(b, h, "/?sort=lag"); w.Code != http.StatusOK {
			b.Fatal(w.Code)
		}
	}
}

// TestContrast holds every text colour to 4.5 to 1 against the surfaces it stands on, in both looks (WCAG 2.2, AA).
func TestContrast(t *testing.T) {
	css, err := files.ReadFile("assets/style.css")
	if err != nil {
		t.Fatal(err)
	}
	looks := regexp.MustCompile(`(?s):root \{(.*?)\}`).FindAllStringSubmatch(string(css), -1)
	if len(looks) != 2 {
		t.Fatalf("%d looks", len(looks))
	}
	for i, look := range looks {
		colour := map[string]float64{}
		for _, m := range regexp.MustCompile(`--([a-z-]+): #([0-9a-f]{6})`).FindAllStringSubmatch(look[1], -1) {
			colour[m[1]] = luminance(t, m[2])
		}
		for text, surfaces := range map[string][]string{
			"ink": {"page", "card", "hover"}, "soft": {"page", "card", "hover"}, "accent": {"page", "card", "accent-soft"},
			"warn": {"card", "warn-soft"}, "bad": {"card", "bad-soft"}, "good": {"card", "good-soft"}, "made": {"card"},
		} {
			for _, surface := range surfaces {
				a, b := colour[text], colour[surface]
				if ratio := (max(a, b) + 0.05) / (min(a, b) + 0.05); ratio < 4.5 {
					t.Errorf("look %d: %s on %s is %.2f to 1", i, text, surface, ratio)
				}
			}
		}
	}
}

func luminance(t *testing.T, hex string) float64 {
	t.Helper()
	sum := 0.0
	for i, weight := range []float64{0.2126, 0.7152, 0.0722} {
		n, err := strconv.ParseUint(hex[2*i:2*i+2], 16, 8)
		if err != nil {
			t.Fatal(err)
		}
		c := float64(n) / 255
		if c <= 0.04045 {
			c /= 12.92
		} else {
			c = math.Pow((c+0.055)/1.055, 2.4)
		}
		sum += weight * c
	}
	return sum
}
