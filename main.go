// Command kafka_burndown_exporter exports the lag, rates and burndown of Kafka's consumer groups to Prometheus. This
// package holds the commands and their own flags; the flags and the wiring that the demo has too are in internal/exporter.
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
	name        = exporter.Name
	description = "Consumer lag, rates and burndown of a Kafka cluster for Prometheus: a drop-in replacement of " +
		"kafka_exporter that autoscalers can trust."
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// registrar declares a subcommand with its flags. The command is called after they have been parsed.
type registrar func(app *kingpin.Application) (*kingpin.CmdClause, cli.Command)

// registrars are all subcommands, in the order of --help. The first is the default.
func registrars() []registrar {
	return []registrar{registerServe, registerCheck, registerSimulate, registerTune}
}

func commandLine() cli.Program {
	return cli.Program{Name: name, Description: description, Elsewhere: elsewhere(), Register: func(app *kingpin.Application) map[string]cli.Command {
		commands := map[string]cli.Command{}
		for _, register := range registrars() {
			clause, cmd := register(app)
			commands[clause.FullCommand()] = cmd
		}
		return commands
	}}
}

// elsewhere are the commands that are programs of their own.
func elsewhere() map[string]string {
	return map[string]string{"demo": "a program of its own, kafka_burndown_demo, because of the Kafka it brings; run make demo"}
}

// run is the whole program: it returns the exit code.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	return commandLine().Run(ctx, args, stdout, stderr)
}
