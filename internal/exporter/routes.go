package exporter

import (
	"net/http"
	"net/http/pprof"

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
}

func (r routes) mux() *http.ServeMux {
	mux := http.NewServeMux()
	mux.Handle(r.metricsPath, r.metrics)
	for _, path := range status.Paths() {
		if path != r.metricsPath && (path != "/{$}" || r.metricsPath != "/") {
			mux.Handle(path, r.status)
		}
	}
	if r.desired != nil {
		mux.Handle(status.PathDesired, r.desired)
	}
	for pattern, handler := range r.further {
		mux.Handle(pattern, handler)
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
		mux.HandleFunc(pathPprof, pprof.Index)
		mux.HandleFunc(pathPprof+"cmdline", pprof.Cmdline)
		mux.HandleFunc(pathPprof+"profile", pprof.Profile)
		mux.HandleFunc(pathPprof+"symbol", pprof.Symbol)
		mux.HandleFunc(pathPprof+"trace", pprof.Trace)
	}
	return mux
}
