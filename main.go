// Command kafka_burndown_exporter exports the lag, rates and burndown of Kafka's consumer groups to Prometheus. This
// package holds the commands and their own flags; the flags and the wiring that the lab's demo has too are in
// internal/exporter.
package main

import (
	"context"
	"io"
	"os"
	"os/signal"
	"syscall"

	"kafka_burndown_exporter/internal/cli"
	"kafka_burndown_exporter/internal/exporter"
)

const (
	name        = exporter.Name
	description = "Consumer lag, rates and burndown of a Kafka cluster for Prometheus: a drop-in replacement of " +
		"kafka_exporter that autoscalers can trust."
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

func commandLine() cli.Program {
	return cli.Program{
		Name: name, Description: description, Register: cli.Commands(registerServe, registerCheck), // serve is the default
		Groups: exporter.FlagGroups, FlagsElsewhere: labFlags,
		Elsewhere: map[string]string{"simulate": elsewhere, "tune": elsewhere, "lint": elsewhere, "demo": elsewhere},
	}
}

// elsewhere says where the commands are that a desk needs and a cluster does not.
const elsewhere = "a command of " + exporter.LabName + ", the program for a desk; make build makes both"

// run is the whole program: it returns the exit code.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	return commandLine().Run(ctx, args, stdout, stderr)
}
