package main

import (
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"time"

	"kafka_burndown_exporter/internal/cli"
	"kafka_burndown_exporter/internal/exporter"
	"kafka_burndown_exporter/lab/demo"
	"kafka_burndown_exporter/lab/scenario"
)

// demoFlags say which workload runs where.
type demoFlags struct {
	scenario, candidate string
	speed               float64
	from                time.Duration
	brokers             []string
	connection          *exporter.ConnectionFlags
	prefix              string
	yes                 bool
	duration            time.Duration
	stdin               io.Reader // where the question is answered
	web                 *exporter.WebFlags
	log                 *exporter.LogFlags
}

func addDemoFlags(cmd cli.Flags) *demoFlags {
	f := &demoFlags{stdin: os.Stdin}
	cmd.Flag("scenario", "Workload: food-delivery, ride-hailing, fashion, payments, or a scenario file.").
		Default("food-delivery").StringVar(&f.scenario)
	cmd.Flag("candidate", "Autoscaling set-up of the scenario. Default: the one the scenario names.").StringVar(&f.candidate)
	cli.Declare(cmd, &f.speed, "speed", "", "How many times faster than in life the workload runs. Default: 10, or as fast as "+
		"10000 messages/s allow; on a cluster that is named 1.", cli.ParsePositive)
	cli.Declare(cmd, &f.from, "from", "", "Where in the scenario to begin, such as 1h. Default: where the scenario says.", parseFrom)
	cmd.Flag("kafka.server", "Run on this Kafka cluster instead of an embedded one. Repeatable.").StringsVar(&f.brokers)
	cmd.Flag("kafka.prefix", "Stands before every topic and group on such a cluster.").Default("demo.").StringVar(&f.prefix)
	cmd.Flag("yes", "Remove the topics and groups at the end without a question.").BoolVar(&f.yes)
	cli.Declare(cmd, &f.duration, "duration", "0s", "End after this time; 0s: run until interrupted.", parseDurationOrZero)
	f.connection = exporter.AddConnectionFlags(cmd)
	f.web = exporter.AddPlainWebFlags(cmd, "127.0.0.1:9308")
	f.log = exporter.AddLogFlags(cmd)
	return f
}

func parseFrom(s string) (time.Duration, error) {
	d, err := scenario.ParseDuration(s)
	if err != nil || d <= 0 {
		return 0, fmt.Errorf("%q is not a duration above zero; write e.g. 30s, 5m or 7d", s)
	}
	return d, nil
}

func parseDurationOrZero(s string) (time.Duration, error) {
	if s == "0" || s == "0s" {
		return 0, nil
	}
	return cli.ParseDuration(s)
}

// checkWeb refuses addresses beyond the loopback interface, because the page's buttons change the workload, and metrics
// where the page is.
func (f *demoFlags) checkWeb() error {
	for _, address := range f.web.Addresses() {
		host, _, err := net.SplitHostPort(address)
		if ip := net.ParseIP(host); err != nil || host != "localhost" && (ip == nil || !ip.IsLoopback()) {
			return fmt.Errorf("--web.listen-address: %q is not on the loopback interface, where the demo stays; "+
				"use e.g. 127.0.0.1:9308", address)
		}
	}
	if path := f.web.MetricsPath(); strings.HasPrefix(path, demo.Path) {
		return fmt.Errorf("--web.telemetry-path: %q is taken; choose another path", path)
	}
	return nil
}
