package exporter

import (
	"fmt"
	"net/http"
	"runtime"
	"runtime/pprof"
	"strconv"
	"time"
)

// maxCPUProfile is the longest CPU profile that can be asked for.
const maxCPUProfile = 5 * time.Minute

// profile serves the profiles that `go tool pprof` reads: all of runtime/pprof by name, and the CPU's as profile. It is a
// part of net/http/pprof, which would make the binary larger by a quarter of a megabyte.
func profile(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("profile")
	switch p := pprof.Lookup(name); {
	case name == "":
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_, _ = fmt.Fprintln(w, "profile?seconds=30")
		for _, p := range pprof.Profiles() {
			_, _ = fmt.Fprintln(w, p.Name())
		}
	case name == "profile":
		profileCPU(w, r)
	case p == nil:
		http.Error(w, "no such profile", http.StatusNotFound)
	default:
		if name == "heap" {
			runtime.GC() // what is in use, not what was
		}
		debug, _ := strconv.Atoi(r.FormValue("debug"))
		if debug != 0 {
			w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		} else {
			w.Header().Set("Content-Type", "application/octet-stream")
		}
		_ = p.WriteTo(w, debug)
	}
}

func profileCPU(w http.ResponseWriter, r *http.Request) {
	length := 30 * time.Second
	if text := r.FormValue("seconds"); text != "" {
		seconds, err := strconv.Atoi(text)
		if err != nil || seconds < 1 || time.Duration(seconds)*time.Second > maxCPUProfile {
			http.Error(w, fmt.Sprintf("seconds: must be an integer from 1 to %d", int(maxCPUProfile.Seconds())), http.StatusBadRequest)
			return
		}
		length = time.Duration(seconds) * time.Second
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	if err := pprof.StartCPUProfile(w); err != nil {
		http.Error(w, "a CPU profile is being taken", http.StatusServiceUnavailable)
		return
	}
	defer pprof.StopCPUProfile()
	select {
	case <-time.After(length):
	case <-r.Context().Done():
	}
}
