// Command screenshots draws the panels of the shipped dashboards from their own queries, as PNG files for the docs. It is
// not Grafana: it asks a real Prometheus the panels' expressions, with the variables filled in, and plots the answers.
//
//	go run ./dashboards/screenshots -for 11m        # run the demo and a Prometheus that long, then draw
//	go run ./dashboards/screenshots -url http://…   # draw from a Prometheus that is there
//
// Without -url it starts the demo (embedded Kafka, real messages) and a Prometheus with the shipped rules. The series of
// kube-state-metrics and KEDA, which the demo does not have, are made from its own autoscaler's state.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"kafka_burndown_exporter/dashboards"
	"kafka_burndown_exporter/test/prometheus"
)

type options struct {
	url, out, scenario, speed string
	group, service            string
	capacity                  float64
	length                    time.Duration
	hold                      bool
}

func main() {
	var o options
	flag.StringVar(&o.url, "url", "", "draw from this Prometheus instead of starting everything")
	flag.StringVar(&o.out, "out", filepath.Join("docs", "images"), "folder of the pictures")
	flag.StringVar(&o.scenario, "scenario", "ride-hailing", "scenario of the demo")
	flag.StringVar(&o.speed, "speed", "1", "speed of the demo")
	flag.StringVar(&o.group, "group", "trip-analytics", "consumer group shown")
	flag.StringVar(&o.service, "service", "trip-analytics-consumer", "service of the demo that is shown")
	flag.Float64Var(&o.capacity, "capacity", 210, "prior of the group's capacity, messages/s and member; 0: none")
	flag.DurationVar(&o.length, "for", 11*time.Minute, "how long the demo runs, and how much is shown")
	flag.BoolVar(&o.hold, "hold", false, "print the address of the Prometheus and wait for an interrupt before drawing")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, o); err != nil {
		fmt.Fprintln(os.Stderr, "screenshots:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, o options) error {
	server := &prometheus.Server{URL: o.url}
	if o.url == "" {
		s, err := startStage(ctx, o)
		if err != nil {
			return err
		}
		defer s.close()
		server = s.prometheus
		fmt.Println("Prometheus at", server.URL)
		if o.hold {
			<-ctx.Done()
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(o.length):
		}
	}
	all, err := dashboards.Load()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(o.out, 0o755); err != nil { //nolint:gosec // pictures are read by everybody
		return fmt.Errorf("make the folder of the pictures: %w", err)
	}
	source := data{server: server, to: time.Now(), length: o.length, values: dashboards.Values{
		Group: o.group, HPA: "keda-hpa-" + o.service, ScaledObject: o.service, RateInterval: "1m",
		Range: fmt.Sprintf("%ds", int(o.length.Seconds())),
	}}
	for _, d := range all {
		if err := drawTo(ctx, d, source, filepath.Join(o.out, "dashboard-"+d.UID+".png")); err != nil {
			return fmt.Errorf("draw %s: %w", d.Title, err)
		}
	}
	return nil
}
