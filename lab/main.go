// Command kafka_burndown_lab proves autoscaling before it runs: simulate and tune replay a workload through the exact KEDA
// and HPA algorithms, and demo shows the whole loop live. It is a module of its own so that the exporter, which runs beside
// Kafka, carries neither the simulator nor the embedded Kafka. This package holds the commands and their own flags.
package main

import (
	"context"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kingpin/v2"

	"kafka_burndown_exporter/internal/cli"
	"kafka_burndown_exporter/internal/exporter"
)

const (
	name        = exporter.LabName
	description = "Prove a ScaledObject before it runs: replay workloads through the exact KEDA and HPA algorithms, search " +
		"thresholds, and watch the whole loop live on an embedded Kafka."
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// run is the whole program: it returns the exit code.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	return commandLine().Run(ctx, args, stdout, stderr)
}

func commandLine() cli.Program {
	return cli.Program{
		Name: name, Description: description,
		Register:       cli.Commands(registerSimulate, registerTune, registerLint, registerDemo, registerStudy),
		Elsewhere:      map[string]string{"serve": elsewhere, "check": elsewhere},
		FlagsElsewhere: exporterFlags(),
	}
}

// exporterFlags are the flags of the exporter, which this program does not take.
func exporterFlags() map[string]string {
	app := kingpin.New(exporter.Name, "")
	exporter.AddFlags(app)
	out := map[string]string{}
	for _, f := range app.Model().Flags {
		out[f.Name] = exporter.Name
	}
	return out
}

const elsewhere = "a command of " + exporter.Name
