package integration

import (
	"context"
	"testing"
	"time"

	"github.com/IBM/sarama"
	"github.com/twmb/franz-go/pkg/kgo"

	"kafka_burndown_exporter/internal/lag"
	broker "kafka_burndown_exporter/test/kafka"
)

// TestTimestampTypes starts the exporter on two topics that are written alike, by a producer whose clock is 45 minutes
// ahead. Where the broker sets the timestamps the producer rate is known at once; else it is measured first.
func TestTimestampTypes(t *testing.T) {
	cluster := broker.Start(t, broker.Options{})
	createTopic(t, cluster, "created", 1)
	kind := "LogAppendTime"
	detail := &sarama.TopicDetail{NumPartitions: 1, ReplicationFactor: 1,
		ConfigEntries: map[string]*string{"message.timestamp.type": &kind}}
	if err := admin(t, cluster).CreateTopic("arrived", detail, false); err != nil {
		t.Fatal(err)
	}
	config := settings(cluster.Addrs(broker.Plaintext))
	producer := client(t, cluster)
	write := func() {
		ahead := time.Now().Add(45 * time.Minute)
		for _, topic := range []string{"created", "arrived"} {
			producer.Produce(t.Context(), &kgo.Record{Topic: topic, Timestamp: ahead, Value: []byte("x")}, func(_ *kgo.Record, err error) {
				if err != nil && t.Context().Err() == nil {
					t.Errorf("produce to %s: %v", topic, err)
				}
			})
		}
	}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	began, written, ready := time.Now(), 0, make(chan float64)
	go func() {
		ticks := time.NewTicker(50 * time.Millisecond)
		defer ticks.Stop()
		for ctx.Err() == nil {
			<-ticks.C
			write()
			written++
			if taken := time.Since(began); taken > config.RateWindow+2*time.Second && ready != nil {
				ready <- float64(written) / taken.Seconds()
				ready = nil
			}
		}
	}()
	perSecond := <-ready
	p := startPipeline(t, config, nil)
	p.wait(t, "both rates", 30*time.Second, func(s *lag.Snapshot) string {
		for _, topic := range []string{"created", "arrived"} {
			if !lag.Known(findTopic(s, topic).ProducerRate) {
				return topic
			}
		}
		return ""
	})
	stop()
	all := p.snapshots()
	if rate := findTopic(all[0], "arrived").ProducerRate; !lag.Known(rate) {
		t.Error("LogAppendTime: no rate from the first sample")
	}
	if rate := findTopic(all[0], "created").ProducerRate; lag.Known(rate) {
		t.Errorf("CreateTime: %g from the first sample", rate)
	}
	for _, s := range all {
		for _, topic := range []string{"created", "arrived"} {
			if rate := findTopic(s, topic).ProducerRate; lag.Known(rate) && (rate < perSecond/2 || rate > 2*perSecond) {
				t.Errorf("%s: %g per second, written were %g", topic, rate, perSecond)
			}
		}
	}
	p.stats.mu.Lock()
	defer p.stats.mu.Unlock()
	if n := p.stats.requests["DescribeConfigs"]; n < 1 || n > 3 { // once, unless the machine is too busy to answer in time
		t.Errorf("%d requests for configurations", n)
	}
}
