package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/alecthomas/kingpin/v2"

	"kafka_burndown_exporter/collector"
	"kafka_burndown_exporter/internal/cli"
	"kafka_burndown_exporter/internal/exporter"
	"kafka_burndown_exporter/internal/kafka"
)

func registerCheck(app *kingpin.Application) (*kingpin.CmdClause, cli.Command) {
	cmd := app.Command("check", "Check flags and configuration, connect, and say what the exporter can see and which rights "+
		"it lacks. Takes the flags of serve.")
	f := exporter.AddFlags(cmd)
	timeout := 30 * time.Second
	cli.Declare(cmd, &timeout, "check.timeout", "30s", "How long to wait for the cluster.", cli.ParseDuration)
	return cmd, func(ctx context.Context, stdout, stderr io.Writer) error {
		ctx, cancel := context.WithTimeout(ctx, timeout)
		defer cancel()
		return check(ctx, f, stdout, stderr)
	}
}

// check reports all that is wrong with the flags at once.
func check(ctx context.Context, f *exporter.Flags, stdout, stderr io.Writer) error {
	logger, _ := f.Log.Loggers(stderr)
	_, webErr := f.Web.Check()
	cfg, kafkaErr := f.Kafka.Config(logger)
	cfg.RateWindow = f.Lag.RateWindow()
	_, encErr := collector.NewEncoder(f.Metrics.Options(cfg.Shard, logger))
	_, desiredErr := f.Desired.Pilot()
	if err := errors.Join(webErr, kafkaErr, f.Desired.Apply(&cfg), desiredErr, encErr); err != nil {
		return err
	}
	sampler, err := kafka.New(cfg, logger, noStats{})
	if err != nil {
		return err
	}
	defer func() { _ = sampler.Close() }()
	f.Ignored.Warn(logger)
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

// WrongCluster is not noted.
func (noStats) WrongCluster(int) {}

// WaveDone is not noted.
func (noStats) WaveDone(time.Duration, bool) {}
