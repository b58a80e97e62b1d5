package main

import (
	"errors"
	"fmt"

	"github.com/IBM/sarama"
	"github.com/go-kit/log"

	"kafka_burndown_exporter/internal/kafka"
	"kafka_burndown_exporter/internal/kafka/auth"
	"kafka_burndown_exporter/lab/demo"
)

// cluster is the Kafka that is named, or a new one; for the workload, and for the exporter's sampler.
func (f *demoFlags) cluster(logger log.Logger) (demo.Cluster, kafka.Config, error) {
	var sampled kafka.Config
	f.connection.Apply(&sampled, logger)
	if len(f.brokers) == 0 {
		if sampled.Security.TLS.Enabled || sampled.Security.SASL.Enabled {
			return demo.Cluster{}, sampled, errors.New("--tls.enabled, --sasl.enabled: the embedded Kafka has neither; name a " +
				"cluster with --kafka.server")
		}
		c, err := embedded()
		sampled.Brokers = c.Brokers
		return c, sampled, err
	}
	sampled.Brokers = f.brokers
	if err := sampled.Validate(); err != nil {
		return demo.Cluster{}, sampled, err
	}
	configure, err := clients(sampled)
	return demo.Cluster{Brokers: f.brokers, Configure: configure}, sampled, err
}

// clients gives producers, pods and admin clients the version, the encryption and the login of the sampler. What is
// wrong with those in time, such as a certificate that expires, the sampler logs.
func clients(cfg kafka.Config) (func(*sarama.Config) error, error) {
	login, err := auth.New(cfg.Security, log.NewNopLogger())
	if err != nil {
		return nil, err
	}
	return func(c *sarama.Config) error {
		if cfg.Version != "" {
			v, err := sarama.ParseKafkaVersion(cfg.Version)
			if err != nil {
				return fmt.Errorf("--kafka.version: %w", err)
			}
			if c.Version.IsAtLeast(v) {
				c.Version = v
			}
		}
		return login.Configure(c)
	}, nil
}
