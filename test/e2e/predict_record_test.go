package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"kafka_burndown_exporter/test/e2e/kubeapi"
	"kafka_burndown_exporter/test/e2e/load"
)

// recording is what a case really did from the moment its ScaledObject was applied: how much was produced, what the
// trigger said, how many replicas there were, and what lag Prometheus scraped.
type recording struct {
	t       *testing.T
	f       *fleet
	m       *monitoring
	group   string
	object  kubeapi.Object // as applied
	began   time.Time
	initial int
	stop    func()
	busy    pressure

	mu       sync.Mutex
	produced []reading
	asks     []ask
}

// reading is a value at a time, in seconds since the recording began.
type reading struct{ at, value float64 }

// ask is what HPA made of its metrics.
type ask struct {
	at      float64
	metrics string
	desired int
}

// record applies a ScaledObject and records until the recording is finished. Where the evening has no producer of its
// own, the production is what the exporter counts.
func (e *evening) record(t *testing.T, object kubeapi.Object) *recording {
	t.Helper()
	r := &recording{t: t, f: e.f, m: e.m, group: e.s.group, object: object}
	r.initial, _ = e.f.replicas()
	ctx, cancel := context.WithCancel(context.Background())
	var done sync.WaitGroup
	r.stop = sync.OnceFunc(func() { cancel(); done.Wait() })
	t.Cleanup(r.stop)
	r.began, r.busy = time.Now(), startPressure()
	if e.p != nil {
		done.Go(func() { r.countProduced(ctx, e.p) })
	}
	e.w.scale(t, object)
	path := "/apis/autoscaling/v2/namespaces/" + e.s.namespace + "/horizontalpodautoscalers/keda-hpa-" + kubeapi.String(object, "metadata", "name")
	done.Go(func() { r.watchHPA(ctx, e.w, path) })
	return r
}

// countProduced notes how many messages the brokers have confirmed.
func (r *recording) countProduced(ctx context.Context, p *load.Producer) {
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		r.mu.Lock()
		r.produced = append(r.produced, reading{r.now(), float64(p.Acknowledged())})
		r.mu.Unlock()
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// watchHPA notes what HPA last read and what it wants, whenever that changes.
func (r *recording) watchHPA(ctx context.Context, w *world, path string) {
	for ctx.Err() == nil {
		if hpa, err := w.stack.API.Get(ctx, path); err == nil {
			r.noteAsk(hpa)
		}
		select {
		case <-ctx.Done():
		case <-time.After(300 * time.Millisecond):
		}
	}
}

func (r *recording) noteAsk(hpa kubeapi.Object) {
	var values []string
	for _, m := range kubeapi.List(hpa, "status", "currentMetrics") {
		if external, _ := m["external"].(kubeapi.Object); external != nil {
			value := kubeapi.String(external, "current", "averageValue")
			if value == "" {
				value = kubeapi.String(external, "current", "value")
			}
			values = append(values, value)
		}
	}
	a := ask{time.Since(r.began).Seconds(), strings.Join(values, ","), kubeapi.Int(hpa, "status", "desiredReplicas")}
	r.mu.Lock()
	defer r.mu.Unlock()
	if n := len(r.asks); n == 0 || r.asks[n-1].metrics != a.metrics || r.asks[n-1].desired != a.desired {
		r.asks = append(r.asks, a)
	}
}

// asked is what HPA read and wanted over time, for a person to read: the value per replica, and the desired replicas.
func (r *recording) asked() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	var out strings.Builder
	for _, a := range r.asks {
		fmt.Fprintf(&out, "%.1fs:%s→%d ", a.at, a.metrics, a.desired)
	}
	return out.String()
}

// seconds since the recording began.
func (r *recording) now() float64 { return time.Since(r.began).Seconds() }

// finish ends the recording and returns what was measured; lag is the series that counts as the lag.
func (r *recording) finish(lag string) *course {
	r.t.Helper()
	r.stop()
	length := r.now()
	c := &course{length: length, lag: r.samples(lag, length), pressure: r.busy.share()}
	if len(r.produced) == 0 {
		r.produced = r.samples("kafka_group_produced_messages_total", length)
		if len(r.produced) == 0 {
			r.t.Fatalf("Prometheus has no sample of what was produced for %s in %.0f s", r.group, length)
		}
		r.produced = append([]reading{{0, r.produced[0].value}}, r.produced...)
	}
	r.f.mu.Lock()
	defer r.f.mu.Unlock()
	c.replicas = []reading{{0, float64(r.initial)}}
	for _, change := range r.f.changes {
		if at := change.at.Sub(r.began).Seconds(); at > 0 && at <= length {
			c.replicas = append(c.replicas, reading{at, float64(change.replicas)})
		}
	}
	return c
}

// samples are the group's raw samples of a series that Prometheus has scraped since the recording began.
func (r *recording) samples(series string, length float64) []reading {
	t := r.t
	t.Helper()
	query := url.Values{"query": {fmt.Sprintf("%s{consumergroup=%q}[%ds]", series, r.group, int(length))}}
	resp, err := http.Get(r.m.url + "/api/v1/query?" + query.Encode())
	must(t, err)
	defer resp.Body.Close()
	var answer struct {
		Error string
		Data  struct{ Result []struct{ Values [][2]any } }
	}
	must(t, json.NewDecoder(resp.Body).Decode(&answer))
	if answer.Error != "" {
		t.Fatalf("%s: %s", query.Get("query"), answer.Error)
	}
	var out []reading
	for _, series := range answer.Data.Result {
		for _, v := range series.Values {
			at, _ := v[0].(float64)
			value, err := strconv.ParseFloat(fmt.Sprint(v[1]), 64)
			must(t, err)
			out = append(out, reading{at - float64(r.began.UnixMilli())/1000, value})
		}
	}
	slices.SortFunc(out, func(a, b reading) int {
		if a.at < b.at {
			return -1
		}
		return 1
	})
	return out
}
