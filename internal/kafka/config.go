package kafka

import (
	"context"
	"errors"
	"fmt"
	"net"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/IBM/sarama"

	"kafka_burndown_exporter/internal/kafka/auth"
	"kafka_burndown_exporter/internal/lag"
)

// Config says which cluster is sampled and how.
type Config struct {
	// Brokers are the bootstrap addresses, host:port.
	Brokers []string
	// Version is the newest protocol version to speak, as Kafka writes it; empty negotiates.
	Version  string
	ClientID string
	// ClusterID is the ID that the cluster must have; empty takes that of the first metadata.
	ClusterID string
	// RememberedID is the ID that an earlier run saw, from its state file. It counts where ClusterID is empty.
	RememberedID string
	Security     auth.Settings
	// Dial opens the connections; nil dials TCP. Encryption and login are put on top of what it returns.
	Dial func(ctx context.Context, network, address string) (net.Conn, error)

	// Interval is the distance of waves, MaxAge how long a value may be held.
	Interval, MaxAge time.Duration
	// WaveTimeout is how long one wave may take; 0 means 8/10 of Interval. A longer one suits intervals so short that a
	// busy machine cannot connect in them; waves that overrun follow each other without a pause.
	WaveTimeout time.Duration
	// RateWindow is how far back the producer rate of a partition seen for the first time is seeded.
	RateWindow time.Duration
	// MetadataRefresh and StartsRefresh space the requests that not every wave makes; 0 means the defaults of 30 s and
	// 60 s. MembersRefresh spaces descriptions of groups; 0 is every wave.
	MetadataRefresh, MembersRefresh, StartsRefresh time.Duration
	// Behind tells which groups have lag. They are described first where not all can be described in one wave; nil: not
	// known. It is called by the sampler's goroutine.
	Behind func(group string) bool

	// The filters; nil admits (or excludes) nothing in particular.
	TopicFilter, TopicExclude *regexp.Regexp
	GroupFilter, GroupExclude *regexp.Regexp
	// ReadCommitted names the groups whose lag is taken to the last stable offset; nil: none.
	ReadCommitted *regexp.Regexp
	// Expect lists groups with their topics that are published even while Kafka does not list them.
	Expect map[string][]string
	Shard  Shard
}

// Shard is one of Count equal parts of the groups and topics; Count 0 and 1 are the whole.
type Shard struct{ Index, Count int }

// oldestVersion is the first protocol version in which committed offsets of all topics can be asked for together with
// an isolation level for end offsets (KIP-98).
var oldestVersion = sarama.V0_11_0_0

// Validate reports every setting that cannot work, naming the flag and the remedy. It opens no connection.
func (c Config) Validate() error {
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if len(c.Brokers) == 0 {
		bad("--kafka.server: no broker given; name at least one as host:port")
	}
	for _, b := range c.Brokers {
		if err := validAddress(b); err != nil {
			bad("--kafka.server=%s: %w; write it as host:port, e.g. kafka:9092", b, err)
		}
	}
	if _, err := c.version(); err != nil {
		bad("--kafka.version=%s: %w; leave it out to negotiate with each broker", c.Version, err)
	}
	for _, d := range []struct {
		flag  string
		value time.Duration
	}{
		{"--sample.interval", c.Interval}, {"--sample.max-age", c.MaxAge}, {"--rate.window", c.RateWindow},
		{"--refresh.metadata", c.MetadataRefresh}, {"--refresh.members", c.MembersRefresh},
		{"--refresh.starts", c.StartsRefresh},
	} {
		if d.value < 0 {
			bad("%s=%s: a duration cannot be negative; use e.g. 30s", d.flag, d.value)
		}
	}
	if c.MaxAge > 0 && c.MaxAge < 2*c.Interval { // the next sample is published up to 1.8 intervals after one began
		bad("--sample.max-age=%s is shorter than two of --sample.interval=%s, so that series would come and go; use %s or more",
			c.MaxAge, c.Interval, 3*c.Interval)
	}
	if c.Shard.Count < 0 || c.Shard.Index < 0 || c.Shard.Index >= max(c.Shard.Count, 1) {
		bad("--shard=%d/%d: the first number counts from 0 and must be below the second; use 0/%d … %d/%d",
			c.Shard.Index, c.Shard.Count, max(c.Shard.Count, 1), max(c.Shard.Count, 1)-1, max(c.Shard.Count, 1))
	}
	for group, topics := range c.Expect {
		if group == "" || len(topics) == 0 {
			bad("--group.expect=%s=: needs a group and its topics; write GROUP=TOPIC[,TOPIC]", group)
		}
		for _, t := range topics {
			if t == "" {
				bad("--group.expect=%s=: an empty topic name; write GROUP=TOPIC[,TOPIC]", group)
			}
		}
	}
	return errors.Join(append(errs, c.Security.Validate())...)
}

func validAddress(address string) error {
	host, port, err := net.SplitHostPort(address)
	switch {
	case err != nil:
		return errors.New("not an address with a port")
	case host == "":
		return errors.New("no host")
	}
	if n, err := strconv.Atoi(port); err != nil || n < 1 || n > 65535 {
		return fmt.Errorf("port %q is not between 1 and 65535", port)
	}
	return nil
}

// version is the newest protocol version to speak.
func (c Config) version() (sarama.KafkaVersion, error) {
	if c.Version == "" {
		return sarama.MaxVersion, nil
	}
	v, err := sarama.ParseKafkaVersion(c.Version)
	if err != nil {
		return v, errors.New("not a Kafka version such as 3.9.0")
	}
	if !v.IsAtLeast(oldestVersion) {
		return v, fmt.Errorf("too old, the oldest is %s", oldestVersion)
	}
	if v.IsAtLeast(sarama.MaxVersion) {
		// A later release of the same major version is spoken to in the newest version known here.
		major := func(v sarama.KafkaVersion) string { m, _, _ := strings.Cut(v.String(), "."); return m }
		if major(v) != major(sarama.MaxVersion) {
			return v, fmt.Errorf("there is no such Kafka, the newest known here is %s", sarama.MaxVersion)
		}
		return sarama.MaxVersion, nil
	}
	return v, nil
}

// withDefaults fills the settings that were left at zero.
func (c Config) withDefaults() Config {
	def := Defaults()
	if c.ClientID == "" {
		c.ClientID = def.ClientID
	}
	for _, d := range []struct {
		value *time.Duration
		def   time.Duration
	}{
		{&c.Interval, def.Interval}, {&c.MetadataRefresh, def.MetadataRefresh},
		{&c.StartsRefresh, def.StartsRefresh},
	} {
		if *d.value == 0 {
			*d.value = d.def
		}
	}
	if c.MaxAge == 0 {
		c.MaxAge = lag.MaxAge(c.Interval)
	}
	if c.WaveTimeout == 0 {
		c.WaveTimeout = c.Interval * 8 / 10
	}
	if c.Dial == nil {
		c.Dial = (&net.Dialer{KeepAlive: 30 * time.Second}).DialContext
	}
	return c
}
