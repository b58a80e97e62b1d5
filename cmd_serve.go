package main

import (
	"context"
	"io"

	"github.com/alecthomas/kingpin/v2"
	"github.com/go-kit/log/level"
	"github.com/prometheus/common/version"

	"kafka_burndown_exporter/internal/cli"
	"kafka_burndown_exporter/internal/exporter"
)

func registerServe(app *kingpin.Application) (*kingpin.CmdClause, cli.Command) {
	cmd := app.Command("serve", "Sample the cluster and serve its metrics. The default.").Default()
	f := exporter.AddFlags(cmd)
	return cmd, func(ctx context.Context, _, stderr io.Writer) error { return serve(ctx, f, stderr) }
}

func serve(ctx context.Context, f *exporter.Flags, stderr io.Writer) error {
	limitMemory()
	logger, slogger := f.Log.Loggers(stderr)
	tlsConfig, err := f.Web.Check()
	if err != nil {
		return err
	}
	cfg, err := f.Kafka.Config(logger)
	if err != nil {
		return err
	}
	cfg.RateWindow = f.Lag.RateWindow()
	f.Desired.Apply(&cfg)
	lagOptions := f.Lag.Options(cfg)
	if lagOptions.Pilot, err = f.Desired.Pilot(); err != nil {
		return err
	}
	enc := f.Metrics.Options(cfg.Shard, logger)
	srv := exporter.NewServer(f.Web, tlsConfig, logger, slogger)
	e, err := exporter.New(exporter.Options{
		Kafka: cfg, Lag: lagOptions, Encoder: enc, Server: srv, StateFile: f.Desired.StateFile(),
	})
	if err != nil {
		return err
	}
	listeners, err := srv.Listen()
	if err != nil {
		_ = e.Close()
		return err
	}
	_ = level.Info(logger).Log("msg", "starting", "version", version.Info(), "build", version.BuildContext())
	f.Ignored.Warn(logger)
	return e.Run(ctx, listeners)
}
