package web

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"kafka_burndown_exporter/internal/lag"
)

func TestStatusPage(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for name, tc := range map[string]struct {
		snapshot *lag.Snapshot
		want     string
	}{
		"before the first sample": {nil, "No sample of the cluster yet."},
		"with a sample":           {&lag.Snapshot{Began: now.Add(-3 * time.Second), Groups: make([]lag.Group, 2)}, "2 consumer groups"},
	} {
		t.Run(name, func(t *testing.T) {
			page := New(Options{
				MetricsPath: "/m", Snapshot: func() *lag.Snapshot { return tc.snapshot }, Now: func() time.Time { return now },
			})
			w := httptest.NewRecorder()
			page.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/", nil))
			for _, want := range []string{tc.want, `href="/m"`} {
				if !strings.Contains(w.Body.String(), want) {
					t.Errorf("lacks %q: %s", want, w.Body)
				}
			}
		})
	}
}
