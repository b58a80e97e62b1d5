package demo

import (
	"fmt"
	"strconv"

	"github.com/twmb/franz-go/pkg/kfake"

	"kafka_burndown_exporter/internal/scenario"
)

// embeddedBrokers is the size of the embedded cluster.
const embeddedBrokers = 3

// What the embedded cluster, which lives in memory, keeps of the messages: so many bytes over all partitions, and none
// older than so many milliseconds of the wall.
const (
	retentionBytes = 96 << 20
	retentionMs    = 20 * 60 * 1000
)

// embedded starts a Kafka inside this process, on free ports of the loopback interface, with the scenario's topics.
func embedded(names prefix, topics []scenario.Topic) (addrs []string, stop func(), err error) {
	cluster, err := kfake.NewCluster(kfake.NumBrokers(embeddedBrokers), kfake.GroupMinSessionTimeout(0),
		kfake.BrokerConfigs(map[string]string{"log.cleaner.backoff.ms": "10000"}))
	if err != nil {
		return nil, nil, fmt.Errorf("start the embedded Kafka: %w", err)
	}
	partitions := 0
	for _, t := range topics {
		partitions += t.Partitions
	}
	share := retentionBytes / max(partitions, 1)
	config := func(n int) *string { s := strconv.Itoa(n); return &s }
	if err := createTopics(cluster.ListenAddrs(), names, topics, map[string]*string{
		"retention.bytes": config(share), "retention.ms": config(retentionMs), "segment.bytes": config(share / 4),
	}); err != nil {
		cluster.Close()
		return nil, nil, err
	}
	return cluster.ListenAddrs(), cluster.Close, nil
}
