package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/alecthomas/kingpin/v2"

	"kafka_burndown_exporter/collector"
	"kafka_burndown_exporter/internal/kafka"
)

func registerCheck(app *kingpin.Application) (*kingpin.CmdClause, command) {
	cmd := app.Command("check", "Check flags and configuration, connect, and say what the exporter can see and which rights "+
		"it lacks. Takes the flags of serve.")
	f := addExporterFlags(cmd)
	timeout := 30 * time.Second
	declare(cmd, &timeout, "check.timeout", "30s", "How long to wait for the cluster.", parseDuration)
	return cmd, func(ctx context.Context, stdout, stderr io.Writer) error {
		ctx, cancel := context.WithTimeout(ctx, timeout)
		defer cancel()
		return check(ctx, f, stdout, stderr)
	}
}

// check reports all that is wrong with the flags at once.
func check(ctx context.Context, f *exporterFlags, stdout, stderr io.Writer) error {
	logger, _ := f.log.loggers(stderr)
	_, webErr := f.web.check()
	cfg, kafkaErr := f.kafka.config(logger)
	cfg.RateWindow = f.lag.opt.RateWindow
	enc, labelErr := f.metrics.options(cfg.Shard)
	_, encErr := collector.NewEncoder(enc)
	if err := errors.Join(webErr, kafkaErr, labelErr, encErr); err != nil {
		return err
	}
	sampler, err := kafka.New(cfg, logger, noStats{})
	if err != nil {
		return err
	}
	defer func() { _ = sampler.Close() }()
	f.ignored.warn(logger)
	if err := sampler.Check(ctx, stdout); err != nil {
		return fmt.Errorf("check: %w", err)
	}
	return nil
}

// noStats is for a sampler whose counts nobody reads.
type noStats struct{}

// Request is not counted.
func (noStats) Request(_, _ string) {}

// Failure is not counted.
func (noStats) Failure(_, _, _ string) {}

// WaveDone is not noted.
func (noStats) WaveDone(time.Duration, bool) {}
