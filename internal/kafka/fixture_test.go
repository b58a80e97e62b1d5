package kafka

import (
	"context"
	"fmt"
	"net"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/IBM/sarama"
	"github.com/go-kit/log"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"kafka_burndown_exporter/internal/cli/clitest"
	"kafka_burndown_exporter/internal/lag"
)

// fixture is a fake cluster with a client that writes to it.
type fixture struct {
	t       testing.TB
	cluster *kfake.Cluster
	config  Config
	stats   *countingStats
	logs    *lockedBuffer

	network  *faultyNetwork
	samplers []*Sampler

	mu      sync.Mutex
	brokers map[int32]*sarama.Broker
	client  *sarama.Config
}

// newFixture starts a cluster on loopback TCP.
func newFixture(t testing.TB, opts ...kfake.Opt) *fixture {
	t.Helper()
	return startFixture(t, Config{}, opts)
}

// newVirtualFixture starts a cluster in memory, for use in a synctest bubble.
func newVirtualFixture(t testing.TB, nodes int, opts ...kfake.Opt) *fixture {
	t.Helper()
	network := new(kfake.VirtualNetwork)
	ports := make([]int, nodes)
	for i := range ports {
		ports[i] = 9092 + i
	}
	opts = append(opts, kfake.NumBrokers(nodes), kfake.Ports(ports...), kfake.ListenFn(network.Listen))
	return startFixture(t, Config{Dial: network.DialContext}, opts)
}

func startFixture(t testing.TB, config Config, opts []kfake.Opt) *fixture {
	cluster, err := kfake.NewCluster(opts...)
	if err != nil {
		t.Fatalf("start the fake cluster: %v", err)
	}
	dial := config.Dial
	if dial == nil {
		dial = new(net.Dialer).DialContext
	}
	network := &faultyNetwork{dial: dial, down: map[string]bool{}}
	config.Dial = network.DialContext
	config.Brokers = cluster.ListenAddrs()[:1]
	config.Interval, config.RateWindow = Defaults().Interval, Defaults().RateWindow
	f := &fixture{
		t: t, cluster: cluster, config: config, stats: newCountingStats(), logs: &lockedBuffer{}, network: network,
		brokers: map[int32]*sarama.Broker{}, client: sarama.NewConfig(),
	}
	f.client.Version = sarama.MaxVersion
	f.client.ClientID = "test"
	f.client.Net.Proxy.Enable = true
	f.client.Net.Proxy.Dialer = dialFunc(func(network, address string) (net.Conn, error) {
		return dial(context.Background(), network, address)
	})
	t.Cleanup(f.close)
	return f
}

// close ends everything; a bubble calls it before it returns.
func (f *fixture) close() {
	for _, s := range f.samplers {
		_ = s.Close()
	}
	for _, b := range f.brokers {
		_ = b.Close()
	}
	f.cluster.Close()
	f.samplers, f.brokers = nil, map[int32]*sarama.Broker{}
}

// sampler builds the sampler under test.
func (f *fixture) sampler() *Sampler {
	f.t.Helper()
	s, err := New(f.config, log.NewLogfmtLogger(f.logs), f.stats)
	if err != nil {
		f.t.Fatalf("New: %v", err)
	}
	f.samplers = append(f.samplers, s)
	return s
}

// wave makes one wave that must work.
func (f *fixture) wave(s *Sampler) *lag.Wave {
	f.t.Helper()
	w, err := s.Wave(f.t.Context())
	if err != nil {
		f.t.Fatalf("Wave: %v\n%s", err, f.logs)
	}
	return w
}

// next lets an interval pass and makes the next wave.
func (f *fixture) next(s *Sampler) *lag.Wave {
	f.t.Helper()
	time.Sleep(f.config.Interval)
	return f.wave(s)
}

func (f *fixture) topic(name string, partitions int) {
	f.t.Helper()
	if err := f.cluster.CreateTopic(name, int32(partitions), nil); err != nil {
		f.t.Fatalf("create topic: %v", err)
	}
}

// broker is a connection of the test's own client.
func (f *fixture) broker(node int32) *sarama.Broker {
	f.mu.Lock()
	defer f.mu.Unlock()
	b := f.brokers[node]
	if b == nil {
		b = sarama.NewBroker(f.address(node))
		if err := b.Open(f.client); err != nil {
			f.t.Errorf("open: %v", err)
		}
		f.brokers[node] = b
	}
	return b
}

func (f *fixture) address(node int32) string { return f.cluster.ListenAddrs()[node] }

// produce appends n messages to a partition.
func (f *fixture) produce(topic string, partition int32, n int) {
	f.t.Helper()
	now := time.Now()
	batch := &sarama.RecordBatch{
		Version: 2, ProducerID: -1, ProducerEpoch: -1, FirstSequence: -1, FirstTimestamp: now, MaxTimestamp: now,
		LastOffsetDelta: int32(n - 1),
	}
	for i := range n {
		batch.Records = append(batch.Records, &sarama.Record{Value: []byte("v"), OffsetDelta: int64(i)})
	}
	r := &sarama.ProduceRequest{Version: 8, RequiredAcks: sarama.WaitForAll, Timeout: 1000}
	r.AddBatch(topic, partition, batch)
	answer, err := f.broker(f.cluster.LeaderFor(topic, partition)).Produce(r)
	if err != nil {
		f.t.Errorf("produce: %v", err)
		return
	}
	if b := answer.GetBlock(topic, partition); b == nil || b.Err != sarama.ErrNoError {
		f.t.Errorf("produce: %+v", b)
	}
}

