package collector

import (
	"bytes"
	"compress/gzip"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-kit/log"
	"github.com/prometheus/client_golang/prometheus"

	"kafka_burndown_exporter/internal/lag"
)

// testHandler has a clock that stands still until it is moved.
type testHandler struct {
	*Handler
	mu  sync.Mutex
	now time.Time
}

func (h *testHandler) clock() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.now
}

func (h *testHandler) advance(d time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.now = h.now.Add(d)
}

func newTestHandler(t testing.TB) *testHandler {
	t.Helper()
	reg := prometheus.NewRegistry()
	h := &testHandler{now: testTime}
	h.Handler = NewHandler(HandlerOptions{
		Encoder: testEncoder(t, EncoderOptions{}), Registry: reg, Self: NewSelf(reg), Logger: log.NewNopLogger(),
		Now: h.clock,
	})
	return h
}

func get(h http.Handler, path string, headers ...string) *http.Response {
	r := httptest.NewRequest(http.MethodGet, path, nil)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result()
}

// body reads an answer and decompresses it as a client would that stops at the end of the first gzip member.
func body(t testing.TB, r *http.Response) string {
	t.Helper()
	raw, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	switch r.Header.Get("Content-Encoding") {
	case "":
		return string(raw)
	case "zstd":
		text, err := unzstd.DecodeAll(raw, nil)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	in := bytes.NewReader(raw)
	zr, err := gzip.NewReader(in)
	if err != nil {
		t.Fatal(err)
	}
	zr.Multistream(false)
	text, err := io.ReadAll(zr)
	if err != nil {
		t.Fatal(err)
	}
	if in.Len() != 0 {
		t.Errorf("%d bytes after the only gzip member", in.Len())
	}
	return string(text)
}

func TestHandlerServesOnlySelfBeforeTheFirstAndAfterTheLast(t *testing.T) {
	h := newTestHandler(t)
	has := func(when, series string, want bool) {
		t.Helper()
		for _, encoding := range []string{"gzip", "identity"} {
			for _, accept := range []string{"", "application/openmetrics-text; version=1.0.0"} {
				got := body(t, get(h, "/metrics", "Accept-Encoding", encoding, "Accept", accept))
				if strings.Contains(got, "\n"+series) != want {
					t.Errorf("%s, %s, %s: %s published %v, want %v", when, encoding, accept, series, !want, want)
				}
				if accept != "" && !strings.HasSuffix(got, "# EOF\n") {
					t.Errorf("%s, %s: OpenMetrics ends %q", when, encoding, got[max(0, len(got)-20):])
				}
			}
		}
	}
	has("before", "kafka_group_lag{", false)
	has("before", selfPrefix+"cluster_up 0", true)
	if h.Published() || h.Snapshot() != nil {
		t.Error("published before there is anything")
	}
	h.Publish(scenarios()["normal"])
	has("alive", "kafka_group_lag{", true)
	has("alive", selfPrefix+"groups 2", true)
	h.advance(29 * time.Second)
	has("just alive", "kafka_group_lag{", true)
	h.advance(time.Second)
	has("expired", "kafka_group_lag{", false)
	has("expired", selfPrefix+"groups 2", true)
	if !h.Published() || h.Snapshot() != nil {
		t.Error("an expired snapshot is still a published one, but not to be read")
	}
}

func TestHandlerRendersAheadOnlyWhatWasAskedForLately(t *testing.T) {
	h := newTestHandler(t)
	s := scenarios()["normal"]
	s.Expires = testTime.Add(time.Hour)
	rendered := func(f Format) bool { return h.current.Load().renditions[f][Gzip].done.Load() != nil }
	h.Publish(s)
	if rendered(Text) || rendered(OpenMetrics) {
		t.Error("rendered before anybody asked")
	}
	get(h, "/metrics")
	if rendered(Text) {
		t.Error("an uncompressed answer was kept")
	}
	get(h, "/metrics", "Accept-Encoding", "gzip", "Accept", "application/openmetrics-text; version=1.0.0")
	if !rendered(OpenMetrics) || rendered(Text) {
		t.Error("the first demand renders its own format only")
	}
	h.Publish(s)
	if !rendered(OpenMetrics) || rendered(Text) {
		t.Error("a format asked for lately is rendered ahead, and no other")
	}
	h.advance(rememberFor)
	h.Publish(s)
	if rendered(OpenMetrics) {
		t.Error("a format nobody asked for in a while is still rendered ahead")
	}
}

func TestScrapesShareTheCompressedBytes(t *testing.T) {
	h := newTestHandler(t)
	h.Publish(largeSnapshot(20, 100))
	var wg sync.WaitGroup
	bodies := make([]string, 8)
	for i := range bodies {
		wg.Go(func() { bodies[i] = body(t, get(h, "/metrics", "Accept-Encoding", "gzip")) })
	}
	wg.Wait()
	first := h.current.Load().renditions[Text][Gzip].done.Load()
	for i, b := range bodies {
		if !strings.Contains(b, `partition="99"`) || !strings.Contains(b, selfPrefix) {
			t.Errorf("answer %d lacks its last partition or the exporter's own series", i)
		}
	}
	get(h, "/metrics", "Accept-Encoding", "gzip")
	if h.current.Load().renditions[Text][Gzip].done.Load() != first {
		t.Error("rendered again for the same snapshot")
	}
}

func TestDeadline(t *testing.T) {
	for value, want := range map[string]time.Duration{
		"": defaultDeadline, "9.5": 9500 * time.Millisecond, "-1": defaultDeadline, "x": defaultDeadline,
		"NaN": defaultDeadline, "1e300": maxDeadline, "0": defaultDeadline,
	} {
		h := http.Header{"X-Prometheus-Scrape-Timeout-Seconds": {value}}
		if got := deadline(h); got != want {
			t.Errorf("deadline(%q) = %v, want %v", value, got, want)
		}
	}
}

// TestSlowReadersAreCutOff lets a client stop reading while two more snapshots are published.
func TestSlowReadersAreCutOff(t *testing.T) {
	h := newTestHandler(t)
	s := largeSnapshot(100, 400)
	h.Publish(s)
	srv := httptest.NewServer(h)
	defer srv.Close()
	conn, err := net.Dial("tcp", srv.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, "GET / HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Read(make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	old := h.current.Load()
	small := scenarios()["normal"]
	h.Publish(small)
	if old.cut {
		t.Error("cut off after one more snapshot: two may be alive")
	}
	h.Publish(small)
	for range 1000 {
		old.mu.Lock()
		left := len(old.readers)
		old.mu.Unlock()
		if left == 0 {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	t.Error("the answer is still being sent after two more snapshots")
}

// deadlines notes what is asked of a connection.
type deadlines struct {
	*httptest.ResponseRecorder
	set []time.Time
}

func (d *deadlines) SetWriteDeadline(t time.Time) error {
	d.set = append(d.set, t)
	return nil
}

func TestConnectionSurvivesItsDeadline(t *testing.T) {
	h := newTestHandler(t)
	h.Publish(scenarios()["normal"])
	w := &deadlines{ResponseRecorder: httptest.NewRecorder()}
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
	if len(w.set) != 2 || w.set[0].IsZero() || !w.set[1].IsZero() || !w.Flushed {
		t.Errorf("deadlines %v, flushed %v; want one, then none on a flushed connection", w.set, w.Flushed)
	}
}

func TestSelfCounts(t *testing.T) {
	h := newTestHandler(t)
	self := h.Self
	self.Request("OffsetFetch", "1")
	self.Failure("OffsetFetch", "1", "NOT_COORDINATOR")
	self.WaveDone(60*time.Millisecond, true)
	s := scenarios()["unknown"]
	s.HeldPartitions, s.UnknownPartitions = 3, 4
	h.now = s.Began.Add(80 * time.Millisecond)
	h.Publish(s)
	check := func(want ...string) {
		t.Helper()
		got := body(t, get(h, "/metrics"))
		for _, line := range want {
			if !strings.Contains(got, "\n"+selfPrefix+line+"\n") {
				t.Errorf("lacks %s%s", selfPrefix, line)
			}
		}
	}
	check(`requests_total{api="OffsetFetch",broker="1"} 1`,
		`errors_total{api="OffsetFetch",broker="1",reason="NOT_COORDINATOR"} 1`,
		`cluster_up 1`, `broker_up{broker="1"} 1`, `broker_up{broker="2"} 0`,
		`sample_duration_seconds_bucket{le="0.05"} 0`, `sample_duration_seconds_bucket{le="0.1"} 1`, `held_partitions 3`, `unknown_partitions 4`,
		`clamped_negatives_total 2`, `groups 2`, `topics 2`, `partitions 3`, `last_success_timestamp_seconds 1.77236640005e+09`)
	self.WaveDone(time.Second, false)
	check(`cluster_up 0`, `broker_up{broker="1"} 0`, `sample_duration_seconds_bucket{le="1"} 2`)
	s2 := *s
	s2.Brokers = []lag.Broker{{ID: 2, Up: true}}
	h.Publish(&s2)
	if got := body(t, get(h, "/metrics")); strings.Contains(got, `broker="1"} 0`) {
		t.Error("a broker that left the cluster is still listed")
	}
}
