package exporter

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-kit/log"
	"github.com/prometheus/client_golang/prometheus"

	"kafka_burndown_exporter/collector"
	"kafka_burndown_exporter/internal/lag"
	"kafka_burndown_exporter/internal/web"
)

// slowWriter notes the deadlines of an answer.
type slowWriter struct {
	*httptest.ResponseRecorder
	mu    sync.Mutex
	write []time.Time
	read  []time.Time
}

func (w *slowWriter) SetWriteDeadline(t time.Time) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.write = append(w.write, t)
	return nil
}

func (w *slowWriter) SetReadDeadline(t time.Time) error {
	w.read = append(w.read, t)
	return nil
}

func TestEveryPathHasADeadline(t *testing.T) {
	nothing := http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})
	h := timed(routes{metricsPath: "/metrics", metrics: nothing, status: nothing, ready: func() bool { return true }, pprof: true}.mux())
	for _, path := range []string{"/metrics", "/", "/group", "/assets/x", "/-/healthy", "/-/ready", "/healthz", "/nowhere", "/debug/pprof/cmdline"} {
		for _, body := range []string{"", "x"} {
			w := &slowWriter{ResponseRecorder: httptest.NewRecorder()}
			h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, strings.NewReader(body)))
			if len(w.write) == 0 || w.write[0].IsZero() || time.Until(w.write[0]) > writeTimeout {
				t.Errorf("%s: write deadlines %v", path, w.write)
			}
			if (len(w.read) == 1) != (body != "") {
				t.Errorf("%s, body %q: read deadlines %v", path, body, w.read)
			}
		}
	}
}

// held is a handler whose answers stay until they are let go.
func held(n int) (h http.Handler, entered chan struct{}, letGo chan struct{}) {
	entered, letGo = make(chan struct{}, n), make(chan struct{})
	return http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		entered <- struct{}{}
		<-letGo
	}), entered, letGo
}

func TestBudget(t *testing.T) {
	next, entered, letGo := held(3)
	b := &budget{max: 2}
	h := b.limit(next)
	var wg sync.WaitGroup
	first := &slowWriter{ResponseRecorder: httptest.NewRecorder()}
	request := func(w http.ResponseWriter) { h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil)) }
	wg.Go(func() { request(first) })
	<-entered
	wg.Go(func() { request(&slowWriter{ResponseRecorder: httptest.NewRecorder()}) })
	<-entered
	w := httptest.NewRecorder()
	request(w)
	if w.Code != http.StatusServiceUnavailable || !strings.Contains(w.Body.String(), "--web.max-requests") {
		t.Errorf("with no place free: %d %s", w.Code, w.Body)
	}
	b.mu.Lock()
	b.running[0].began = time.Now().Add(-cutAfter)
	b.mu.Unlock()
	wg.Go(func() { request(&slowWriter{ResponseRecorder: httptest.NewRecorder()}) })
	<-entered // in the place of the first
	first.mu.Lock()
	if len(first.write) != 1 || !first.write[0].Before(time.Now()) {
		t.Errorf("the oldest answer has the deadlines %v, want one that is over", first.write)
	}
	first.mu.Unlock()
	close(letGo)
	wg.Wait()
	if len(b.running) != 0 {
		t.Errorf("%d places taken after all left", len(b.running))
	}
	if any := (&budget{}).limit(next); fmt.Sprint(any) != fmt.Sprint(next) {
		t.Error("0 is not any number")
	}
}

// serve starts a server with the limits and a number of connections of its own.
func serveWith(t *testing.T, h http.Handler, most int, https bool) *httptest.Server {
	t.Helper()
	srv := httptest.NewUnstartedServer(nil)
	srv.Config = newHTTPServer(h, slog.New(slog.DiscardHandler))
	if most > 0 {
		srv.Config.ConnState = (&connections{max: most, open: map[net.Conn]int{}}).changed
	}
	if https {
		srv.EnableHTTP2 = true
		srv.StartTLS()
	} else {
		srv.Start()
	}
	t.Cleanup(srv.Close)
	return srv
}

// TestIdleConnectionsMakeRoom opens more connections than there may be: requests are answered still, and the first
// connections are closed.
func TestIdleConnectionsMakeRoom(t *testing.T) {
	srv := serveWith(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "ok") }), 8, false)
	address := srv.Listener.Addr().String()
	var idle []net.Conn
	for range 30 {
		conn, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		idle = append(idle, conn)
	}
	for range 3 {
		resp, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Get(srv.URL)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
	}
	for _, conn := range idle[:22] {
		if _, err := conn.Read(make([]byte, 1)); err == nil {
			t.Error("an old idle connection is open still")
		}
	}
}

// TestBusyConnectionsStay turns the newest away where all others have a request.
func TestBusyConnectionsStay(t *testing.T) {
	next, entered, letGo := held(4)
	srv := serveWith(t, next, 4, false)
	var wg sync.WaitGroup
	client := func() *http.Client { return &http.Client{Transport: &http.Transport{DisableKeepAlives: true}} }
	for range 4 {
		wg.Go(func() {
			resp, err := client().Get(srv.URL)
			if err != nil {
				t.Errorf("a busy connection was closed: %v", err)
				return
			}
			resp.Body.Close()
		})
		<-entered
	}
	if resp, err := client().Get(srv.URL); err == nil {
		resp.Body.Close()
		t.Error("a fifth request was answered")
	}
	close(letGo)
	wg.Wait()
}

