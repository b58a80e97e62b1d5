package demo

import (
	"encoding/json"
	"math"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-kit/log"
)

// idle is a demo whose workload does not run: what pages and buttons do needs no more.
func idle(t *testing.T) (*Demo, http.Handler) {
	t.Helper()
	d, err := New(Options{Scenario: shipped(t, "food-delivery", 1), Speed: 10, Cluster: cluster(t), Logger: log.NewNopLogger()})
	if err != nil {
		t.Fatal(err)
	}
	acknowledged := make(chan struct{})
	go func() { defer close(acknowledged); d.generator.acknowledge() }()
	t.Cleanup(func() { d.generator.producer.AsyncClose(); <-acknowledged })
	return d, NewHandler(d, "127.0.0.1:9308", "/metrics")
}

func ask(h http.Handler, method, path string, change func(r *http.Request)) *httptest.ResponseRecorder {
	var body = strings.NewReader(url.Values{"target": {"orders"}}.Encode())
	r := httptest.NewRequest(method, "http://127.0.0.1:9308"+path, body)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if change != nil {
		change(r)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestHandler(t *testing.T) {
	d, h := idle(t)
	origin := func(o string) func(*http.Request) { return func(r *http.Request) { r.Header.Set("Origin", o) } }
	host := func(name string) func(*http.Request) { return func(r *http.Request) { r.Host = name } }
	target := func(name string) func(*http.Request) {
		return func(r *http.Request) { r.URL.RawQuery = url.Values{"target": {name}}.Encode(); r.Body = http.NoBody }
	}
	for name, tc := range map[string]struct {
		method, path string
		change       func(*http.Request)
		code         int
		text         string
	}{
		"page":                   {"GET", "/demo/", nil, 200, "Food delivery"},
		"script":                 {"GET", "/demo/assets/demo.js", nil, 200, "use strict"},
		"style":                  {"GET", "/demo/assets/demo.css", nil, 200, ".service"},
		"state":                  {"GET", "/demo/state?since=-1", nil, 200, `"lag":null`},
		"no since":               {"GET", "/demo/state?since=x", nil, 200, `"services"`},
		"burst":                  {"POST", "/demo/burst", nil, 200, "more messages"},
		"skew":                   {"POST", "/demo/skew", nil, 200, "said"},
		"kill without a pod":     {"POST", "/demo/kill", target("order-consumer"), 404, "no running pod"},
		"stop an unknown":        {"POST", "/demo/stop", target("<b>"), 404, "no service is called"},
		"burst on nothing":       {"POST", "/demo/burst", target("<script>"), 404, "nobody produces"},
		"switch":                 {"POST", "/demo/scale", target("log2x7"), 200, "scale on log2×7 from now on"},
		"switch to an unknown":   {"POST", "/demo/scale", target("<i>"), 404, "the switch has no candidate"},
		"by a form":              {"POST", "/demo/skew", func(r *http.Request) { r.Header.Set("Accept", "text/html,*/*") }, 303, ""},
		"get of an action":       {"GET", "/demo/burst", nil, 405, ""},
		"same origin":            {"POST", "/demo/burst", origin("http://127.0.0.1:9308"), 200, ""},
		"another origin":         {"POST", "/demo/burst", origin("http://127.0.0.1:9309"), 403, ""},
		"an origin of none":      {"POST", "/demo/orders", origin("null"), 403, ""},
		"a site elsewhere":       {"POST", "/demo/kill", func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "cross-site") }, 403, ""},
		"localhost":              {"GET", "/demo/state", host("localhost:9308"), 200, ""},
		"another name":           {"GET", "/demo/state", host("attacker.test:9308"), 403, ""},
		"another port":           {"GET", "/demo/state", host("127.0.0.1:80"), 403, ""},
		"no port":                {"GET", "/demo/state", host("127.0.0.1"), 403, ""},
		"an address elsewhere":   {"GET", "/demo/", host("192.0.2.1:9308"), 403, ""},
		"an order that is none":  {"GET", "/demo/orders/x", nil, 400, "number"},
		"an order nobody placed": {"GET", "/demo/orders/999999", nil, 404, ""},
	} {
		t.Run(name, func(t *testing.T) {
			w := ask(h, tc.method, tc.path, tc.change)
			if w.Code != tc.code || !strings.Contains(w.Body.String(), tc.text) {
				t.Errorf("status %d, want %d with %q: %s", w.Code, tc.code, tc.text, w.Body)
			}
			if !strings.Contains(w.Header().Get("Content-Security-Policy"), "default-src 'none'") {
				t.Error("no policy")
			}
		})
	}
	page := ask(h, "GET", "/demo/", nil).Body.String()
	if n := strings.Count(page, `aria-pressed="true"`); n != 1 || !strings.Contains(page, `aria-pressed="true">log2×7<`) {
		t.Errorf("%d positions of the switch are on", n)
	}
	placed := ask(h, "POST", "/demo/orders", nil)
	var answer struct{ ID uint64 }
	if err := json.Unmarshal(placed.Body.Bytes(), &answer); err != nil {
		t.Fatal(err)
	}
	if o, ok := d.Order(answer.ID); !ok || o.Closed || len(o.Stages) != 0 {
		t.Errorf("a placed order is %+v, known %v", o, ok)
	}
}

