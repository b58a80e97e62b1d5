package exporter

import (
	"context"
	"io"

	"github.com/go-kit/log/level"
	"github.com/prometheus/common/version"
)

// Serve runs an exporter as its flags say, until ctx ends. Log lines go to stderr. change, where it is not nil, changes
// what the flags made before the exporter is built of it.
func Serve(ctx context.Context, f *Flags, stderr io.Writer, change func(*Options)) error {
	logger, slogger := f.Log.Loggers(stderr)
	tlsConfig, err := f.Web.Check()
	if err != nil {
		return err
	}
	o := Options{StateFile: f.Desired.StateFile()}
	if o.Kafka, err = f.Kafka.Config(logger); err != nil {
		return err
	}
	o.Kafka.RateWindow = f.Lag.RateWindow()
	if err := f.Desired.Apply(&o.Kafka); err != nil {
		return err
	}
	o.Lag = f.Lag.Options(o.Kafka)
	if o.Lag.Pilot, err = f.Desired.Pilot(); err != nil {
		return err
	}
	o.Encoder = f.Metrics.Options(o.Kafka.Shard, logger)
	o.Server = NewServer(f.Web, tlsConfig, logger, slogger)
	if change != nil {
		change(&o)
	}
	e, err := New(o)
	if err != nil {
		return err
	}
	listeners, err := o.Server.Listen()
	if err != nil {
		_ = e.Close()
		return err
	}
	_ = level.Info(logger).Log("msg", "starting", "version", version.Info(), "build", version.BuildContext())
	f.Ignored.Warn(logger)
	return e.Run(ctx, listeners)
}
