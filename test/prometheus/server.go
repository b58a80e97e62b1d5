// Package prometheus starts a real Prometheus server on loopback, for tests and for the program that draws the
// dashboards, and asks it queries. It knows nothing of Kafka.
//
// Prometheus and promtool are external programs (Debian: prometheus). Where they are missing Start skips the test and
// says so; with CI=true it fails.
package prometheus

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

// ErrMissing says that a program is not installed.
var ErrMissing = errors.New("is not installed (Debian: prometheus)")

// Target is something to scrape.
type Target struct {
	Job, Addr, Path string            // Addr is the server's own if empty, Path /metrics
	Labels          map[string]string // added to every series
	// RenameLabels has labels that the target sets itself become exported_…, as by default; else they win.
	RenameLabels bool
}

// Options say what server is started.
type Options struct {
	// RuleFiles are loaded as they are, except that their groups' intervals become Interval.
	RuleFiles []string
	Targets   []Target
	// Interval is the scrape and evaluation interval, 1 s if 0.
	Interval time.Duration
	// History is OpenMetrics text with timestamps that the server finds in its database; it must be older than now.
	History string
	// WebConfig is the text of --web.config.file. The login that it asks for, if any, becomes part of Server.URL.
	WebConfig string
	Login     *url.Userinfo
	// Args are further arguments of the server.
	Args []string
}

// Server is a running Prometheus.
type Server struct {
	URL  string
	dir  string
	cmd  *exec.Cmd
	done chan struct{}
	log  *bytes.Buffer // to be read after done only
}

// Start starts a server that ends with the test.
func Start(t testing.TB, options Options) *Server {
	t.Helper()
	s, err := New(t.Context(), options)
	switch {
	case err == nil:
	case errors.Is(err, ErrMissing) && os.Getenv("CI") != "true":
		t.Skip(err)
	default:
		t.Fatalf("start Prometheus: %v", err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		if t.Failed() {
			t.Logf("Prometheus's log:\n%s", s.log)
		}
	})
	return s
}

// New starts a server and waits until it is ready. The caller closes it.
func New(ctx context.Context, options Options) (*Server, error) {
	for _, program := range []string{"prometheus", "promtool"} {
		if _, err := exec.LookPath(program); err != nil {
			return nil, fmt.Errorf("%s %w", program, ErrMissing)
		}
	}
	dir, err := os.MkdirTemp("", "prometheus-")
	if err != nil {
		return nil, fmt.Errorf("make a folder for Prometheus: %w", err)
	}
	s := &Server{dir: dir, done: make(chan struct{}), log: &bytes.Buffer{}}
	if err := s.start(ctx, options); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func (s *Server) start(ctx context.Context, options Options) error {
	if options.Interval == 0 {
		options.Interval = time.Second
	}
	data := filepath.Join(s.dir, "data")
	if options.History != "" {
		if err := s.backfill(ctx, options.History, data); err != nil {
			return err
		}
	}
	addr, err := freeAddr()
	if err != nil {
		return err
	}
	if err := s.configure(options, addr); err != nil {
		return err
	}
	s.URL = (&url.URL{Scheme: "http", User: options.Login, Host: addr}).String()
	args := []string{"--config.file=" + filepath.Join(s.dir, "prometheus.yml"), "--storage.tsdb.path=" + data,
		"--web.listen-address=" + addr, "--log.level=warn"}
	args = append(args, options.Args...)
	if options.WebConfig != "" {
		file := filepath.Join(s.dir, "web.yml")
		if err := os.WriteFile(file, []byte(options.WebConfig), 0o600); err != nil {
			return fmt.Errorf("write web configuration: %w", err)
		}
		args = append(args, "--web.config.file="+file)
	}
	s.cmd = exec.Command("prometheus", args...) //nolint:gosec // fixed name
	s.cmd.Stdout, s.cmd.Stderr = s.log, s.log
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := s.cmd.Start(); err != nil {
		return fmt.Errorf("start Prometheus: %w", err)
	}
	go func() {
		_ = s.cmd.Wait() // its exit is judged by what it answers
		close(s.done)
	}()
	return s.waitReady(ctx)
}

func (s *Server) backfill(ctx context.Context, text, data string) error {
	file := filepath.Join(s.dir, "history.om")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		return fmt.Errorf("write history: %w", err)
	}
	cmd := exec.CommandContext(ctx, "promtool", "tsdb", "create-blocks-from", //nolint:gosec // fixed
		"--max-block-duration=48h", "openmetrics", "--quiet", file, data)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("turn history into blocks: %w\n%s", err, out)
	}
	return nil
}