// clusterOf is a snapshot with so many groups of three partitions each.
func clusterOf(groups int) *lag.Snapshot {
	now := time.Now()
	s := &lag.Snapshot{Began: now, Published: now, Expires: now.Add(time.Hour)}
	for i := range groups {
		topic := fmt.Sprintf("customer.orders.enriched.%05d", i)
		totals := lag.Signals{Lag: float64(i), LagMax: float64(i), Backlog: float64(i), Partitions: 3, Consumed: float64(7 * i)}
		s.Topics = append(s.Topics, lag.Topic{Name: topic, Partitions: make([]lag.TopicPartition, 3), Created: now})
		s.Groups = append(s.Groups, lag.Group{
			ID: fmt.Sprintf("payments-reconciliation-%05d", i), InfoKnown: true, State: "Stable", Members: 3, Signals: totals, Created: now,
			Topics: []lag.GroupTopic{{Topic: topic, Signals: totals, TopicCreated: now, Partition: []int32{0, 1, 2},
				Committed: []int64{int64(i), 2, 3}, Lag: []int64{1, int64(2 * i), 3}}},
		})
	}
	return s
}

// TestMemoryIsBounded lets 20 clients of each kind in at once, twice, among them such as read nothing.
func TestMemoryIsBounded(t *testing.T) {
	encoder, err := collector.NewEncoder(collector.EncoderOptions{})
	if err != nil {
		t.Fatal(err)
	}
	reg := prometheus.NewRegistry()
	metrics := collector.NewHandler(collector.HandlerOptions{Encoder: encoder, Registry: reg, Self: collector.NewSelf(reg),
		Logger: log.NewNopLogger(), Now: time.Now})
	metrics.Publish(clusterOf(2000))
	r := routes{
		metricsPath: "/metrics", metrics: (&budget{max: 40}).limit(metrics), ready: func() bool { return true }, maxRequests: 40,
		status: web.New(web.Options{MetricsPath: "/metrics", Snapshot: metrics.Snapshot, Now: time.Now}),
	}
	srv := serveWith(t, r.mux(), 0, true)

	defer debug.SetGCPercent(debug.SetGCPercent(25)) // what is measured is what is held
	runtime.GC()
	var before runtime.MemStats
	runtime.ReadMemStats(&before)
	var most atomic.Uint64
	done := make(chan struct{})
	var watching sync.WaitGroup
	watching.Go(func() {
		for {
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			most.Store(max(most.Load(), m.HeapAlloc))
			select {
			case <-done:
				return
			case <-time.After(20 * time.Millisecond):
			}
		}
	})

	const proto = "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited"
	kinds := []struct{ path, accept, encoding string }{
		{"/metrics", proto, "gzip"}, {"/metrics", proto, "identity"}, {"/metrics", proto, "zstd"},
		{"/metrics", "text/plain", "gzip"}, {"/metrics", "text/plain", "identity"},
		{"/metrics", "application/openmetrics-text;version=1.0.0", "gzip"},
		{"/metrics?name[]=kafka_group_lag&name[]=kafka_consumergroup_lag", proto, "identity"},
		{"/metrics?name[]=kafka_group_lag&name[]=kafka_consumergroup_lag", "text/plain", "gzip"},
		{"/", "text/html", "identity"}, {"/group?name=payments-reconciliation-00001", "text/html", "identity"},
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	transport := func(buffer int) *http.Transport {
		tr := srv.Client().Transport.(*http.Transport).Clone()
		tr.DisableCompression, tr.MaxConnsPerHost = true, 1
		tr.HTTP2 = &http.HTTP2Config{MaxReceiveBufferPerStream: buffer, MaxReceiveBufferPerConnection: 4 * buffer}
		t.Cleanup(tr.CloseIdleConnections)
		return tr
	}
	var answered, refused atomic.Int32
	var wg sync.WaitGroup
	for _, kind := range kinds {
		client := &http.Client{Transport: transport(256 << 10)}
		for range 20 {
			wg.Go(func() {
				for range 2 {
					req, _ := http.NewRequestWithContext(ctx, http.MethodGet, srv.URL+kind.path, nil)
					req.Header.Set("Accept", kind.accept)
					req.Header.Set("Accept-Encoding", kind.encoding)
					resp, err := client.Do(req)
					if err != nil { // cut off in the midst, for others
						refused.Add(1)
						continue
					}
					if _, err := io.Copy(io.Discard, resp.Body); err == nil && resp.StatusCode == http.StatusOK {
						answered.Add(1)
					} else {
						refused.Add(1)
					}
					resp.Body.Close()
				}
			})
		}
	}
	wg.Wait()
	var unread sync.WaitGroup // they end with ctx
	for range 5 {
		client := &http.Client{Transport: transport(16 << 10)}
		for i := range 240 {
			unread.Go(func() {
				req, _ := http.NewRequestWithContext(ctx, http.MethodGet, srv.URL+[]string{"/", "/metrics"}[i%2], nil)
				if resp, err := client.Do(req); err == nil {
					defer resp.Body.Close()
					<-ctx.Done()
				}
			})
		}
	}
	// A probe is answered whatever else is asked.
	for range 5 {
		resp, err := (&http.Client{Transport: transport(16 << 10)}).Get(srv.URL + "/-/healthy")
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
	}
	close(done)
	watching.Wait()
	cancel()
	unread.Wait()
	grown := (int64(most.Load()) - int64(before.HeapAlloc)) >> 20
	t.Logf("%d answered, %d refused, at most %d MB more", answered.Load(), refused.Load(), grown)
	if answered.Load() < 40 || grown > 96 {
		t.Errorf("%d answered, %d MB more than before, want at most 96", answered.Load(), grown)
	}
}
