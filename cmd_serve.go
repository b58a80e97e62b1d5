package main

import (
	"context"
	"io"

	"github.com/alecthomas/kingpin/v2"

	"kafka_burndown_exporter/internal/cli"
	"kafka_burndown_exporter/internal/exporter"
)

func registerServe(app *kingpin.Application) (*kingpin.CmdClause, cli.Command) {
	cmd := app.Command("serve", "Sample the cluster and serve its metrics. The default.").Default()
	f := exporter.AddFlags(cmd)
	return cmd, func(ctx context.Context, _, stderr io.Writer) error {
		limitMemory()
		return exporter.Serve(ctx, f, stderr, nil)
	}
}
