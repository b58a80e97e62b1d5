package kafka

import (
	"strings"
	"testing"
	"time"

	"github.com/go-kit/log"

	"kafka_burndown_exporter/internal/kafka/auth"
)

func TestValidateNamesFlagAndRemedy(t *testing.T) {
	good := Config{Brokers: []string{"kafka:9092"}, Interval: 10 * time.Second, MaxAge: 30 * time.Second}
	for _, c := range []struct {
		name   string
		change func(*Config)
		want   []string // nil: valid
	}{
		{"valid", func(*Config) {}, nil},
		{"no broker", func(c *Config) { c.Brokers = nil }, []string{"--kafka.server", "host:port"}},
		{"no port", func(c *Config) { c.Brokers = []string{"kafka"} }, []string{"--kafka.server=kafka", "host:port"}},
		{"no host", func(c *Config) { c.Brokers = []string{":9092"} }, []string{"no host"}},
		{"bad port", func(c *Config) { c.Brokers = []string{"kafka:x"} }, []string{`port "x"`}},
		{"version", func(c *Config) { c.Version = "latest" }, []string{"--kafka.version=latest", "leave it out"}},
		{"old version", func(c *Config) { c.Version = "0.10.0.0" }, []string{"--kafka.version", "too old"}},
		{"newer than known", func(c *Config) { c.Version = "4.99.0" }, nil},
		{"no such version", func(c *Config) { c.Version = "9.9.0" }, []string{"--kafka.version=9.9.0", "no such Kafka", "newest known here is 4."}},
		{"kafka_exporter's default version", func(c *Config) { c.Version = "2.0.0" }, nil},
		{"negative", func(c *Config) { c.RateWindow = -1 }, []string{"--rate.window", "negative"}},
		{"gaps", func(c *Config) { c.MaxAge = 15 * time.Second }, []string{"--sample.max-age=15s", "use 30s"}},
		{"max-age", func(c *Config) { c.MaxAge = time.Second }, []string{"--sample.max-age", "--sample.interval"}},
		{"shard", func(c *Config) { c.Shard = Shard{3, 3} }, []string{"--shard=3/3", "2/3"}},
		{"shard of nothing", func(c *Config) { c.Shard = Shard{1, 0} }, []string{"--shard=1/0"}},
		{"expect", func(c *Config) { c.Expect = map[string][]string{"g": nil} }, []string{"--group.expect=g=", "GROUP=TOPIC"}},
		{"expect empty", func(c *Config) { c.Expect = map[string][]string{"g": {""}} }, []string{"--group.expect=g="}},
		{"security", func(c *Config) { c.Security.TLS = auth.TLS{Enabled: true, CertFile: "x"} }, []string{"--tls."}},
	} {
		t.Run(c.name, func(t *testing.T) {
			config := good
			c.change(&config)
			_, err := New(config, log.NewNopLogger(), newCountingStats())
			if c.want == nil {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			if err == nil {
				t.Fatal("no error")
			}
			for _, w := range c.want {
				if !strings.Contains(err.Error(), w) {
					t.Errorf("%q is not in %q", w, err)
				}
			}
		})
	}
}
