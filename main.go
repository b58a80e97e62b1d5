// Command kafka_burndown_exporter exports the lag, rates and burndown of Kafka's consumer groups to Prometheus. This
// package holds the commands, their flags and the wiring; what they do is in the packages below.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/alecthomas/kingpin/v2"
	"github.com/prometheus/common/version"
)

const (
	name        = "kafka_burndown_exporter"
	description = "Consumer lag, rates and burndown of a Kafka cluster for Prometheus: a drop-in replacement of " +
		"kafka_exporter that autoscalers can trust."
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// command does the work of a subcommand; it ends when the context does.
type command func(ctx context.Context, stdout, stderr io.Writer) error

// registrar declares a subcommand with its flags. The command is called after they have been parsed.
type registrar func(app *kingpin.Application) (*kingpin.CmdClause, command)

// registrars are all subcommands, in the order of --help. The first is the default.
func registrars() []registrar {
	return []registrar{registerServe, registerCheck, registerDemo, registerSimulate, registerTune}
}

// newApp returns the command line and its commands by name.
func newApp(stdout, stderr io.Writer) (*kingpin.Application, map[string]command) {
	app := kingpin.New(name, description)
	app.UsageWriter(stdout)
	app.ErrorWriter(stderr)
	app.Terminate(func(code int) { panic(exit(code)) })
	app.Version(version.Print(name))
	app.HelpFlag.Short('h')
	commands := map[string]command{}
	for _, register := range registrars() {
		clause, cmd := register(app)
		commands[clause.FullCommand()] = cmd
	}
	return app, commands
}

// exit ends parsing where kingpin would end the process, after --help and --version.
type exit int

// run is the whole program: it returns the exit code.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) (code int) {
	defer func() {
		if e := recover(); e != nil {
			ended, ok := e.(exit)
			if !ok {
				panic(e)
			}
			code = int(ended)
		}
	}()
	app, commands := newApp(stdout, stderr)
	args, err := normalize(app.Model(), args)
	if err != nil {
		return fail(stderr, err)
	}
	selected, err := app.Parse(args)
	if err != nil {
		return fail(stderr, explain(err, args, app.Model()))
	}
	if err := commands[selected](ctx, stdout, stderr); err != nil {
		return fail(stderr, err)
	}
	return 0
}

// fail prints one line for each distinct error.
func fail(stderr io.Writer, err error) int {
	if errors.Is(err, errReported) {
		return 1
	}
	seen := map[string]bool{}
	for _, line := range strings.Split(strings.TrimSpace(err.Error()), "\n") {
		if !seen[line] {
			fmt.Fprintf(stderr, "%s: error: %s\n", name, line)
		}
		seen[line] = true
	}
	return 1
}

// errReported is returned by a command that has printed what was wrong itself.
var errReported = errors.New("reported")
