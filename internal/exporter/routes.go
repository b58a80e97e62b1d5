package exporter

import (
	"net/http"

	status "kafka_burndown_exporter/internal/web"
)

// routes are what the exporter serves.
type routes struct {
	metricsPath     string
	metrics, status http.Handler
	desired         http.Handler
	further         map[string]http.Handler // by pattern
	ready           func() bool
	pprof           bool
	// maxRequests is how many pages are made and sent at a time; 0: any number. Metrics have a budget of their own.
	maxRequests int
}

func (r routes) mux() *http.ServeMux {
	mux := http.NewServeMux()
	mux.Handle(r.metricsPath, r.metrics)
	pages := &budget{max: r.maxRequests}
	for _, path := range status.Paths() {
		if path != r.metricsPath && (path != "/{$}" || r.metricsPath != "/") {
			mux.Handle(path, pages.limit(r.status))
		}
	}
	if r.desired != nil {
		mux.Handle(status.PathDesired, (&budget{max: r.maxRequests}).limit(r.desired))
	}
	for pattern, handler := range r.further {
		mux.Handle(pattern, (&budget{max: r.maxRequests}).limit(handler))
	}
	healthy := func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("ok")) }
	mux.HandleFunc(pathHealthy, healthy)
	mux.HandleFunc(pathHealthz, healthy)
	mux.HandleFunc(pathReady, func(w http.ResponseWriter, _ *http.Request) {
		if !r.ready() {
			http.Error(w, "no sample of the cluster to serve", http.StatusServiceUnavailable)
			return
		}
		_, _ = w.Write([]byte("ready"))
	})
	if r.pprof {
		mux.Handle(pathPprof+"{profile...}", (&budget{max: maxProfiles}).limit(unhurried(http.HandlerFunc(profile))))
	}
	return mux
}
