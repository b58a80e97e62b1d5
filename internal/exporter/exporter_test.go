package exporter

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"kafka_burndown_exporter/internal/kafka"
	"kafka_burndown_exporter/internal/lag"
	"kafka_burndown_exporter/internal/pilot"
)

func TestGroupExpect(t *testing.T) {
	got, err := parseExpect([]string{"a=x,y", "b=c=z", "a=w"})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string][]string{"a": {"x", "y", "w"}, "b=c": {"z"}}, got); diff != "" {
		t.Error(diff)
	}
}

// TestPilotsNeedTheMembers, whoever builds the exporter: serve by its flags, or another program such as the lab's demo.
func TestPilotsNeedTheMembers(t *testing.T) {
	o := Options{Kafka: kafka.Config{Interval: time.Second, MembersRefresh: time.Minute},
		Lag: lag.Options{Pilot: func(string) pilot.Options { return pilot.Options{} }}}
	if _, err := New(o); err == nil || !strings.HasPrefix(err.Error(), "--refresh.members=1m: desired replicas need") {
		t.Errorf("%v", err)
	}
}

func code(h http.Handler, path string) int {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
	return w.Code
}

func TestRoutes(t *testing.T) {
	ready := false
	page := func(text string) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, text) })
	}
	for _, tc := range []struct {
		name, path string
		r          routes
		ready      bool
		want       int
	}{
		{"metrics", "/m", routes{metricsPath: "/m"}, false, 200},
		{"status", "/", routes{metricsPath: "/m"}, false, 200},
		{"metrics at the root", "/", routes{metricsPath: "/"}, false, 200},
		{"nothing", "/else", routes{metricsPath: "/m"}, false, 404},
		{"healthy", "/-/healthy", routes{metricsPath: "/m"}, false, 200},
		{"healthz", "/healthz", routes{metricsPath: "/m"}, false, 200},
		{"not ready", "/-/ready", routes{metricsPath: "/m"}, false, 503},
		{"ready", "/-/ready", routes{metricsPath: "/m"}, true, 200},
		{"no profiles", "/debug/pprof/", routes{metricsPath: "/m"}, false, 404},
		{"profiles", "/debug/pprof/", routes{metricsPath: "/m", pprof: true}, false, 200},
	} {
		t.Run(tc.name, func(t *testing.T) {
			ready = tc.ready
			tc.r.metrics, tc.r.status, tc.r.ready = page("metrics"), page("status"), func() bool { return ready }
			if got := code(tc.r.mux(), tc.path); got != tc.want {
				t.Errorf("%s: status %d, want %d", tc.path, got, tc.want)
			}
		})
	}
}
