package exporter

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/go-kit/log"
	"github.com/go-kit/log/level"
	"github.com/prometheus/exporter-toolkit/web"
)

// shutdownGrace is how long answers under way may take to finish.
const shutdownGrace = 5 * time.Second

// Server serves until its context ends.
type Server struct {
	flags  *WebFlags
	tls    *tls.Config // of --server.tls, else nil
	logger log.Logger
	slog   *slog.Logger
}

// NewServer is a server as its flags say; tlsConfig is what WebFlags.Check returned.
func NewServer(flags *WebFlags, tlsConfig *tls.Config, logger log.Logger, slogger *slog.Logger) *Server {
	return &Server{flags: flags, tls: tlsConfig, logger: logger, slog: slogger}
}

// Listen opens the addresses, so that one in use is known before anything else happens. Nil: the toolkit listens.
func (s *Server) Listen() ([]net.Listener, error) {
	if *s.flags.toolkit.WebSystemdSocket {
		return nil, nil
	}
	var out []net.Listener
	for _, address := range *s.flags.toolkit.WebListenAddresses {
		if strings.HasPrefix(address, "vsock://") {
			CloseAll(out)
			return nil, nil
		}
		l, err := net.Listen("tcp", address)
		if err != nil {
			CloseAll(out)
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

// CloseAll closes listeners that nobody will serve.
func CloseAll(listeners []net.Listener) {
	for _, l := range listeners {
		_ = l.Close()
	}
}

// serve returns nil after a graceful end.
func (s *Server) serve(ctx context.Context, listeners []net.Listener, handler http.Handler) error {
	srv := newHTTPServer(handler, s.slog)
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

func (s *Server) run(srv *http.Server, listeners []net.Listener) error {
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
