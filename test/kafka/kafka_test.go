package kafka_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/IBM/sarama"

	"kafka_burndown_exporter/test/kafka"
)

func TestClusterOfThree(t *testing.T) {
	ctx := context.Background()
	cluster := kafka.Start(t, kafka.Options{
		Brokers:   3,
		Listeners: []kafka.Listener{kafka.SASLPlaintext, kafka.SASLTLS, kafka.MutualTLS},
		Users:     map[string]string{"alice": "secret"},
		ACLs:      true,
	})
	if err := cluster.CreateTopic("orders", 6); err != nil {
		t.Fatal(err)
	}
	out, err := cluster.Tool(ctx, "kafka-topics", "--describe", "--topic", "orders")
	if err != nil || strings.Count(out, "Partition:") != 6 {
		t.Fatalf("kafka-topics: %v, %s", err, out)
	}
	if cpu, err := cluster.Broker(2).CPU(); err != nil || cpu <= 0 {
		t.Errorf("CPU time %v, %v", cpu, err)
	}
	if err := cluster.Broker(2).Kill(); err != nil {
		t.Fatal(err)
	}
	if pid := cluster.Broker(2).PID(); pid != 0 {
		t.Errorf("a killed broker has process ID %d", pid)
	}
	if err := cluster.Broker(2).Start(ctx); err != nil {
		t.Fatal(err)
	}
}

func TestOldVersion(t *testing.T) {
	cluster := kafka.Start(t, kafka.Options{Version: kafka.OldVersion})
	if err := cluster.CreateTopic("orders", 2); err != nil {
		t.Fatal(err)
	}
	config := cluster.Config()
	config.Net.ReadTimeout = 500 * time.Millisecond
	answers := func() bool {
		conn := sarama.NewBroker(cluster.Broker(1).Addr(kafka.Plaintext))
		defer conn.Close()
		if err := conn.Open(config); err != nil {
			t.Fatal(err)
		}
		_, err := conn.GetMetadata(sarama.NewMetadataRequest(config.Version, nil))
		return err == nil
	}
	if err := cluster.Broker(1).Pause(); err != nil || answers() {
		t.Errorf("a paused broker answers, %v", err)
	}
	config.Net.ReadTimeout = 30 * time.Second
	if err := cluster.Broker(1).Resume(); err != nil || !answers() {
		t.Errorf("a resumed broker does not answer, %v", err)
	}
	out, err := cluster.Tool(context.Background(), "kafka-topics", "--list")
	if err != nil || strings.TrimSpace(out) != "orders" {
		t.Fatalf("kafka-topics: %v, %q", err, out)
	}
}
