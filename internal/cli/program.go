// Package cli is the command line of the programs of this repository: parsing that accepts what kafka_exporter's charts
// pass, one clear line for each mistake, and values that name their flag. Which flags there are, and what the commands
// do, belongs to the programs and to the packages below them.
package cli

import (
	"context"
	"fmt"
	"io"
	"strings"
	"text/template"

	"github.com/alecthomas/kingpin/v2"
	"github.com/prometheus/common/version"
)

// Command does the work of a command; it ends when the context does.
type Command func(ctx context.Context, stdout, stderr io.Writer) error

// Program is what a binary's main function runs.
type Program struct {
	Name, Description string
	// Register declares the commands with their flags and returns them by name. A program without subcommands declares
	// flags on the application and returns its only command under the empty name.
	Register func(app *kingpin.Application) map[string]Command
	// Elsewhere are commands that one may look for here, and what to do instead.
	Elsewhere map[string]string
	// FlagsElsewhere are flags of other programs by name: the program and the command that take them.
	FlagsElsewhere map[string]string
	// Groups are the headings of --help, in their order.
	Groups []Group
}

// Registrar declares a subcommand with its flags. The command is called after they have been parsed.
type Registrar func(app *kingpin.Application) (*kingpin.CmdClause, Command)

// Commands is a Program's Register for subcommands, in the order of --help.
func Commands(registrars ...Registrar) func(app *kingpin.Application) map[string]Command {
	return func(app *kingpin.Application) map[string]Command {
		commands := map[string]Command{}
		for _, register := range registrars {
			clause, cmd := register(app)
			commands[clause.FullCommand()] = cmd
		}
		return commands
	}
}

// App returns the command line and its commands by name.
func (p Program) App(stdout, stderr io.Writer) (*kingpin.Application, map[string]Command) {
	app := kingpin.New(p.Name, p.Description)
	app.UsageWriter(stdout)
	app.ErrorWriter(stderr)
	app.Terminate(func(code int) { panic(exit(code)) })
	app.Version(version.Print(p.Name))
	app.UsageTemplate(helpTemplate)
	app.UsageFuncs(template.FuncMap{"Headings": p.headings})
	app.HelpFlag.Short('h')
	return app, p.Register(app)
}

// exit ends parsing where kingpin would end the process, after --help and --version.
type exit int

// Run is the whole program: it returns the exit code.
func (p Program) Run(ctx context.Context, args []string, stdout, stderr io.Writer) (code int) {
	defer func() {
		if e := recover(); e != nil {
			ended, ok := e.(exit)
			if !ok {
				panic(e)
			}
			code = int(ended)
		}
	}()
	if err := p.run(ctx, args, stdout, stderr); err != nil {
		p.report(stderr, err)
		return 1
	}
	return 0
}

func (p Program) run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	if len(args) > 0 {
		if instead, ok := p.Elsewhere[args[0]]; ok {
			return fmt.Errorf("%s: %s", args[0], instead)
		}
	}
	app, commands := p.App(stdout, stderr)
	selected, err := parse(app, args, p.FlagsElsewhere)
	if err != nil {
		return err
	}
	return commands[selected](ctx, stdout, stderr)
}

// report prints one line for each distinct error.
func (p Program) report(stderr io.Writer, err error) {
	seen := map[string]bool{}
	for _, line := range strings.Split(strings.TrimSpace(Printable(err.Error())), "\n") {
		if !seen[line] {
			fmt.Fprintf(stderr, "%s: error: %s\n", p.Name, line)
		}
		seen[line] = true
	}
}

// Parse reads the arguments into the flags and returns the name of the command that was given or is the default. Its
// errors name the flag and the remedy.
func Parse(app *kingpin.Application, args []string) (string, error) { return parse(app, args, nil) }

func parse(app *kingpin.Application, args []string, elsewhere map[string]string) (string, error) {
	args, err := normalize(app.Model(), args)
	if err != nil {
		return "", err
	}
	selected, err := app.Parse(args)
	if err != nil {
		return "", explain(err, args, app.Model(), elsewhere)
	}
	return selected, nil
}
