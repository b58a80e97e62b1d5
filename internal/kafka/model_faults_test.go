package kafka

import (
	"context"
	"io"
	"math/rand/v2"
	"net"
	"slices"
	"sync"
	"time"

	"github.com/IBM/sarama"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"kafka_burndown_exporter/test/truth"
)

var modelErrors = []*kerr.Error{
	kerr.UnknownServerError, kerr.NotLeaderForPartition, kerr.CoordinatorLoadInProgress, kerr.NotCoordinator, kerr.CoordinatorNotAvailable,
	kerr.RequestTimedOut, kerr.LeaderNotAvailable, kerr.FencedLeaderEpoch, kerr.UnknownLeaderEpoch, kerr.OffsetNotAvailable,
}

// fault lets one fault begin, or all of them end.
func (m *model) fault() {
	kind := m.rnd.IntN(10)
	if apart := len(m.apart) > 0; apart && (kind == 5 || kind == 6 || kind >= 8) {
		return // what the brokers know of each other stays as it is
	}
	switch kind {
	case 0:
		m.heal()
	case 1:
		node := int32(m.rnd.IntN(3))
		m.note("cut off broker %d", node)
		m.network.cut(m.address(node))
	case 2:
		d := []time.Duration{300 * time.Millisecond, 3 * time.Second, 30 * time.Second}[m.rnd.IntN(3)]
		m.note("connecting takes %s", d)
		m.network.slow(d)
	case 3:
		m.note("connections end in the middle")
		m.trouble.set(func(n *troubledNetwork) { n.resets = 8 })
	case 4:
		m.note("garbage")
		m.trouble.set(func(n *troubledNetwork) { n.truncates = 6 })
	case 5:
		m.note("leaders move")
		m.cluster.ShufflePartitionLeaders()
	case 6:
		m.note("coordinators move")
		m.cluster.RehashCoordinators()
	case 7:
		keys := []kmsg.Key{kmsg.ListOffsets, kmsg.OffsetFetch, kmsg.ListGroups, kmsg.Metadata, kmsg.DescribeGroups}
		key, code := keys[m.rnd.IntN(len(keys))], modelErrors[m.rnd.IntN(len(modelErrors))]
		node := int32(m.rnd.IntN(3))
		m.note("%d answers of broker %d to %v are %v", 3, node, key, code)
		m.cluster.Fault(kfake.Fault{Keys: []kmsg.Key{key}, Nodes: []int32{node}, Count: 1 + m.rnd.IntN(5), Err: code,
			When: func(r kmsg.Request) bool { return m.isSampler(r) }})
	case 8:
		name := []string{"a", "b"}[m.rnd.IntN(2)]
		if len(m.lives[name].parts) > 4 {
			return
		}
		m.note("%s gets another partition", name)
		m.grow(name)
	case 9:
		m.cutOff(int32(m.rnd.IntN(3)))
	}
}

// cutOff lets a broker lose the others, while clients still reach it. Where it is the leader or the coordinator nothing goes
// on until the others have given it up, and it does not learn who is in its place.
func (m *model) cutOff(node int32) {
	m.note("broker %d loses the others", node)
	m.asking.Store(true)
	stale := m.stale(node)
	m.asking.Store(false)
	stale.on.Store(true)
	time.Sleep(9 * time.Second)
	for name, t := range m.lives {
		for p := range t.parts {
			if m.cluster.LeaderFor(name, int32(p)) != node {
				continue
			}
			if err := m.cluster.MoveTopicPartition(name, int32(p), (node+1+int32(p)%2)%3); err != nil {
				m.t.Error(err)
			}
		}
	}
	for slices.ContainsFunc([]string{"g1", "g2", "g3"}, func(g string) bool { return m.cluster.CoordinatorFor(g) == node }) {
		m.cluster.RehashCoordinators()
	}
	m.note("the others have given broker %d up", node)
	m.asking.Store(true)
	m.apart = append(m.apart, &stale.on, m.giveUp(node))
	m.asking.Store(false)
}

// isSampler reports whether a request comes from the sampler: the test's own client is not to fail.
func (m *model) isSampler(r kmsg.Request) bool {
	if m.asking.Load() {
		return false
	}
	switch r := r.(type) {
	case *kmsg.OffsetFetchRequest, *kmsg.ListGroupsRequest, *kmsg.DescribeGroupsRequest:
		return true
	case *kmsg.ListOffsetsRequest:
		return true
	case *kmsg.MetadataRequest:
		return r.Topics == nil
	}
	return false
}

// heal ends all faults.
func (m *model) heal() {
	m.note("all faults end")
	m.network.slow(0)
	for node := range int32(3) {
		m.network.heal(m.address(node))
	}
	m.trouble.set(func(n *troubledNetwork) { n.resets, n.truncates = 0, 0 })
	for _, on := range m.apart {
		on.Store(false)
	}
	m.apart = nil
}

// grow adds a partition to a topic.
func (m *model) grow(name string) {
	n := len(m.lives[name].parts) + 1
	for node := range int32(3) { // one of them is the controller
		answer, err := m.broker(node).CreatePartitions(&sarama.CreatePartitionsRequest{
			Timeout: time.Second, TopicPartitions: map[string]*sarama.TopicPartition{name: {Count: int32(n)}},
		})
		if err != nil {
			m.t.Errorf("grow %s: %v", name, err)
			return
		}
		e := answer.TopicPartitionErrors[name]
		if e == nil || e.Err == sarama.ErrNoError {
			break
		}
		if e.Err != sarama.ErrNotController || node == 2 {
			m.t.Errorf("grow %s: %v", name, e)
			return
		}
	}
	m.lives[name].parts = append(m.lives[name].parts, &truth.History{})
	for g := range m.commits {
		if slices.Contains(m.uses(g), name) {
			m.commits[g][name] = append(m.commits[g][name], &truth.History{})
		}
	}
}

// troubledNetwork ends connections in the middle of answers.
type troubledNetwork struct {
	dial dialer

	mu                sync.Mutex
	rnd               *rand.Rand
	resets, truncates int // one in so many reads; 0: none
}

func (n *troubledNetwork) set(change func(*troubledNetwork)) {
	n.mu.Lock()
	defer n.mu.Unlock()
	change(n)
}

func (n *troubledNetwork) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	c, err := n.dial(ctx, network, address)
	if err != nil {
		return nil, err
	}
	return &troubledConn{Conn: c, n: n}, nil
}

// troubledConn may end with any read. It is never late: sarama holds a lock while it waits for an answer, and whoever wants
// that lock lets no time pass in a bubble.
type troubledConn struct {
	net.Conn
	n *troubledNetwork
}

// Read may be the last one.
func (c *troubledConn) Read(b []byte) (int, error) {
	c.n.mu.Lock()
	reset := c.n.resets > 0 && c.n.rnd.IntN(c.n.resets) == 0
	cut := c.n.truncates > 0 && c.n.rnd.IntN(c.n.truncates) == 0
	c.n.mu.Unlock()
	n, err := c.Conn.Read(b)
	if reset {
		_ = c.Close()
		return 0, io.ErrUnexpectedEOF
	}
	if cut && n > 1 {
		_ = c.Close()
		return n / 2, nil
	}
	return n, err
}