// commit commits one offset for a group without members.
func (f *fixture) commit(group, topic string, partition int32, offset int64) {
	f.t.Helper()
	r := &sarama.OffsetCommitRequest{Version: 7, ConsumerGroup: group, ConsumerGroupGeneration: -1}
	r.AddBlock(topic, partition, offset, 0, "")
	answer, err := f.broker(f.cluster.CoordinatorFor(group)).CommitOffset(r)
	if err != nil {
		f.t.Errorf("commit: %v", err)
		return
	}
	if code := answer.Errors[topic][partition]; code != sarama.ErrNoError {
		f.t.Errorf("commit of %s: %v", group, code)
	}
}

// groups makes n groups with one commit each and returns their names.
func (f *fixture) groups(n int, topic string) []string {
	names := make([]string, n)
	for i := range names {
		names[i] = fmt.Sprintf("group-%05d", i)
		f.commit(names[i], topic, 0, 1)
	}
	return names
}

// count observes requests by API key until the test ends.
func (f *fixture) count(keys ...kmsg.Key) *kfake.FaultHandle {
	return f.cluster.Fault(kfake.Fault{Keys: keys, Count: -1, Observe: true})
}

func groupOf(t *testing.T, w *lag.Wave, id string) lag.GroupSample {
	t.Helper()
	for _, g := range w.Groups {
		if g.ID == id {
			return g
		}
	}
	t.Fatalf("group %q is not in the wave", id)
	return lag.GroupSample{}
}

func topicOf(t *testing.T, w *lag.Wave, name string) lag.TopicSample {
	t.Helper()
	for _, tp := range w.Topics {
		if tp.Name == name {
			return tp
		}
	}
	t.Fatalf("topic %q is not in the wave", name)
	return lag.TopicSample{}
}

// faultyNetwork is what lies between the sampler and the brokers.
type faultyNetwork struct {
	dial dialer

	mu    sync.Mutex
	down  map[string]bool
	mute  bool // packets to what is down get lost, instead of being refused
	conns []heldConn
	dials int
	delay time.Duration // until a connection is there
}

type heldConn struct {
	net.Conn
	address string
}

func (n *faultyNetwork) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	n.mu.Lock()
	n.dials++
	down, mute, delay := n.down[address], n.mute, n.delay
	n.mu.Unlock()
	select {
	case <-time.After(delay):
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if down && mute {
		<-ctx.Done()
		return nil, fmt.Errorf("dial %s: %w", address, ctx.Err())
	}
	if down {
		return nil, fmt.Errorf("dial %s: %w", address, syscall.ECONNREFUSED)
	}
	c, err := n.dial(ctx, network, address)
	if err != nil {
		return nil, err
	}
	n.mu.Lock()
	n.conns = append(n.conns, heldConn{c, address})
	n.mu.Unlock()
	return c, nil
}

// slow lets every connection take that long.
func (n *faultyNetwork) slow(delay time.Duration) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.delay = delay
}

// cut ends the connections to an address and refuses new ones until it is healed.
func (n *faultyNetwork) cut(address string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.down[address] = true
	for _, c := range n.conns {
		if c.address == address {
			_ = c.Close()
		}
	}
}

func (n *faultyNetwork) heal(address string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	delete(n.down, address)
}

func (n *faultyNetwork) dialled() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.dials
}

// countingStats counts what is reported.
type countingStats struct {
	mu       sync.Mutex
	requests map[string]int // by API
	failures map[string]int // by API and reason
	up, down int
	wrong    int
}

func newCountingStats() *countingStats {
	return &countingStats{requests: map[string]int{}, failures: map[string]int{}}
}

func (c *countingStats) Request(api, _ string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.requests[api]++
}

func (c *countingStats) Failure(api, _, reason string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.failures[api+" "+reason]++
}

func (c *countingStats) WrongCluster(addresses int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.wrong = addresses
}

func (c *countingStats) WaveDone(_ time.Duration, up bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if up {
		c.up++
	} else {
		c.down++
	}
}

func (c *countingStats) reset() {
	c.mu.Lock()
	defer c.mu.Unlock()
	clear(c.requests)
	clear(c.failures)
}

func (c *countingStats) total() (n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, v := range c.requests {
		n += v
	}
	return n
}

func (c *countingStats) failed(key string) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.failures[key]
}

func (c *countingStats) String() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return fmt.Sprint("requests ", c.requests, " failures ", c.failures, " up ", c.up, " down ", c.down)
}

// lockedBuffer collects the log.
type lockedBuffer struct{ clitest.Buffer }

// lines counts the log lines that contain all the parts.
func (l *lockedBuffer) lines(parts ...string) (n int) {
	for line := range strings.Lines(l.String()) {
		all := true
		for _, p := range parts {
			all = all && strings.Contains(line, p)
		}
		if all {
			n++
		}
	}
	return n
}

func label(node int32) string { return strconv.Itoa(int(node)) }
