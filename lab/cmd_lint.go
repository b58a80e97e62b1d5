package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/alecthomas/kingpin/v2"

	"kafka_burndown_exporter/internal/cli"
	"kafka_burndown_exporter/lab/manifest"
)

// lintFlags say what is checked and what is known about it.
type lintFlags struct {
	paths  []string
	format string
	strict bool
	facts  manifest.Facts
	stdin  io.Reader
}

func registerLint(app *kingpin.Application) (*kingpin.CmdClause, cli.Command) {
	cmd := app.Command("lint", "Check ScaledObjects and what stands beside them, for a CI: exit code 1 on errors.")
	return cmd, addLintFlags(cmd).run
}

func addLintFlags(cmd *kingpin.CmdClause) *lintFlags {
	f := &lintFlags{stdin: os.Stdin}
	cmd.Arg("file", "Manifest files, folders with manifests, or - for standard input.").Required().StringsVar(&f.paths)
	cmd.Flag("format", "What to print: text or json.").Default("text").EnumVar(&f.format, "text", "json")
	cmd.Flag("strict", "Exit code 1 on warnings too.").BoolVar(&f.strict)
	cli.Declare(cmd, &f.facts.Partitions, "partitions", "",
		"Partitions of the topics that the groups read, for the lints that need them.", cli.ParseCount[int])
	cli.Declare(cmd, &f.facts.Capacity, "capacity", "", "Messages/s of one replica, for the lints that need them.", cli.ParsePositive)
	cli.Declare(cmd, &f.facts.StartDelay, "start-delay", "30s", "From the decision until a pod consumes.", parseDays)
	cli.Declare(cmd, &f.facts.RebalancePause, "rebalance-pause", "5s", "How long a change of membership stops consumption.", parseDays)
	return f
}

// lintReport is the output with --format=json.
type lintReport struct {
	Objects  int                `json:"objects"`
	Errors   int                `json:"errors"`
	Warnings int                `json:"warnings"`
	Findings []manifest.Finding `json:"findings"`
}

func (f *lintFlags) run(_ context.Context, stdout, _ io.Writer) error {
	facts := func(*manifest.Object) manifest.Facts { return f.facts }
	bundle, findings, err := manifest.Check(f.paths, f.stdin, manifest.Options{}, facts)
	if err != nil {
		return err
	}
	report := lintReport{Objects: len(bundle.Objects), Findings: findings}
	for i := range findings {
		switch findings[i].Severity {
		case manifest.Fatal:
			report.Errors++
		case manifest.Warning:
			report.Warnings++
		}
	}
	if err := f.print(stdout, &report); err != nil {
		return err
	}
	if report.Errors > 0 || f.strict && report.Warnings > 0 {
		return fmt.Errorf("%s, %s", counted(report.Errors, "error"), counted(report.Warnings, "warning"))
	}
	return nil
}

func (f *lintFlags) print(w io.Writer, report *lintReport) error {
	if f.format == "json" {
		enc := json.NewEncoder(w)
		enc.SetIndent("", "  ")
		enc.SetEscapeHTML(false)
		if report.Findings == nil {
			report.Findings = []manifest.Finding{}
		}
		return enc.Encode(report)
	}
	var b strings.Builder
	for i := range report.Findings {
		fmt.Fprintln(&b, cli.Printable(report.Findings[i].String()))
	}
	fmt.Fprintf(&b, "%s checked: %s, %s\n", counted(report.Objects, "object"), counted(report.Errors, "error"),
		counted(report.Warnings, "warning"))
	_, err := io.WriteString(w, b.String())
	return err
}

func counted(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
