package demo

import (
	"fmt"

	"github.com/IBM/sarama"
	"github.com/rcrowley/go-metrics"
)

// Cluster is the Kafka that a workload runs on.
type Cluster struct {
	// Brokers are the addresses to begin with, host:port.
	Brokers []string
	// Configure puts protocol version, encryption and login into a client's configuration; nil: plain text, no login.
	Configure func(*sarama.Config) error
	// Stop ends a Kafka that the demo started and is called when the workload has left it; nil: it was there before.
	Stop func()
}

// config is what producers, consumers and admin clients of the workload share.
func (c Cluster) config(id string) (*sarama.Config, error) {
	cfg := sarama.NewConfig()
	cfg.ClientID = id
	cfg.Version = sarama.V3_6_0_0
	cfg.Metadata.AllowAutoTopicCreation = false
	cfg.MetricRegistry = metrics.NewRegistry()
	if c.Configure == nil {
		return cfg, nil
	}
	if err := c.Configure(cfg); err != nil {
		return nil, fmt.Errorf("configure the Kafka client %s: %w", id, err)
	}
	return cfg, nil
}

// own reports whether the cluster exists for the demo only.
func (c Cluster) own() bool { return c.Stop != nil }
