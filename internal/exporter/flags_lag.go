package exporter

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-kit/log"
	"github.com/go-kit/log/level"

	"kafka_burndown_exporter/collector"
	"kafka_burndown_exporter/internal/cli"
	"kafka_burndown_exporter/internal/kafka"
	"kafka_burndown_exporter/internal/lag"
)

// LagFlags say how lag becomes rates, burndown and stalls.
type LagFlags struct {
	opt lag.Options
}

// AddLagFlags declares them.
func AddLagFlags(cmd cli.Flags) *LagFlags {
	f := &LagFlags{}
	def := lag.Defaults()
	number := func(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }
	duration := func(target *time.Duration, flag, def, help string) {
		cli.Declare(cmd, target, flag, def, help, cli.ParseDuration)
	}
	duration(&f.opt.RateWindow, "rate.window", cli.Span(def.RateWindow), "Window of producer and consumer rates.")
	duration(&f.opt.StallWindow, "stall.window", cli.Span(def.StallWindow),
		"A partition with lag and without progress for this long is stalled, and its burndown at the cap.")
	cli.Declare(cmd, &f.opt.LagResidual, "lag.residual", strconv.FormatInt(def.LagResidual, 10), "Lag up to which a partition that stands still in a group with "+
		"members counts as a residue of transaction markers, not as a stall.", cli.ParseCount[int64])
	cli.Declare(cmd, &f.opt.BurndownCap, "burndown.cap", number(def.BurndownCap), "Burndown, in seconds, of a stalled partition, and the most "+
		"that is published.", cli.ParsePositive)
	cli.Declare(cmd, &f.opt.Log2x7Max, "log2x7.max", number(def.Log2x7Max), "The most that lag_log2x7 shows; 140 is a lag of 2^20.", cli.ParsePositive)
	cmd.Flag("group.include-abandoned", "Keep topics that no member subscribes to any more in their groups' totals.").
		BoolVar(&f.opt.IncludeAbandoned)
	return f
}

// RateWindow is the window of rates, which the sampler has to know too.
func (f *LagFlags) RateWindow() time.Duration { return f.opt.RateWindow }

// Options takes the sampling settings from the sampler's configuration.
func (f *LagFlags) Options(cfg kafka.Config) lag.Options {
	opt := f.opt
	opt.Interval, opt.MaxAge, opt.MembersMaxAge = cfg.Interval, cfg.MaxAge, max(3*cfg.MembersRefresh, cfg.MaxAge, 2*time.Minute)
	return opt
}

// MetricsFlags say what is published.
type MetricsFlags struct {
	labels      string
	disable     []string
	granularity string
	showAll     bool
}

// AddMetricsFlags declares them.
func AddMetricsFlags(cmd cli.Flags) *MetricsFlags {
	f := &MetricsFlags{}
	cmd.Flag("kafka.labels", "NAME=VALUE[,NAME=VALUE]: constant labels of all series about the cluster. The metrics' own "+
		"label names cannot be used.").
		PlaceHolder("NAME=VALUE,...").StringVar(&f.labels)
	cmd.Flag("offset.show-all", "Publish groups without members too. With --no-offset.show-all they have no "+
		"kafka_consumergroup_* offsets and lag, and no kafka_group_* series where nothing is left to read, unless "+
		"--group.expect names them.").
		Default("true").BoolVar(&f.showAll)
	cmd.Flag("metrics.disable", "Metric to leave out. Repeatable.").PlaceHolder("METRIC").StringsVar(&f.disable)
	cli.Declare(cmd, &f.granularity, "metrics.granularity", "partition", "Finest level of series about the cluster: partition, "+
		"topic or group.", cli.OneOf("partition", "topic", "group"))
	return f
}

// Options are the encoder's settings; the shard decides who publishes the brokers. logger gets warnings.
func (f *MetricsFlags) Options(shard kafka.Shard, logger log.Logger) collector.EncoderOptions {
	labels, skipped := parseLabels(f.labels)
	for _, item := range skipped {
		_ = level.Warn(logger).Log("msg", "a part of --kafka.labels has no effect: it is not of the form NAME=VALUE, or the "+
			"name is given again", "part", item)
	}
	return collector.EncoderOptions{
		Labels: labels, Disable: f.disable, Granularity: collector.Granularity(f.granularity),
		ConnectedOnly: !f.showAll, OmitBrokers: shard.Index > 0,
	}
}

// parseLabels does as kafka_exporter: of items without = nothing is taken, and of a name that is given twice the last
// value. skipped are the items that nothing came of.
func parseLabels(s string) (labels []collector.Label, skipped []string) {
	for _, item := range strings.Split(s, ",") {
		if item = strings.TrimSpace(item); item == "" {
			continue
		}
		name, value, ok := strings.Cut(item, "=")
		if !ok {
			skipped = append(skipped, item)
			continue
		}
		label := collector.Label{Name: strings.TrimSpace(name), Value: strings.TrimSpace(value)}
		same := func(l collector.Label) bool { return l.Name == label.Name }
		if i := slices.IndexFunc(labels, same); i >= 0 {
			skipped = append(skipped, labels[i].Name+"="+labels[i].Value)
			labels = slices.Delete(labels, i, i+1)
		}
		labels = append(labels, label)
	}
	return labels, skipped
}
