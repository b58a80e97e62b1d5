package exporter

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestProfiles(t *testing.T) {
	nothing := http.NotFoundHandler()
	mux := routes{metricsPath: "/m", metrics: nothing, status: nothing, pprof: true}.mux()
	get := func(path string) *httptest.ResponseRecorder {
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
		return w
	}
	for path, want := range map[string]string{
		"/debug/pprof/": "goroutine\nheap\n", "/debug/pprof/goroutine?debug=1": "TestProfiles", "/debug/pprof/heap?debug=1": "heap profile",
	} {
		if w := get(path); w.Code != 200 || !strings.Contains(w.Body.String(), want) {
			t.Errorf("%s: %d without %q: %.200s", path, w.Code, want, w.Body)
		}
	}
	gzipped := []byte{0x1f, 0x8b}
	for _, path := range []string{"/debug/pprof/allocs", "/debug/pprof/profile?seconds=1"} {
		if w := get(path); w.Code != 200 || !bytes.HasPrefix(w.Body.Bytes(), gzipped) {
			t.Errorf("%s: %d, %d bytes", path, w.Code, w.Body.Len())
		}
	}
	for path, want := range map[string]int{
		"/debug/pprof/nothing": 404, "/debug/pprof/profile?seconds=soon": 400, "/debug/pprof/profile?seconds=9999": 400,
	} {
		if w := get(path); w.Code != want {
			t.Errorf("%s: %d, want %d", path, w.Code, want)
		}
	}
}