func TestChainOfFoodDelivery(t *testing.T) {
	d, _ := idle(t)
	got := ""
	for _, s := range d.Chain() {
		got += s.Service + "<" + s.Topic + " "
	}
	if want := "order-consumer<orders restaurant-consumer<restaurant courier-consumer<courier order-consumer<completions "; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func TestScreenFitsTheSmallestTerminal(t *testing.T) {
	lag, age := 123456789.0, 86400.0
	s := State{Scenario: strings.Repeat("long ", 30), Clock: "18:00:00", Speed: 10}
	for range 12 {
		s.Services = append(s.Services, ServiceState{Name: strings.Repeat("service-", 9), Lag: &lag, Age: &age, Ready: 80, Desired: 80, Most: 6})
		s.Decisions = append(s.Decisions, DecisionLine{Service: strings.Repeat("service-", 9), From: 4, To: 5, Why: strings.Repeat("because ", 30)})
	}
	s.Services[0].Lag, s.Services[0].Age = nil, nil
	lines := strings.Split(strings.TrimSuffix(s.screen("http://127.0.0.1:9308/demo/", screenWidth, screenHeight), "\n"), "\n")
	if len(lines) >= screenHeight {
		t.Errorf("%d lines", len(lines))
	}
	for _, line := range lines {
		if n := len([]rune(line)); n >= screenWidth {
			t.Errorf("%d columns: %s", n, line)
		}
	}
	if !strings.Contains(lines[4], "unknown") {
		t.Errorf("an unknown lag reads %q", lines[4])
	}
	for share, want := range map[float64]string{0: "", 1: "████", 0.5: "██", 0.03125: "▏", 7: "████", -1: ""} {
		if got := bar(share, 4); got != want {
			t.Errorf("bar(%v) = %q, want %q", share, got, want)
		}
	}
}

func TestStoreForgetsTheOldest(t *testing.T) {
	s := newStore()
	for id := range uint64(storeLimit + 10) {
		s.place(Message{ID: id})
	}
	if _, ok := s.get(9); ok || len(s.orders) != storeLimit {
		t.Errorf("%d orders, the oldest known: %v", len(s.orders), ok)
	}
	if _, ok := s.get(10); !ok {
		t.Error("one too many is forgotten")
	}
	m := Message{ID: 10}
	s.record(m, Stage{"a", "x"}, time.Now(), false, false)
	s.record(m, Stage{"a", "x"}, time.Now(), false, false)
	s.record(m, Stage{"a", "y"}, time.Now(), true, false)
	if closed, repeats := s.counts(); closed != 1 || repeats != 1 {
		t.Errorf("%d closed, %d repeats", closed, repeats)
	}
}

func TestMessageOnTheWire(t *testing.T) {
	m := Message{ID: math.MaxUint64, Kind: 3, Born: time.Unix(0, 12345)}
	got, err := decodeMessage(m.encode(nil))
	if err != nil || got != m {
		t.Errorf("%+v, %v", got, err)
	}
	for _, foreign := range []string{"", "x", strings.Repeat("y", 18)} {
		if _, err := decodeMessage([]byte(foreign)); err == nil {
			t.Errorf("%q is taken for a message", foreign)
		}
	}
}

func TestPace(t *testing.T) {
	for name, want := range map[string]float64{"food-delivery": 10, "ride-hailing": 6, "fashion": 1, "payments": 10} {
		speed, from := Pace(shipped(t, name, 1))
		if speed != want || from == 0 {
			t.Errorf("%s: %v times from %s, want %v", name, speed, from, want)
		}
	}
}

// TestOneImportSite: the embedded cluster is made for tests, so that nothing but the demo may depend on it.
func TestOneImportSite(t *testing.T) {
	root := filepath.Join("..", "..")
	var sites []string
	err := filepath.WalkDir(root, func(path string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (strings.HasPrefix(d.Name(), ".") && path != root || d.Name() == "testdata") {
			return filepath.SkipDir
		}
		if !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		text, err := os.ReadFile(path)
		if err == nil && strings.Contains(string(text), `"github.com/twmb/franz-go/pkg/`+`kfake"`) {
			sites = append(sites, filepath.ToSlash(strings.TrimPrefix(path, root+string(filepath.Separator))))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, site := range sites {
		if site != "lab/demo_embedded.go" && !strings.HasPrefix(site, "test/") {
			t.Errorf("%s imports the embedded cluster", site)
		}
	}
}
