package exporter

import (
	"fmt"
	"io"
	"log/slog"
	"strings"

	"github.com/IBM/sarama"
	"github.com/go-kit/log"
	"github.com/go-kit/log/level"
	sloggokit "github.com/tjhop/slog-gokit"

	"kafka_burndown_exporter/internal/cli"
)

// LogFlags say what is logged and how.
type LogFlags struct {
	level, format string
	verbosity     int
	sarama        bool
}

// AddLogFlags declares them.
func AddLogFlags(cmd cli.Flags) *LogFlags {
	f := &LogFlags{}
	cli.Declare(cmd, &f.level, "log.level", "info", "Least level to log: debug, info, warn or error.",
		cli.OneOf("debug", "info", "warn", "error"))
	cli.Declare(cmd, &f.format, "log.format", "logfmt", "Format of log lines: logfmt or json.", cli.OneOf("logfmt", "json"))
	cli.Declare(cmd, &f.verbosity, "verbosity", "0", "As in kafka_exporter: 1 and more is --log.level=debug.", cli.ParseCount[int])
	cmd.Flag("log.enable-sarama", "Log what the Kafka client library says, at level debug.").BoolVar(&f.sarama)
	return f
}

// Loggers returns the logger, and the same for what takes a slog.Logger.
func (f *LogFlags) Loggers(w io.Writer) (log.Logger, *slog.Logger) {
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
		sarama.Logger = saramaLogger{level.Debug(log.With(filtered, "time", log.DefaultTimestampUTC, "component", "sarama"))}
	}
	return logger, slog.New(sloggokit.NewGoKitHandler(base, &slevel))
}

// saramaLogger makes each of sarama's lines one message. go-kit's adapter for such loggers takes an address in a line for
// the place in the code that it comes from, and cuts it off with all that is before it.
type saramaLogger struct{ logger log.Logger }

// Print implements sarama.StdLogger.
func (l saramaLogger) Print(v ...any) { _ = l.logger.Log("msg", strings.TrimSpace(fmt.Sprint(v...))) }

// Printf implements sarama.StdLogger.
func (l saramaLogger) Printf(format string, v ...any) { l.Print(fmt.Sprintf(format, v...)) }

// Println implements sarama.StdLogger.
func (l saramaLogger) Println(v ...any) { l.Print(fmt.Sprintln(v...)) }
