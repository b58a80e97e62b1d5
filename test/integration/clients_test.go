package integration

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/IBM/sarama"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	broker "kafka_burndown_exporter/test/kafka"
)

// client returns a client that ends with the test.
func client(t *testing.T, cluster *broker.Cluster, options ...kgo.Opt) *kgo.Client {
	t.Helper()
	all := []kgo.Opt{
		kgo.SeedBrokers(cluster.Addrs(broker.Plaintext)...),
		kgo.RecordPartitioner(kgo.ManualPartitioner()),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
		kgo.MetadataMinAge(100 * time.Millisecond),
	}
	c, err := kgo.NewClient(append(all, options...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// produce writes n messages to each partition of a topic.
func produce(t *testing.T, c *kgo.Client, topic string, partitions int32, n int) {
	t.Helper()
	var records []*kgo.Record
	for p := range partitions {
		for range n {
			records = append(records, &kgo.Record{Topic: topic, Partition: p, Value: []byte("x")})
		}
	}
	if err := c.ProduceSync(t.Context(), records...).FirstErr(); err != nil {
		t.Fatalf("produce to %s: %v", topic, err)
	}
}

// consume returns a member of a group that has read at least one message. It commits nothing by itself.
func consume(t *testing.T, cluster *broker.Cluster, group string, options ...kgo.Opt) *kgo.Client {
	t.Helper()
	options = append(options, kgo.ConsumerGroup(group), kgo.DisableAutoCommit())
	c := client(t, cluster, options...)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	for {
		fetches := c.PollRecords(ctx, 1)
		if err := ctx.Err(); err != nil {
			t.Fatalf("group %s reads nothing: %v, %v", group, err, fetches.Errors())
		}
		if fetches.NumRecords() > 0 {
			return c
		}
	}
}

// commit commits offsets as a member of the client's group.
func commit(t *testing.T, c *kgo.Client, topic string, offsets map[int32]int64) {
	t.Helper()
	all := map[int32]kgo.EpochOffset{}
	for p, o := range offsets {
		all[p] = kgo.EpochOffset{Epoch: -1, Offset: o}
	}
	var failed error
	c.CommitOffsetsSync(t.Context(), map[string]map[int32]kgo.EpochOffset{topic: all},
		func(_ *kgo.Client, _ *kmsg.OffsetCommitRequest, answer *kmsg.OffsetCommitResponse, err error) {
			failed = err
			if err != nil {
				return
			}
			for _, topic := range answer.Topics {
				for _, p := range topic.Partitions {
					if p.ErrorCode != 0 {
						failed = fmt.Errorf("partition %d: %w", p.Partition, sarama.KError(p.ErrorCode))
					}
				}
			}
		})
	if failed != nil {
		t.Fatalf("commit on %s: %v", topic, failed)
	}
}

// commitSimply commits as a consumer without a group membership does.
func commitSimply(t *testing.T, cluster *broker.Cluster, group, topic string, offsets map[int32]int64) {
	t.Helper()
	admin := admin(t, cluster)
	all := map[int32]sarama.OffsetAndMetadata{}
	for p, o := range offsets {
		all[p] = sarama.OffsetAndMetadata{Offset: o, LeaderEpoch: -1}
	}
	answer, err := admin.AlterConsumerGroupOffsets(group, map[string]map[int32]sarama.OffsetAndMetadata{topic: all}, nil)
	if err != nil {
		t.Fatalf("commit for %s: %v", group, err)
	}
	for _, partitions := range answer.Errors {
		for p, code := range partitions {
			if code != sarama.ErrNoError {
				t.Fatalf("commit for %s: partition %d: %v", group, p, code)
			}
		}
	}
}

func admin(t *testing.T, cluster *broker.Cluster) sarama.ClusterAdmin {
	t.Helper()
	admin, err := cluster.Admin()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { admin.Close() })
	return admin
}

func createTopic(t *testing.T, cluster *broker.Cluster, name string, partitions int32) {
	t.Helper()
	if err := cluster.CreateTopic(name, partitions); err != nil {
		t.Fatal(err)
	}
}
