package exporter

import (
	"github.com/alecthomas/kingpin/v2"
	"github.com/go-kit/log"
	"github.com/go-kit/log/level"

	"kafka_burndown_exporter/internal/cli"
)

// IgnoredFlags are kafka_exporter's flags that have no meaning here. They are accepted, so that its arguments work, and
// answered with a warning.
type IgnoredFlags struct {
	given []ignoredFlag
}

type ignoredFlag struct {
	name, why string
	set       *bool
}

// AddIgnoredFlags declares them.
func AddIgnoredFlags(cmd cli.Flags) *IgnoredFlags {
	f := &IgnoredFlags{}
	add := func(name, why string) *kingpin.FlagClause {
		set := false
		f.given = append(f.given, ignoredFlag{name, why, &set})
		return cmd.Flag(name, "Accepted for kafka_exporter's sake, without effect: "+why+".").IsSetByUser(&set)
	}
	add("use.consumelag.zookeeper", "groups that commit to ZooKeeper are not supported").Bool()
	add("zookeeper.server", "groups that commit to ZooKeeper are not supported").Strings()
	add("concurrent.enable", "scrapes never wait for Kafka and never wait for each other").Bool()
	add("topic.workers", "offsets are read with one request per broker").String()
	add("kafka.allow-auto-topic-creation", "the exporter never creates a topic").Bool()
	return f
}

// Warn names the flags that were given.
func (f *IgnoredFlags) Warn(logger log.Logger) {
	for _, g := range f.given {
		if *g.set {
			_ = level.Warn(logger).Log("msg", "flag has no effect", "flag", "--"+g.name, "why", g.why)
		}
	}
}
