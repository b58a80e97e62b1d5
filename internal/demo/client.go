package demo

import (
	"github.com/IBM/sarama"
	"github.com/rcrowley/go-metrics"
)

// clientConfig is what producers and consumers of the workload share.
func clientConfig(id string) *sarama.Config {
	cfg := sarama.NewConfig()
	cfg.ClientID = id
	cfg.Version = sarama.V3_6_0_0
	cfg.Metadata.AllowAutoTopicCreation = false
	cfg.MetricRegistry = metrics.NewRegistry()
	return cfg
}
