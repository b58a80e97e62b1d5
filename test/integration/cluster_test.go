package integration

import (
	"context"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	broker "kafka_burndown_exporter/test/kafka"
)

// TestAnotherClusterBehindTheAddress watches a cluster whose address leads to another one from some moment on.
func TestAnotherClusterBehindTheAddress(t *testing.T) {
	first := broker.Start(t, broker.Options{Version: broker.OldVersion})
	second := broker.Start(t, broker.Options{ClusterID: "c29tZW90aGVyY2x1c3RlcQ"})
	createTopic(t, first, "orders", 1)
	createTopic(t, second, "orders", 1)
	produce(t, client(t, first), "orders", 1, 10)
	produce(t, client(t, second), "orders", 1, 20)

	moved, opened := atomic.Bool{}, make(chan net.Conn, 1000)
	config := settings(first.Addrs(broker.Plaintext))
	config.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
		if moved.Load() {
			address = second.Addrs(broker.Plaintext)[0]
		}
		c, err := new(net.Dialer).DialContext(ctx, network, address)
		if err == nil {
			opened <- c
		}
		return c, err
	}
	var out logs
	counts := newStats()
	sampler := newSampler(t, config, &out, counts)
	w, err := up(t.Context(), sampler)
	if err != nil || w.ClusterID == "" || w.Topics[0].Partitions[0].End != 10 {
		t.Fatalf("%+v, %v\n%s", w, err, out.String())
	}
	watched := w.ClusterID
	moved.Store(true)
	for len(opened) > 0 {
		_ = (<-opened).Close()
	}
	err = eventually(t.Context(), 20*time.Second, func() (bool, error) {
		w, err := sampler.Wave(t.Context())
		if err == nil {
			t.Fatalf("a wave of the other cluster: %+v", w)
		}
		return counts.wrongClusters() == 1, err
	})
	if err != nil {
		t.Fatalf("%v\n%s", err, out.String())
	}
	if sampler.ClusterID() != watched || !strings.Contains(out.String(), "reason=wrong_cluster") {
		t.Errorf("watched is %s, was %s:\n%s", sampler.ClusterID(), watched, out.String())
	}
}
