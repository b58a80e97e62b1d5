package demo

import (
	"fmt"

	"github.com/twmb/franz-go/pkg/kfake"

	"kafka_burndown_exporter/internal/scenario"
)

// embeddedBrokers is the size of the embedded cluster.
const embeddedBrokers = 3

// embedded starts a Kafka inside this process, on free ports of the loopback interface, with the scenario's topics.
func embedded(names prefix, topics []scenario.Topic) (addrs []string, stop func(), err error) {
	opts := []kfake.Opt{kfake.NumBrokers(embeddedBrokers), kfake.GroupMinSessionTimeout(0)}
	for _, t := range topics {
		opts = append(opts, kfake.SeedTopics(int32(t.Partitions), names.on(t.Name)))
	}
	cluster, err := kfake.NewCluster(opts...)
	if err != nil {
		return nil, nil, fmt.Errorf("start the embedded Kafka: %w", err)
	}
	return cluster.ListenAddrs(), cluster.Close, nil
}
