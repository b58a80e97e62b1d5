package demo

import (
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/IBM/sarama"

	"kafka_burndown_exporter/internal/scenario"
)

var nan = math.NaN()

// topicsWithin is how long new topics may take until every partition has a leader.
const topicsWithin = 30 * time.Second

// createTopics makes the scenario's topics and returns once they can be produced to; those that exist stay as they are.
func createTopics(addrs []string, names prefix, topics []scenario.Topic, config map[string]*string) error {
	client, err := sarama.NewClient(addrs, clientConfig("demo-admin"))
	if err != nil {
		return fmt.Errorf("connect to Kafka: %w", err)
	}
	admin, err := sarama.NewClusterAdminFromClient(client)
	if err != nil {
		client.Close()
		return fmt.Errorf("connect to Kafka: %w", err)
	}
	defer admin.Close()
	for _, t := range topics {
		detail := &sarama.TopicDetail{NumPartitions: int32(t.Partitions), ReplicationFactor: -1, ConfigEntries: config}
		if err := admin.CreateTopic(names.on(t.Name), detail, false); err != nil && !errors.Is(err, sarama.ErrTopicAlreadyExists) {
			return fmt.Errorf("create topic %s: %w", names.on(t.Name), err)
		}
	}
	deadline := time.Now().Add(topicsWithin)
	for _, t := range topics {
		if err := awaitTopic(client, names.on(t.Name), t.Partitions, deadline); err != nil {
			return err
		}
	}
	return nil
}

// awaitTopic waits until every partition of a topic has a leader.
func awaitTopic(client sarama.Client, topic string, partitions int, deadline time.Time) error {
	for {
		_ = client.RefreshMetadata(topic)
		all, err := client.Partitions(topic)
		led, err2 := client.WritablePartitions(topic)
		switch {
		case err == nil && len(all) > 0 && len(all) != partitions:
			return fmt.Errorf("topic %s has %d partitions and the scenario needs %d; remove it, or choose another "+
				"--kafka.prefix", topic, len(all), partitions)
		case err == nil && err2 == nil && len(led) == partitions:
			return nil
		case time.Now().After(deadline):
			return fmt.Errorf("topic %s: no leader for every partition within %s: %w", topic, topicsWithin, errors.Join(err, err2))
		}
		time.Sleep(100 * time.Millisecond)
	}
}

// Remove deletes the scenario's topics and groups, as a demo with that prefix made them, from a real cluster.
func Remove(addrs []string, names string, s *scenario.Scenario) error {
	admin, err := sarama.NewClusterAdmin(addrs, clientConfig("demo-admin"))
	if err != nil {
		return fmt.Errorf("connect to Kafka: %w", err)
	}
	defer admin.Close()
	var errs []error
	for i := range s.Services {
		group := prefix(names).on(s.Services[i].Group)
		if err := admin.DeleteConsumerGroup(group); err != nil && !errors.Is(err, sarama.ErrGroupIDNotFound) {
			errs = append(errs, fmt.Errorf("delete group %s: %w", group, err))
		}
	}
	for _, t := range s.Topics {
		name := prefix(names).on(t.Name)
		if err := admin.DeleteTopic(name); err != nil && !errors.Is(err, sarama.ErrUnknownTopicOrPartition) {
			errs = append(errs, fmt.Errorf("delete topic %s: %w", name, err))
		}
	}
	return errors.Join(errs...)
}
