package web

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"kafka_burndown_exporter/internal/lag"
	"kafka_burndown_exporter/internal/pilot"
)

func TestDesired(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	known := func(id string, replicas int) lag.Group {
		return lag.Group{ID: id, Decided: true, SampleAt: at, Decision: pilot.Decision{Known: true, Replicas: replicas,
			Capacity: 50, Saturated: 1, Reason: pilot.ReasonBacklog},
			Signals: lag.Signals{Lag: 10, Backlog: lag.Absent, LagSeconds: 2, ProducerRate: 7}}
	}
	snap := &lag.Snapshot{Groups: []lag.Group{
		known(`a"b\c/d e`, 4), known("orders", 3),
		{ID: "unknown", Decided: true, Decision: pilot.Decision{Reason: pilot.ReasonOffsets, Saturated: -1}},
		{ID: "without"},
	}}
	for _, c := range []struct {
		name, path, accept string
		code               int
		body               string
	}{
		{"JSON", "/desired/orders", "", 200, `{"group":"orders","desiredReplicas":3,"reason":"backlog","memberCapacity":50,` +
			`"membersSaturated":1,"lag":10,"lagSeconds":2,"producerRate":7,"sampledAt":"2026-01-02T03:04:05Z"}`},
		{"text", "/desired/orders", "text/plain", 200, `kafka_group_desired_replicas{consumergroup="orders"} 3`},
		{"any name", "/desired/a%22b%5Cc%2Fd%20e", "text/plain", 200, `{consumergroup="a\"b\\c/d e"} 4`},
		{"not known", "/desired/unknown", "", 503, "not known: offsets"},
		{"no pilot", "/desired/without", "", 503, "not worked out"},
		{"no group", "/desired/nothing", "", 503, "no such group"},
	} {
		t.Run(c.name, func(t *testing.T) {
			mux := http.NewServeMux()
			mux.Handle(PathDesired, NewDesired(func() *lag.Snapshot { return snap }))
			r := httptest.NewRequest(http.MethodGet, c.path, nil)
			r.Header.Set("Accept", c.accept)
			w := httptest.NewRecorder()
			mux.ServeHTTP(w, r)
			if w.Code != c.code || !strings.Contains(w.Body.String(), c.body) {
				t.Errorf("%d %s", w.Code, w.Body)
			}
			if w.Body.Len() > 400 {
				t.Errorf("%d bytes", w.Body.Len())
			}
		})
	}
	t.Run("no sample", func(t *testing.T) {
		w := httptest.NewRecorder()
		NewDesired(func() *lag.Snapshot { return nil }).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/desired/x", nil))
		if w.Code != 503 {
			t.Errorf("%d", w.Code)
		}
	})
}