func (s *Server) configure(options Options, own string) error {
	interval := regexp.MustCompile(`(?m)^(\s+)interval: \S+$`)
	var conf strings.Builder
	fmt.Fprintf(&conf, "global: {scrape_interval: %[1]s, evaluation_interval: %[1]s, scrape_timeout: %[1]s}\n",
		promDuration(options.Interval))
	fmt.Fprintln(&conf, "rule_files:")
	for _, file := range options.RuleFiles {
		data, err := os.ReadFile(file)
		if err != nil {
			return fmt.Errorf("read rules: %w", err)
		}
		data = interval.ReplaceAll(data, []byte("${1}interval: "+promDuration(options.Interval)))
		name := filepath.Base(file)
		if err := os.WriteFile(filepath.Join(s.dir, name), data, 0o600); err != nil {
			return fmt.Errorf("write rules: %w", err)
		}
		fmt.Fprintf(&conf, "  - %s\n", name)
	}
	fmt.Fprintln(&conf, "scrape_configs:")
	for _, t := range options.Targets {
		path := t.Path
		if path == "" {
			path = "/metrics"
		}
		if t.Addr == "" {
			t.Addr = own
		}
		fmt.Fprintf(&conf, "  - job_name: %q\n    metrics_path: %q\n    honor_labels: %t\n", t.Job, path, !t.RenameLabels)
		fmt.Fprintf(&conf, "    static_configs:\n      - targets: [%q]\n        labels: {", t.Addr)
		for name, value := range t.Labels {
			fmt.Fprintf(&conf, "%s: %q, ", name, value)
		}
		fmt.Fprintln(&conf, "}")
	}
	if err := os.WriteFile(filepath.Join(s.dir, "prometheus.yml"), []byte(conf.String()), 0o600); err != nil {
		return fmt.Errorf("write Prometheus's configuration: %w", err)
	}
	return nil
}

func promDuration(d time.Duration) string { return fmt.Sprintf("%dms", d.Milliseconds()) }

func freeAddr() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("find a free port: %w", err)
	}
	defer l.Close()
	return l.Addr().String(), nil
}

func (s *Server) waitReady(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	for {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, s.URL+"/-/ready", nil)
		if err != nil {
			return fmt.Errorf("wait for Prometheus: %w", err)
		}
		if res, err := http.DefaultClient.Do(req); err == nil {
			res.Body.Close()
			if res.StatusCode == http.StatusOK {
				return nil
			}
		}
		select {
		case <-s.done:
			return fmt.Errorf("the server ended: %s", s.log)
		case <-ctx.Done():
			return fmt.Errorf("wait for Prometheus: %w", ctx.Err())
		case <-time.After(50 * time.Millisecond):
		}
	}
}

// Close stops the server and removes its data.
func (s *Server) Close() error {
	if s.cmd != nil && s.cmd.Process != nil {
		_ = s.cmd.Process.Signal(syscall.SIGTERM) // it may have ended
		select {
		case <-s.done:
		case <-time.After(10 * time.Second):
			_ = s.cmd.Process.Kill()
			<-s.done
		}
	}
	if err := os.RemoveAll(s.dir); err != nil {
		return fmt.Errorf("remove Prometheus's data: %w", err)
	}
	return nil
}
