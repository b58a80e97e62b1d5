package main

import (
	"fmt"

	"github.com/twmb/franz-go/pkg/kfake"

	"kafka_burndown_exporter/lab/demo"
)

// embeddedBrokers is the size of the embedded cluster.
const embeddedBrokers = 3

// embedded starts a Kafka inside this process, on free ports of the loopback interface.
func embedded() (demo.Cluster, error) {
	cluster, err := kfake.NewCluster(kfake.NumBrokers(embeddedBrokers), kfake.GroupMinSessionTimeout(0),
		kfake.BrokerConfigs(map[string]string{"log.cleaner.backoff.ms": "10000"}))
	if err != nil {
		return demo.Cluster{}, fmt.Errorf("start the embedded Kafka: %w", err)
	}
	return demo.Cluster{Brokers: cluster.ListenAddrs(), Stop: cluster.Close}, nil
}
