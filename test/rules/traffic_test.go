package rules_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/IBM/sarama"

	"kafka_burndown_exporter/test/kafka"
)

// The cast: a group with members that falls slowly behind, and one that only commits, has a name that needs quoting and
// has not committed everywhere.
const (
	topicOrders = "orders.v1"
	partitions  = 4
	flow        = "flow"
	odd         = `o"dd 'größe'.日本`

	cycle    = 8 * time.Second // a burst, then stillness
	perBurst = 200             // messages produced to each partition
	perRead  = 180             // messages consumed from each partition
)

// traffic produces and consumes in bursts and notes what stands in between.
type traffic struct {
	log      *trafficLog
	producer sarama.SyncProducer
	permits  []chan int // by partition: how many messages may be read
	done     chan struct{}
	odd      sarama.OffsetManager
	oddPart  sarama.PartitionOffsetManager
	end      []int64
	read     []int64
	oddAt    int64
}

func startTraffic(t *testing.T, c *kafka.Cluster) *traffic {
	t.Helper()
	if err := c.CreateTopic(topicOrders, partitions); err != nil {
		t.Fatal(err)
	}
	config := c.Config()
	config.Producer.Return.Successes = true
	config.Producer.Partitioner = sarama.NewManualPartitioner
	config.Consumer.Offsets.Initial = sarama.OffsetOldest
	config.Consumer.Offsets.AutoCommit.Enable = false
	client, err := sarama.NewClient(c.Addrs(kafka.Plaintext), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	tr := &traffic{
		log: &trafficLog{}, done: make(chan struct{}, partitions), end: make([]int64, partitions), read: make([]int64, partitions),
	}
	for range partitions {
		tr.permits = append(tr.permits, make(chan int, 1))
	}
	if tr.producer, err = sarama.NewSyncProducerFromClient(client); err != nil {
		t.Fatal(err)
	}
	if tr.odd, err = sarama.NewOffsetManagerFromClient(odd, client); err != nil {
		t.Fatal(err)
	}
	if tr.oddPart, err = tr.odd.ManagePartition(topicOrders, 0); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		startMember(t, c, config, tr)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := tr.run(ctx); err != nil {
			t.Errorf("traffic: %v", err)
		}
	})
	t.Cleanup(func() { cancel(); wg.Wait() })
	return tr
}

// run bursts until the context ends.
func (tr *traffic) run(ctx context.Context) error {
	for {
		if err := tr.burst(ctx); err != nil {
			if ctx.Err() != nil {
				return nil
			}
			return err
		}
		m := moment{
			from: time.Now(), until: time.Now().Add(cycle),
			end: map[string][]int64{topicOrders: append([]int64(nil), tr.end...)},
			committed: map[string]map[string][]int64{
				flow: {topicOrders: append([]int64(nil), tr.read...)},
				odd:  {topicOrders: {tr.oddAt, -1, -1, -1}},
			},
		}
		tr.log.add(m)
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(time.Until(m.until)):
		}
	}
}

// burst produces, lets the members read and commit, and commits for the other group.
func (tr *traffic) burst(ctx context.Context) error {
	var batch []*sarama.ProducerMessage
	for p := range partitions {
		for range perBurst {
			batch = append(batch, &sarama.ProducerMessage{Topic: topicOrders, Partition: int32(p), Value: sarama.StringEncoder("x")})
		}
		tr.end[p] += perBurst
	}
	if err := tr.producer.SendMessages(batch); err != nil {
		return fmt.Errorf("produce: %w", err)
	}
	for p := range partitions {
		tr.read[p] += perRead
		tr.permits[p] <- perRead
	}
	for range partitions {
		select {
		case <-tr.done:
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(2 * time.Minute):
			return fmt.Errorf("the members read nothing")
		}
	}
	tr.oddAt += 10
	tr.oddPart.MarkOffset(tr.oddAt, "")
	tr.odd.Commit()
	return nil
}

func startMember(t *testing.T, c *kafka.Cluster, config *sarama.Config, tr *traffic) {
	t.Helper()
	group, err := sarama.NewConsumerGroup(c.Addrs(kafka.Plaintext), flow, config)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	wg.Go(func() {
		for ctx.Err() == nil {
			if err := group.Consume(ctx, []string{topicOrders}, member{tr}); err != nil && ctx.Err() == nil {
				t.Errorf("consume: %v", err)
				return
			}
		}
	})
	t.Cleanup(func() { cancel(); group.Close(); wg.Wait() })
}

// member reads as many messages as it may, then commits.
type member struct{ tr *traffic }

func (member) Setup(sarama.ConsumerGroupSession) error   { return nil }
func (member) Cleanup(sarama.ConsumerGroupSession) error { return nil }

func (m member) ConsumeClaim(s sarama.ConsumerGroupSession, claim sarama.ConsumerGroupClaim) error {
	for {
		var may int
		select {
		case <-s.Context().Done():
			return nil
		case may = <-m.tr.permits[claim.Partition()]:
		}
		for range may {
			select {
			case <-s.Context().Done():
				m.tr.permits[claim.Partition()] <- may // for whoever owns the partition next
				return nil
			case message := <-claim.Messages():
				s.MarkMessage(message, "")
			}
		}
		s.Commit()
		m.tr.done <- struct{}{}
	}
}
