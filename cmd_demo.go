package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/alecthomas/kingpin/v2"
	"github.com/go-kit/log"

	"kafka_burndown_exporter/collector"
	"kafka_burndown_exporter/internal/demo"
	"kafka_burndown_exporter/internal/kafka"
	"kafka_burndown_exporter/internal/lag"
	"kafka_burndown_exporter/internal/scenario"
	"kafka_burndown_exporter/internal/web"
	"kafka_burndown_exporter/scenarios"
)

// demoFlags say which workload runs where.
type demoFlags struct {
	scenario, candidate string
	speed               float64
	from                time.Duration
	brokers             []string
	prefix              string
	yes                 bool
	duration            time.Duration
	stdin               io.Reader // where the question is answered
	web                 *webFlags
	log                 *logFlags
}

func registerDemo(app *kingpin.Application) (*kingpin.CmdClause, command) {
	f := &demoFlags{stdin: os.Stdin}
	cmd := app.Command("demo", "Run the exporter in front of an embedded Kafka with a live workload whose consumers are "+
		"scaled by the real algorithm.")
	cmd.Flag("scenario", "Workload: food-delivery, ride-hailing, fashion, payments, or a scenario file.").
		Default("food-delivery").StringVar(&f.scenario)
	cmd.Flag("candidate", "Autoscaling set-up of the scenario. Default: the one the scenario names.").StringVar(&f.candidate)
	declare(cmd, &f.speed, "speed", "", "How many times faster than in life the workload runs. Default: 10, or as fast as "+
		"10000 messages/s allow; on a cluster that is named 1.", parsePositive)
	declare(cmd, &f.from, "from", "", "Where in the scenario to begin, such as 1h. Default: shortly before something happens.",
		parseDays)
	cmd.Flag("kafka.server", "Run on this Kafka cluster instead of an embedded one. Repeatable.").StringsVar(&f.brokers)
	cmd.Flag("kafka.prefix", "Stands before every topic and group on such a cluster.").Default("demo.").StringVar(&f.prefix)
	cmd.Flag("yes", "Remove the topics and groups at the end without a question.").BoolVar(&f.yes)
	declare(cmd, &f.duration, "duration", "0s", "End after this time; 0s: run until interrupted.", parseDurationOrZero)
	f.web = addWebFlagsAt(cmd, "127.0.0.1:9308")
	f.log = addLogFlags(cmd)
	return cmd, func(ctx context.Context, stdout, stderr io.Writer) error { return f.run(ctx, stdout, stderr) }
}

func parseDurationOrZero(s string) (time.Duration, error) {
	if s == "0" || s == "0s" {
		return 0, nil
	}
	return parseDuration(s)
}

func (f *demoFlags) run(ctx context.Context, stdout, stderr io.Writer) error {
	if f.duration > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, f.duration)
		defer cancel()
	}
	workload, err := demoScenario(f.scenario)
	if err != nil {
		return err
	}
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
	srv, listeners, err := f.listen(stderr)
	if err != nil {
		return err
	}
	d, err := demo.New(demo.Options{Scenario: workload, Candidate: f.candidate, Speed: f.speed, From: f.from, Brokers: f.brokers,
		Prefix: f.prefix, Logger: log.With(srv.logger, "component", "demo")})
	if err != nil {
		closeAll(listeners)
		return err
	}
	err = f.runBoth(ctx, d, srv, listeners, stdout)
	if len(f.brokers) > 0 {
		err = errors.Join(err, f.cleanUp(workload, stdout))
	}
	return err
}

// listen opens the addresses, which have to be of the loopback interface: the page's buttons change the workload.
func (f *demoFlags) listen(stderr io.Writer) (*server, []net.Listener, error) {
	for _, address := range *f.web.toolkit.WebListenAddresses {
		host, _, err := net.SplitHostPort(address)
		if ip := net.ParseIP(host); err != nil || host != "localhost" && (ip == nil || !ip.IsLoopback()) {
			return nil, nil, fmt.Errorf("--web.listen-address: %q is not on the loopback interface, where the demo stays; "+
				"use e.g. 127.0.0.1:9308", address)
		}
	}
	logger, slogger := f.log.loggers(stderr)
	srv := &server{flags: f.web, logger: logger, slog: slogger}
	listeners, err := srv.listen()
	return srv, listeners, err
}

// runBoth runs the workload and the exporter in front of it until ctx ends.
func (f *demoFlags) runBoth(ctx context.Context, d *demo.Demo, srv *server, listeners []net.Listener, stdout io.Writer) error {
	url := "http://" + listeners[0].Addr().String()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	e, err := newExporter(demoConfig(d), demoOptions(d), collector.EncoderOptions{Granularity: "partition"}, srv)
	if err != nil {
		closeAll(listeners)
		return err
	}
	e.routes.demo = demo.NewHandler(d, listeners[0].Addr().String(), f.web.path)
	e.routes.status = web.New(web.Options{MetricsPath: f.web.path, Snapshot: e.handler.Snapshot, Now: time.Now,
		Links: []web.Link{{Text: "Demo", Href: "." + demo.Path}}})
	var wg sync.WaitGroup
	wg.Go(func() { d.Run(ctx, url+f.web.path) })
	wg.Go(func() { d.Show(ctx, stdout, url, f.web.path) })
	err = e.run(ctx, listeners)
	cancel()
	wg.Wait()
	return err
}

// demoConfig samples the demo's Kafka as often as its speed asks for.
func demoConfig(d *demo.Demo) kafka.Config {
	wall := d.Clock().Wall
	interval := max(wall(10*time.Second), time.Second)
	return kafka.Config{
		Brokers: d.Brokers(), ClientID: name, Interval: interval, MaxAge: 3 * interval,
		RateWindow: max(wall(2*time.Minute), 10*time.Second), MetadataRefresh: 10 * time.Second,
		MembersRefresh: max(interval, 2*time.Second), StartsRefresh: 30 * time.Second, Expect: d.Groups(),
	}
}

func demoOptions(d *demo.Demo) lag.Options {
	cfg := demoConfig(d)
	return lag.Options{
		Interval: cfg.Interval, MaxAge: cfg.MaxAge, RateWindow: cfg.RateWindow,
		StallWindow: max(d.Clock().Wall(5*time.Minute), 15*time.Second), LagResidual: 1, BurndownCap: 86400, Log2x7Max: 140,
	}
}

// demoScenario reads a shipped scenario by its name, or a file.
func demoScenario(nameOrFile string) (*scenario.Scenario, error) {
	if _, err := os.Stat(nameOrFile); err == nil {
		return scenario.Load(nameOrFile)
	}
	if strings.ContainsAny(nameOrFile, "/.") {
		return nil, fmt.Errorf("--scenario: there is no file %q", nameOrFile)
	}
	s, err := scenario.LoadFS(scenarios.FS, nameOrFile+".yaml")
	if errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("--scenario: no scenario is called %q; use food-delivery, ride-hailing, fashion or payments, or "+
			"name a file", nameOrFile)
	}
	return s, err
}

// cleanUp removes the demo's topics and groups from a cluster that is not its own.
func (f *demoFlags) cleanUp(workload *scenario.Scenario, stdout io.Writer) error {
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
	return demo.Remove(f.brokers, f.prefix, workload)
}
