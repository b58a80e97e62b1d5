package e2e

import (
	"context"
	"fmt"
	"maps"
	"strings"

	"kafka_burndown_exporter/test/e2e/proxy"
	"kafka_burndown_exporter/test/kafka"
)

// observed is the listener that leads through a proxy. It borrows the name of one that the helper knows, without SASL.
const observed = kafka.SASLPlaintext

// cluster is a Kafka whose consumers and producers connect directly, and whose observers (the exporter and KEDA)
// through proxies.
type cluster struct {
	*kafka.Cluster
	proxies []*proxy.Proxy
}

func startKafka(ctx context.Context, version string, brokers int) (*cluster, error) {
	k, err := kafka.New(ctx, kafka.Options{
		Version: version, Brokers: brokers, JavaOptions: []string{"-Xmx256m"}, Listeners: []kafka.Listener{observed},
		Properties: map[string]string{
			"listener.security.protocol.map": fmt.Sprintf("CONTROLLER:PLAINTEXT,%s:PLAINTEXT,%s:PLAINTEXT", kafka.Plaintext, observed),
			// A broker that came back leads again within the test.
			"leader.imbalance.check.interval.seconds": "5", "leader.imbalance.per.broker.percentage": "0",
			// The default of 9 s until a dead broker's partitions have other leaders would stand for 90 s.
			"broker.heartbeat.interval.ms": "300", "broker.session.timeout.ms": "3000",
			// Members of share and streams groups learn what they are assigned with a heartbeat; what those of share groups hold
			// is theirs for 30 s.
			"group.share.heartbeat.interval.ms": "300", "group.share.min.heartbeat.interval.ms": "300",
			"group.streams.heartbeat.interval.ms": "300", "group.streams.min.heartbeat.interval.ms": "300",
			"group.streams.initial.rebalance.delay.ms": "0",
			"group.share.record.lock.duration.ms":      "3000", "group.share.min.record.lock.duration.ms": "1000",
		},
	})
	if err != nil {
		return nil, err
	}
	c := &cluster{Cluster: k}
	for _, b := range k.Brokers() {
		p, err := proxy.New(b.Addr(observed))
		if err != nil {
			c.close()
			return nil, err
		}
		c.proxies = append(c.proxies, p)
		advertised := fmt.Sprintf("%s://%s,%s://%s", kafka.Plaintext, b.Addr(kafka.Plaintext), observed, p.Addr())
		if err := b.Configure(map[string]string{"advertised.listeners": advertised}); err != nil {
			c.close()
			return nil, err
		}
		if err := b.Stop(); err != nil {
			c.close()
			return nil, err
		}
		if err := b.Start(ctx); err != nil {
			c.close()
			return nil, err
		}
	}
	return c, nil
}

func (c *cluster) close() {
	for _, p := range c.proxies {
		p.Close()
	}
	_ = c.Close()
}

// observers are the addresses for the exporter and KEDA.
func (c *cluster) observers() []string {
	var out []string
	for _, p := range c.proxies {
		out = append(out, p.Addr())
	}
	return out
}

// cut parts the observers from Kafka, or lets them back.
func (c *cluster) cut(cut bool) {
	for _, p := range c.proxies {
		p.Cut(cut)
	}
}

// requests is how many requests each observer has sent, by client id.
func (c *cluster) requests() map[string]int {
	sum := map[string]int{}
	for _, p := range c.proxies {
		for id, n := range p.Requests() {
			sum[id] += n
		}
	}
	return sum
}

// requestsOf sums the requests of the clients whose id begins with prefix between two readings.
func requestsOf(prefix string, before, after map[string]int) int {
	n := 0
	for id := range maps.Keys(after) {
		if strings.HasPrefix(id, prefix) {
			n += after[id] - before[id]
		}
	}
	return n
}
