package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"kafka_burndown_exporter/rules"
	"kafka_burndown_exporter/test/prometheus"
)

// stage is a running demo, a stand-in for the cluster's metrics, and a Prometheus that scrapes both.
type stage struct {
	dir        string
	demo       *exec.Cmd
	standIn    *http.Server
	prometheus *prometheus.Server
}

func startStage(ctx context.Context, o options) (s *stage, err error) {
	s = &stage{}
	defer func() {
		if err != nil {
			s.close()
		}
	}()
	if s.dir, err = os.MkdirTemp("", "screenshots-"); err != nil {
		return nil, fmt.Errorf("make a folder: %w", err)
	}
	addr, err := s.startDemo(ctx, o)
	if err != nil {
		return nil, err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen for the stand-in: %w", err)
	}
	s.standIn = &http.Server{Handler: standIn{state: "http://" + addr + "/demo/state"}, ReadHeaderTimeout: time.Second}
	go s.standIn.Serve(l) //nolint:errcheck // ends with close
	files, err := s.writeRules(o)
	if err != nil {
		return nil, err
	}
	s.prometheus, err = prometheus.New(ctx, prometheus.Options{
		RuleFiles: files, Interval: 5 * time.Second,
		Targets: []prometheus.Target{{Job: "kafka", Addr: addr}, {Job: "cluster", Addr: l.Addr().String()}, {Job: "prometheus"}},
	})
	return s, err
}

func (s *stage) startDemo(ctx context.Context, o options) (string, error) {
	bin := filepath.Join(s.dir, "demo")
	build := exec.CommandContext(ctx, "go", "build", "-o", bin, ".") //nolint:gosec // fixed
	build.Dir = "lab"
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build the demo (run this from the root of the repository): %w\n%s", err, out)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("find a free port: %w", err)
	}
	addr := l.Addr().String()
	l.Close()
	s.demo = exec.Command(bin, "demo", "--scenario="+o.scenario, "--speed="+o.speed, //nolint:gosec // our own binary
		"--web.listen-address="+addr)
	s.demo.Stderr = os.Stderr
	if err := s.demo.Start(); err != nil {
		return "", fmt.Errorf("start the demo: %w", err)
	}
	return addr, nil
}

// writeRules unpacks the shipped rules and adds the prior, as a user would record it.
func (s *stage) writeRules(o options) ([]string, error) {
	var paths []string
	write := func(name string, data []byte) error {
		path := filepath.Join(s.dir, name)
		paths = append(paths, path)
		return os.WriteFile(path, data, 0o600)
	}
	for _, name := range []string{rules.BaseBurndownExporter, rules.Recording, rules.Alerts} {
		data, err := rules.Files.ReadFile(name)
		if err == nil {
			err = write(name, data)
		}
		if err != nil {
			return nil, fmt.Errorf("unpack %s: %w", name, err)
		}
	}
	if o.capacity > 0 {
		prior := fmt.Sprintf("groups: [{name: prior, rules: [{record: kafka_group_capacity_prior, expr: vector(%g), "+
			"labels: {consumergroup: %q}}]}]\n", o.capacity, o.group)
		if err := write("prior.yaml", []byte(prior)); err != nil {
			return nil, fmt.Errorf("write the prior: %w", err)
		}
	}
	return paths, nil
}

func (s *stage) close() {
	var errs []error
	if s.prometheus != nil {
		errs = append(errs, s.prometheus.Close())
	}
	if s.standIn != nil {
		errs = append(errs, s.standIn.Close())
	}
	if s.demo != nil && s.demo.Process != nil {
		errs = append(errs, s.demo.Process.Signal(syscall.SIGTERM), s.demo.Wait())
	}
	errs = append(errs, os.RemoveAll(s.dir))
	if err := errors.Join(errs...); err != nil {
		fmt.Fprintln(os.Stderr, "screenshots: clean up:", strings.ReplaceAll(err.Error(), "\n", "; "))
	}
}
