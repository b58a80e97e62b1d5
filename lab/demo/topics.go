package demo

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/IBM/sarama"

	"kafka_burndown_exporter/lab/scenario"
)

var nan = math.NaN()

// topicsWithin is how long new topics may take until every partition has a leader.
const topicsWithin = 30 * time.Second

// What a Kafka that lives in memory keeps of the messages: so many bytes over all partitions, and none older than so
// many milliseconds of the wall.
const (
	retentionBytes = 96 << 20
	retentionMs    = 20 * 60 * 1000
)

// inMemory is the configuration of topics on such a Kafka.
func inMemory(topics []scenario.Topic) map[string]*string {
	partitions := 0
	for _, t := range topics {
		partitions += t.Partitions
	}
	share := retentionBytes / max(partitions, 1)
	config := func(n int) *string { s := strconv.Itoa(n); return &s }
	return map[string]*string{
		"retention.bytes": config(share), "retention.ms": config(retentionMs), "segment.bytes": config(share / 4),
	}
}

// administer opens a connection to change the cluster with. Closing the admin closes the client.
func administer(cluster Cluster) (sarama.Client, sarama.ClusterAdmin, error) {
	cfg, err := cluster.config("demo-admin")
	if err != nil {
		return nil, nil, err
	}
	client, err := sarama.NewClient(cluster.Brokers, cfg)
	if err != nil {
		return nil, nil, fmt.Errorf("connect to Kafka: %w", err)
	}
	admin, err := sarama.NewClusterAdminFromClient(client)
	if err != nil {
		client.Close()
		return nil, nil, fmt.Errorf("connect to Kafka: %w", err)
	}
	return client, admin, nil
}

// createTopics makes the scenario's topics and returns once they can be produced to; those that exist stay as they are.
func createTopics(cluster Cluster, names prefix, topics []scenario.Topic) error {
	client, admin, err := administer(cluster)
	if err != nil {
		return err
	}
	defer admin.Close()
	var config map[string]*string // the cluster's own
	if cluster.own() {
		config = inMemory(topics)
	}
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

// deleteBefore deletes a topic's messages that are older than a moment.
func deleteBefore(cluster Cluster, topic string, before time.Time) error {
	client, admin, err := administer(cluster)
	if err != nil {
		return err
	}
	defer admin.Close()
	partitions, err := client.Partitions(topic)
	if err != nil {
		return fmt.Errorf("list the partitions of %s: %w", topic, err)
	}
	first := map[int32]int64{}
	for _, p := range partitions {
		offset, err := client.GetOffset(topic, p, before.UnixMilli())
		if err == nil && offset < 0 { // nothing is younger
			offset, err = client.GetOffset(topic, p, sarama.OffsetNewest)
		}
		if err != nil {
			return fmt.Errorf("look up offsets of %s: %w", topic, err)
		}
		first[p] = offset
	}
	if err := admin.DeleteRecords(topic, first); err != nil {
		return fmt.Errorf("delete records of %s: %w", topic, err)
	}
	return nil
}

// Remove deletes the scenario's topics and groups, as a demo with that prefix made them, from a real cluster.
func Remove(cluster Cluster, names string, s *scenario.Scenario) error {
	_, admin, err := administer(cluster)
	if err != nil {
		return err
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
