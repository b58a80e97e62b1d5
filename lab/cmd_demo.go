package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/alecthomas/kingpin/v2"
	"github.com/go-kit/log"

	"kafka_burndown_exporter/collector"
	"kafka_burndown_exporter/internal/cli"
	"kafka_burndown_exporter/internal/exporter"
	"kafka_burndown_exporter/internal/kafka"
	"kafka_burndown_exporter/internal/lag"
	"kafka_burndown_exporter/internal/web"
	"kafka_burndown_exporter/lab/demo"
	"kafka_burndown_exporter/lab/scenario"
)

func registerDemo(app *kingpin.Application) (*kingpin.CmdClause, cli.Command) {
	cmd := app.Command("demo", "Run the exporter in front of an embedded Kafka with a live workload whose consumers are scaled by "+
		"the real algorithm.")
	return cmd, addDemoFlags(cmd).run
}

func (f *demoFlags) run(ctx context.Context, stdout, stderr io.Writer) error {
	if f.duration > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, f.duration)
		defer cancel()
	}
	if err := f.checkWeb(); err != nil {
		return err
	}
	workload, err := readScenario(f.scenario)
	if err != nil {
		return fmt.Errorf("--scenario: %w", err)
	}
	f.pace(workload)
	logger, slogger := f.log.Loggers(stderr)
	srv := exporter.NewServer(f.web, nil, logger, slogger)
	listeners, err := srv.Listen()
	if err != nil {
		return err
	}
	cluster, sampled, err := f.cluster(logger)
	if err != nil {
		exporter.CloseAll(listeners)
		return err
	}
	d, err := demo.New(demo.Options{Scenario: workload, Candidate: f.candidate, Speed: f.speed, From: f.from, Cluster: cluster,
		Prefix: f.prefix, Logger: log.With(logger, "component", "demo")})
	if err != nil {
		exporter.CloseAll(listeners)
		if cluster.Stop != nil {
			cluster.Stop()
		}
		return err
	}
	err = f.runBoth(ctx, d, sampled, srv, listeners, stdout)
	if len(f.brokers) > 0 {
		err = errors.Join(err, f.cleanUp(cluster, workload, stdout))
	}
	return err
}

// pace fills in how fast the scenario runs and where it begins, where the flags leave that open.
func (f *demoFlags) pace(workload *scenario.Scenario) {
	speed, from := demo.Pace(workload)
	if len(f.brokers) == 0 {
		f.prefix = ""
	} else {
		speed = 1
	}
	if f.speed == 0 {
		f.speed = speed
	}
	if f.from == 0 {
		f.from = from
	}
}

// runBoth runs the workload and the exporter in front of it until ctx ends.
func (f *demoFlags) runBoth(ctx context.Context, d *demo.Demo, cfg kafka.Config, srv *exporter.Server,
	listeners []net.Listener, stdout io.Writer,
) error {
	url := "http://" + listeners[0].Addr().String()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	keepPace(&cfg, d)
	e, err := exporter.New(exporter.Options{
		Kafka: cfg, Lag: lagOptions(d, cfg), Encoder: collector.EncoderOptions{Granularity: "partition"}, Server: srv,
		Links: []web.Link{{Text: "Demo", Href: "." + demo.Path}},
		Pages: map[string]http.Handler{demo.Path: demo.NewHandler(d, listeners[0].Addr().String(), f.web.MetricsPath())},
	})
	if err != nil {
		exporter.CloseAll(listeners)
		return err
	}
	var wg sync.WaitGroup
	wg.Go(func() { d.Run(ctx, url+f.web.MetricsPath()) })
	wg.Go(func() { d.Show(ctx, stdout, url, f.web.MetricsPath()) })
	err = e.Run(ctx, listeners)
	cancel()
	wg.Wait()
	return err
}

// keepPace samples the demo's Kafka as often as its speed asks for.
func keepPace(cfg *kafka.Config, d *demo.Demo) {
	def := lag.Scaled(d.Clock().Speed())
	cfg.Interval = max(def.Interval, time.Second)
	cfg.MaxAge = lag.MaxAge(cfg.Interval)
	cfg.WaveTimeout = 5 * time.Second // a busy machine may need more than an interval to connect
	cfg.RateWindow = demo.RateWindow(d.Clock().Speed())
	cfg.MetadataRefresh = 10 * time.Second
	cfg.MembersRefresh = 0 // every sample: the pilots want to know who holds what
	cfg.StartsRefresh = 30 * time.Second
	cfg.Expect = d.Groups()
}

func lagOptions(d *demo.Demo, cfg kafka.Config) lag.Options {
	opt := lag.Scaled(d.Clock().Speed()).Every(cfg.Interval)
	opt.RateWindow, opt.StallWindow = cfg.RateWindow, max(opt.StallWindow, 15*time.Second)
	opt.MembersMaxAge = 2 * opt.StallWindow
	opt.Pilot = d.Pilots(opt.MaxAge)
	return opt
}

// cleanUp removes the demo's topics and groups from a cluster that is not its own.
func (f *demoFlags) cleanUp(cluster demo.Cluster, workload *scenario.Scenario, stdout io.Writer) error {
	if !f.yes {
		signal.Reset(os.Interrupt, syscall.SIGTERM) // they end the question, as they ended the demo
		fmt.Fprintf(stdout, "Remove the %d topics and %d groups %s* from %s? [y/N] ", len(workload.Topics),
			len(workload.Services), f.prefix, f.brokers[0])
		answer, _ := bufio.NewReader(f.stdin).ReadString('\n')
		if a := strings.ToLower(strings.TrimSpace(answer)); a != "y" && a != "yes" {
			fmt.Fprintln(stdout, "They stay.")
			return nil
		}
	}
	return demo.Remove(cluster, f.prefix, workload)
}
