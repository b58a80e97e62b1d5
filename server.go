package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/pprof"
	"strings"
	"time"

	"github.com/go-kit/log"
	"github.com/go-kit/log/level"
	"github.com/prometheus/exporter-toolkit/web"

	status "kafka_burndown_exporter/internal/web"
)

const (
	readHeaderTimeout = 10 * time.Second
	// shutdownGrace is how long answers under way may take to finish.
	shutdownGrace = 5 * time.Second
)

// routes are what the exporter serves.
type routes struct {
	metricsPath     string
	metrics, status http.Handler
	demo            http.Handler // nil but in the demo
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
	if r.demo != nil {
		mux.Handle("/demo/", r.demo)
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

// server serves until its context ends.
type server struct {
	flags  *webFlags
	tls    *tls.Config // of --server.tls, else nil
	logger log.Logger
	slog   *slog.Logger
}

// listen opens the addresses, so that one in use is known before anything else happens. Nil: the toolkit listens.
func (s *server) listen() ([]net.Listener, error) {
	if *s.flags.toolkit.WebSystemdSocket {
		return nil, nil
	}
	var out []net.Listener
	for _, address := range *s.flags.toolkit.WebListenAddresses {
		if strings.HasPrefix(address, "vsock://") {
			closeAll(out)
			return nil, nil
		}
		l, err := net.Listen("tcp", address)
		if err != nil {
			closeAll(out)
			remedy := "free it or choose another address"
			if wrong := (*net.AddrError)(nil); errors.As(err, &wrong) {
				remedy = "write it as [HOST]:PORT, e.g. :9308"
			}
			return nil, fmt.Errorf("--web.listen-address: %w; %s", err, remedy)
		}
		out = append(out, l)
	}
	return out, nil
}

func closeAll(listeners []net.Listener) {
	for _, l := range listeners {
		_ = l.Close()
	}
}

// serve returns nil after a graceful end.
func (s *server) serve(ctx context.Context, listeners []net.Listener, handler http.Handler) error {
	srv := &http.Server{Handler: handler, ReadHeaderTimeout: readHeaderTimeout}
	done := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(done)
		grace, cancel := context.WithTimeout(context.Background(), shutdownGrace)
		defer cancel()
		if err := srv.Shutdown(grace); err != nil {
			_ = level.Warn(s.logger).Log("msg", "scrapes cut off at shutdown", "err", err)
			_ = srv.Close()
		}
	})
	err := s.run(srv, listeners)
	if !stop() {
		<-done
	}
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

func (s *server) run(srv *http.Server, listeners []net.Listener) error {
	switch {
	case listeners == nil && s.tls != nil:
		return errors.New("--server.tls.enabled: not possible on these sockets; use --web.config.file")
	case listeners == nil:
		return web.ListenAndServe(srv, s.flags.toolkit, s.slog)
	case s.tls == nil:
		return web.ServeMultiple(listeners, srv, s.flags.toolkit, s.slog)
	}
	ended := make(chan error, len(listeners))
	for _, l := range listeners {
		_ = level.Info(s.logger).Log("msg", "Listening on", "address", l.Addr(), "tls", true)
		go func() { ended <- srv.Serve(tls.NewListener(l, s.tls)) }()
	}
	return <-ended
}
