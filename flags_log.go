package main

import (
	"io"
	stdlog "log"
	"log/slog"

	"github.com/IBM/sarama"
	"github.com/alecthomas/kingpin/v2"
	"github.com/go-kit/log"
	"github.com/go-kit/log/level"
	sloggokit "github.com/tjhop/slog-gokit"
)

// logFlags say what is logged and how.
type logFlags struct {
	level, format string
	verbosity     int
	sarama        bool
}

func addLogFlags(cmd *kingpin.CmdClause) *logFlags {
	f := &logFlags{}
	declare(cmd, &f.level, "log.level", "info", "Least level to log: debug, info, warn or error.",
		oneOf("debug", "info", "warn", "error"))
	declare(cmd, &f.format, "log.format", "logfmt", "Format of log lines: logfmt or json.", oneOf("logfmt", "json"))
	declare(cmd, &f.verbosity, "verbosity", "0", "As in kafka_exporter: 1 and more is --log.level=debug.", parseCount[int])
	cmd.Flag("log.enable-sarama", "Log what the Kafka client library says, at level debug.").BoolVar(&f.sarama)
	return f
}

// loggers returns the logger, and the same for what takes a slog.Logger.
func (f *logFlags) loggers(w io.Writer) (log.Logger, *slog.Logger) {
	base := log.NewLogfmtLogger(log.NewSyncWriter(w))
	if f.format == "json" {
		base = log.NewJSONLogger(log.NewSyncWriter(w))
	}
	least := f.level
	if f.verbosity > 0 || f.sarama {
		least = "debug"
	}
	filtered := level.NewFilter(base, level.Allow(level.ParseDefault(least, level.InfoValue())))
	logger := log.With(filtered, "time", log.DefaultTimestampUTC, "caller", log.DefaultCaller)
	var slevel slog.LevelVar
	if err := slevel.UnmarshalText([]byte(least)); err != nil {
		slevel.Set(slog.LevelInfo)
	}
	if f.sarama {
		sarama.Logger = stdlog.New(log.NewStdlibAdapter(level.Debug(log.With(logger, "component", "sarama"))), "", 0)
	}
	return logger, slog.New(sloggokit.NewGoKitHandler(base, &slevel))
}
