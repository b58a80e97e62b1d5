// Command kafka_burndown_demo runs the exporter in front of a Kafka, embedded or named, with a live workload whose
// consumers are scaled by the real algorithm. It is a module of its own so that the exporter does not carry the embedded
// Kafka, whose only import outside tests is here. The workload, the pods and the autoscaler are in internal/demo.
package main

import (
	"context"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kingpin/v2"

	"kafka_burndown_exporter/internal/cli"
)

const (
	name        = "kafka_burndown_demo"
	description = "See lag turn into replicas: kafka_burndown_exporter in front of an embedded Kafka with a live workload " +
		"whose consumers are scaled by the real algorithm."
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
	return cli.Program{Name: name, Description: description, Register: func(app *kingpin.Application) map[string]cli.Command {
		return map[string]cli.Command{"": addFlags(app).run}
	}, Elsewhere: map[string]string{"demo": "not a command; " + name + " takes flags only"}}
}
