package demo

import (
	"errors"
	"fmt"
	"math"

	"github.com/IBM/sarama"

	"kafka_burndown_exporter/internal/scenario"
)

var nan = math.NaN()

// createTopics makes the scenario's topics on a real cluster; those that exist stay as they are.
func createTopics(addrs []string, names prefix, topics []scenario.Topic) error {
	admin, err := sarama.NewClusterAdmin(addrs, clientConfig("demo-admin"))
	if err != nil {
		return fmt.Errorf("connect to Kafka: %w", err)
	}
	defer admin.Close()
	for _, t := range topics {
		err := admin.CreateTopic(names.on(t.Name), &sarama.TopicDetail{NumPartitions: int32(t.Partitions), ReplicationFactor: -1}, false)
		if err != nil && !errors.Is(err, sarama.ErrTopicAlreadyExists) {
			return fmt.Errorf("create topic %s: %w", t.Name, err)
		}
	}
	return nil
}

// RemoveTopics deletes the scenario's topics, as a demo with that prefix made them, from a real cluster.
func RemoveTopics(addrs []string, names string, topics []scenario.Topic) error {
	admin, err := sarama.NewClusterAdmin(addrs, clientConfig("demo-admin"))
	if err != nil {
		return fmt.Errorf("connect to Kafka: %w", err)
	}
	defer admin.Close()
	var errs []error
	for _, t := range topics {
		if err := admin.DeleteTopic(prefix(names).on(t.Name)); err != nil && !errors.Is(err, sarama.ErrUnknownTopicOrPartition) {
			errs = append(errs, fmt.Errorf("delete topic %s: %w", t.Name, err))
		}
	}
	return errors.Join(errs...)
}
