package exporter

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/go-kit/log"

	"kafka_burndown_exporter/internal/cli"
	"kafka_burndown_exporter/internal/kafka"
	"kafka_burndown_exporter/internal/lag"
)

// KafkaFlags say which cluster is sampled and how.
type KafkaFlags struct {
	cfg        kafka.Config
	connection ConnectionFlags
	expect     []string
	shard      kafka.Shard
}

// AddKafkaFlags declares them.
func AddKafkaFlags(cmd cli.Flags) *KafkaFlags {
	f := &KafkaFlags{}
	cmd.Flag("kafka.server", "Address (host:port) of a Kafka broker to start from. Repeatable, and takes a list with "+
		"commas.").
		Default("kafka:9092").StringsVar(&f.cfg.Brokers)
	cmd.Flag("kafka.cluster-id", "ID that the cluster must have. A broker of another cluster is not read. Default: the ID of the "+
		"first answer.").PlaceHolder("ID").StringVar(&f.cfg.ClusterID)
	f.connection.addClient(cmd)
	f.addSampling(cmd)
	f.addFilters(cmd)
	f.connection.addTLS(cmd)
	f.connection.addSASL(cmd)
	return f
}

func (f *KafkaFlags) addSampling(cmd cli.Flags) {
	def := kafka.Defaults()
	duration := func(target *time.Duration, flag, def, help string) {
		cli.Declare(cmd, target, flag, def, help, cli.ParseDuration)
	}
	cli.Declare(cmd, &f.cfg.Interval, "sample.interval", cli.Span(def.Interval), "How often the cluster is sampled. Scrapes never wait for Kafka.",
		cli.ParseInterval)
	duration(&f.cfg.MaxAge, "sample.max-age", "",
		"How long a value that cannot be read any more is still served. Default: three sample intervals.")
	duration(&f.cfg.MetadataRefresh, "refresh.metadata", cli.Span(def.MetadataRefresh), "How often topics, partitions and brokers are read.")
	duration(&f.cfg.MembersRefresh, "refresh.members", "",
		"How often the members of groups without a change of state are read. Default: in every sample, and every "+
			cli.Span(kafka.SlowMembersRefresh)+" with --desired.disable.")
	duration(&f.cfg.StartsRefresh, "refresh.starts", cli.Span(def.StartsRefresh), "How often log start offsets are read.")
}

func (f *KafkaFlags) addFilters(cmd cli.Flags) {
	filter := func(target **regexp.Regexp, flag, def, help string) {
		cli.Declare(cmd, target, flag, def, help, cli.ParseRegexp)
	}
	filter(&f.cfg.TopicFilter, "topic.filter", ".*", "Regular expression of the topics to read.")
	filter(&f.cfg.TopicExclude, "topic.exclude", "^$", "Regular expression of the topics to leave out.")
	filter(&f.cfg.GroupFilter, "group.filter", ".*", "Regular expression of the consumer groups to read.")
	filter(&f.cfg.GroupExclude, "group.exclude", "^$", "Regular expression of the consumer groups to leave out.")
	filter(&f.cfg.ReadCommitted, "offsets.read-committed", "",
		"Regular expression of the groups whose lag ends at the last stable offset instead of the high watermark.")
	cmd.Flag("group.expect", "GROUP=TOPIC[,TOPIC]: a group that is published even while Kafka does not list it, with the "+
		"commits that its coordinator has of it or, without any, empty and with its whole backlog, so that scaling to zero can "+
		"start from nothing. Repeatable.").
		PlaceHolder("GROUP=TOPIC,...").StringsVar(&f.expect)
	cli.Declare(cmd, &f.shard, "shard", "", "I/N: this process is part I (from 0) of N. Groups and topics are spread by the hash "+
		"of their name.", parseShard)
}

// Config completes what the flags say from the environment. logger gets warnings.
func (f *KafkaFlags) Config(logger log.Logger) (kafka.Config, error) {
	cfg := f.cfg
	cfg.Brokers = splitAddresses(cfg.Brokers)
	cfg.Shard = f.shard
	if cfg.MaxAge == 0 {
		cfg.MaxAge = lag.MaxAge(cfg.Interval)
	}
	// The defaults need not be asked about every name.
	cfg.TopicFilter, cfg.TopicExclude = unless(cfg.TopicFilter, ".*"), unless(cfg.TopicExclude, "^$")
	cfg.GroupFilter, cfg.GroupExclude = unless(cfg.GroupFilter, ".*"), unless(cfg.GroupExclude, "^$")
	f.connection.Apply(&cfg, logger)
	var err error
	cfg.Expect, err = parseExpect(f.expect)
	return cfg, err
}

// splitAddresses takes lists apart, as bootstrap.servers is written.
func splitAddresses(lists []string) (addresses []string) {
	for _, list := range lists {
		for _, a := range strings.Split(list, ",") {
			addresses = append(addresses, strings.TrimSpace(a))
		}
	}
	return addresses
}

// unless is nil for one expression.
func unless(re *regexp.Regexp, text string) *regexp.Regexp {
	if re.String() == text {
		return nil
	}
	return re
}

// parseExpect reads GROUP=TOPIC[,TOPIC]; a group's name may contain =, a topic's cannot.
func parseExpect(list []string) (map[string][]string, error) {
	if len(list) == 0 {
		return nil, nil
	}
	out := map[string][]string{}
	for _, item := range list {
		at := strings.LastIndexByte(item, '=')
		if at <= 0 || at == len(item)-1 {
			return nil, fmt.Errorf("--group.expect: %q is not of the form GROUP=TOPIC[,TOPIC]", item)
		}
		for _, topic := range strings.Split(item[at+1:], ",") {
			if topic = strings.TrimSpace(topic); topic == "" {
				return nil, fmt.Errorf("--group.expect: %q has an empty topic; write GROUP=TOPIC[,TOPIC]", item)
			}
			out[item[:at]] = append(out[item[:at]], topic)
		}
	}
	return out, nil
}

func parseShard(s string) (kafka.Shard, error) {
	i, n, ok := strings.Cut(s, "/")
	index, err1 := strconv.Atoi(i)
	count, err2 := strconv.Atoi(n)
	switch {
	case !ok || err1 != nil || err2 != nil:
		return kafka.Shard{}, fmt.Errorf("%q is not of the form I/N, e.g. 0/3", s)
	case count < 1 || index < 0 || index >= count:
		return kafka.Shard{}, fmt.Errorf("%q is impossible; of N shards the first is 0/N and the last N-1/N", s)
	}
	return kafka.Shard{Index: index, Count: count}, nil
}
