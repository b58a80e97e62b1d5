package main

import (
	"context"
	"io"

	"github.com/alecthomas/kingpin/v2"
	"github.com/go-kit/log/level"
	"github.com/prometheus/common/version"
)

// exporterFlags are the flags of the commands that sample a cluster.
type exporterFlags struct {
	kafka   *kafkaFlags
	lag     *lagFlags
	metrics *metricsFlags
	web     *webFlags
	log     *logFlags
	ignored *ignoredFlags
}

func addExporterFlags(cmd *kingpin.CmdClause) *exporterFlags {
	return &exporterFlags{
		kafka: addKafkaFlags(cmd), lag: addLagFlags(cmd), metrics: addMetricsFlags(cmd), web: addWebFlags(cmd),
		log: addLogFlags(cmd), ignored: addIgnoredFlags(cmd),
	}
}

func registerServe(app *kingpin.Application) (*kingpin.CmdClause, command) {
	cmd := app.Command("serve", "Sample the cluster and serve its metrics. The default.").Default()
	f := addExporterFlags(cmd)
	return cmd, func(ctx context.Context, _, stderr io.Writer) error { return serve(ctx, f, stderr) }
}

func serve(ctx context.Context, f *exporterFlags, stderr io.Writer) error {
	limitMemory()
	logger, slogger := f.log.loggers(stderr)
	tlsConfig, err := f.web.check()
	if err != nil {
		return err
	}
	cfg, err := f.kafka.config(logger)
	if err != nil {
		return err
	}
	cfg.RateWindow = f.lag.opt.RateWindow
	enc, err := f.metrics.options(cfg.Shard)
	if err != nil {
		return err
	}
	srv := &server{flags: f.web, tls: tlsConfig, logger: logger, slog: slogger}
	e, err := newExporter(cfg, f.lag.options(cfg), enc, srv)
	if err != nil {
		return err
	}
	listeners, err := srv.listen()
	if err != nil {
		_ = e.sampler.Close()
		return err
	}
	_ = level.Info(logger).Log("msg", "starting", "version", version.Info(), "build", version.BuildContext())
	f.ignored.warn(logger)
	return e.run(ctx, listeners)
}
