package kafka

import (
	"context"
	"flag"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/IBM/sarama"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"kafka_burndown_exporter/internal/lag"
	"kafka_burndown_exporter/test/truth"
)

var (
	modelSeeds = flag.Int("seeds", 0, "how many seeds TestModel runs; 0: as many as ten seconds allow")
	modelSeed  = flag.Uint64("seed", 0, "the only seed that TestModel runs")
)

// TestModel lets random faults happen to a fake cluster at random times, and holds every value of every snapshot to what
// can have been true when it was read. A seed that fails does so again: `go test ./internal/kafka -run TestModel -seed N`.
func TestModel(t *testing.T) {
	began := time.Now()
	first := uint64(1)
	checked, seeds := 0, 0
	for seed := first; ; seed++ {
		if *modelSeed > 0 {
			seed = *modelSeed
		}
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m := newModel(t, seed)
				defer m.close()
				m.run()
				checked += m.checked
			})
		})
		seeds++
		if t.Failed() || *modelSeed > 0 || *modelSeeds > 0 && seeds >= *modelSeeds ||
			*modelSeeds == 0 && time.Since(began) > 10*time.Second {
			break
		}
	}
	t.Logf("%d seeds, %d values checked, %s", seeds, checked, time.Since(began).Round(time.Second))
}

// model is a fake cluster with a schedule of faults, and what is true of it.
type model struct {
	*fixture
	rnd     *rand.Rand
	sampler *Sampler
	tracker *lag.Tracker
	trouble *troubledNetwork
	lives   map[string]*modelTopic
	commits map[string]map[string][]*truth.History // by group, topic and partition
	bases   map[string]float64
	last    map[string]float64
	apart   []*atomic.Bool // what a broker that is cut off from the others does, and what they do
	asking  atomic.Bool    // the test itself asks
	checked int
	log     []string
}

type modelTopic struct{ parts []*truth.History }

func newModel(t *testing.T, seed uint64) *model {
	m := &model{
		rnd: rand.New(rand.NewPCG(seed, 11)), lives: map[string]*modelTopic{}, commits: map[string]map[string][]*truth.History{},
		bases: map[string]float64{}, last: map[string]float64{},
	}
	m.fixture = newVirtualFixture(t, 3)
	m.trouble = &troubledNetwork{dial: m.network.DialContext, rnd: rand.New(rand.NewPCG(seed, 12))}
	m.config.Dial = m.trouble.DialContext
	m.config.Brokers = m.cluster.ListenAddrs()
	for name, n := range map[string]int{"a": 3, "b": 2} {
		m.topic(name, n)
		m.lives[name] = &modelTopic{parts: histories(n)}
	}
	for _, g := range []string{"g1", "g2", "g3"} {
		m.commits[g] = map[string][]*truth.History{}
		for _, name := range m.uses(g) {
			m.commits[g][name] = histories(len(m.lives[name].parts))
			for p := range m.lives[name].parts {
				m.produceMore(name, p, 100)
				m.commitTo(g, name, p, 50)
			}
		}
	}
	m.sampler = m.fixture.sampler()
	opt := lag.Defaults()
	m.tracker = lag.NewTracker(opt)
	return m
}

func histories(n int) []*truth.History {
	out := make([]*truth.History, n)
	for i := range out {
		out[i] = &truth.History{}
	}
	return out
}

func (m *model) uses(group string) []string {
	return map[string][]string{"g1": {"a"}, "g2": {"a", "b"}, "g3": {"b"}}[group]
}

func (m *model) note(format string, args ...any) {
	m.log = append(m.log, time.Now().Format("15:04:05.000 ")+fmt.Sprintf(format, args...))
}

func (m *model) produceMore(topic string, p, n int) {
	h := m.lives[topic].parts[p]
	done := h.Begin(h.Last() + int64(n))
	m.produce(topic, int32(p), n)
	done(true)
}

func (m *model) commitTo(group, topic string, p int, offset int64) {
	done := m.commits[group][topic][p].Begin(offset)
	m.commit(group, topic, int32(p), offset)
	done(true)
}

// run makes waves while faults come and go, then lets all of them end and wants everything back.
func (m *model) run() {
	defer func() {
		if m.t.Failed() {
			for _, l := range m.log {
				m.t.Log(l)
			}
			m.t.Logf("%s", m.logs)
		}
	}()
	for range 30 {
		m.sample(true)
		if m.t.Failed() {
			return
		}
	}
	m.heal()
	var snap *lag.Snapshot
	for range 12 {
		snap = m.sample(false)
	}
	for i := range snap.Groups {
		g := &snap.Groups[i]
		if !g.Complete || !lag.Known(g.Signals.Lag) {
			m.t.Errorf("two minutes after the last fault %s is not complete: %+v", g.ID, g)
		}
	}
	if len(snap.Groups) != len(m.commits) {
		m.t.Errorf("%d groups", len(snap.Groups))
	}
}

// sample makes one wave, during which things go on, and checks what comes of it.
func (m *model) sample(faults bool) *lag.Snapshot {
	var wg sync.WaitGroup
	stop := make(chan struct{})
	wg.Go(func() {
		for {
			m.live()
			if faults && m.rnd.IntN(12) == 0 {
				m.fault()
			}
			select {
			case <-stop:
				return
			case <-time.After(time.Duration(200+m.rnd.IntN(1500)) * time.Millisecond):
			}
		}
	})
	next := time.After(m.config.Interval)
	w, err := m.sampler.Wave(context.Background())
	var snap *lag.Snapshot
	if err == nil {
		snap = m.tracker.Observe(w)
		if queries := m.tracker.Queries(100); len(queries) > 0 {
			m.sampler.answer(context.Background(), w.Began, queries)
		}
	}
	<-next
	close(stop)
	wg.Wait()
	if snap != nil {
		m.check(snap)
	}
	return snap
}

// live produces and consumes.
func (m *model) live() {
	for _, name := range []string{"a", "b"} {
		for p := range m.lives[name].parts {
			if n := m.rnd.IntN(8); n > 0 {
				m.produceMore(name, p, n)
			}
		}
	}
	for _, g := range []string{"g1", "g2", "g3"} {
		for _, name := range m.uses(g) {
			for p, h := range m.commits[g][name] {
				end := m.lives[name].parts[p].Last()
				if at := h.Last(); end > at && m.rnd.IntN(3) > 0 {
					m.commitTo(g, name, p, at+m.rnd.Int64N(end-at+1))
				}
			}
		}
	}
}

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

// check holds a snapshot to the truth.
func (m *model) check(snap *lag.Snapshot) {
	to := truth.Instant(snap.Published.UnixNano())
	for i := range snap.Groups {
		g := &snap.Groups[i]
		// An answer is noted when it comes, and may take as long as a wave.
		from := truth.Instant(g.SampleAt.UnixNano()).Add(-m.config.Interval)
		total, totals := truth.Span{}, 0.
		for j := range g.Topics {
			gt := &g.Topics[j]
			sum := truth.Span{}
			if m.lives[gt.Topic] == nil {
				m.t.Errorf("%s: there is no topic %q", g.ID, gt.Topic)
				continue
			}
			parts := m.lives[gt.Topic].parts
			shown, committed, lagged := 0, 0., 0.
			for p := range parts {
				ends, seen := parts[p].Between(from, to), m.commits[g.ID][gt.Topic][p].Seen(from, to, -1)
				low, high := math.Inf(1), 0.
				for _, c := range seen {
					if c < 0 {
						low = 0
						continue
					}
					low, high = min(low, max(0, ends.Low-float64(c))), max(high, max(0, ends.High-float64(c)))
				}
				sum = sum.Plus(truth.Span{Low: low, High: high})
				at := slices.Index(gt.Partition, int32(p))
				if at < 0 {
					continue
				}
				shown++
				m.checked += 2
				c, l := gt.Committed[at], float64(gt.Lag[at])
				committed, lagged = committed+float64(c), lagged+l
				if !slices.Contains(seen, c) {
					m.t.Errorf("%s/%s/%d: committed %d, and it was one of %v", g.ID, gt.Topic, p, c, seen)
				}
				if l < ends.Low-float64(c) || l > max(0, ends.High-float64(c)) {
					m.t.Errorf("%s/%s/%d: lag %v of %d, and the end was %v", g.ID, gt.Topic, p, l, c, ends)
				}
			}
			m.total(g.ID+"/"+gt.Topic, &gt.Signals, sum)
			if shown == len(parts) && lag.Known(gt.Signals.Consumed) {
				m.constant(fmt.Sprint(g.ID, "/", gt.Topic, "/", shown, " consumed"), committed-gt.Signals.Consumed)
				m.constant(fmt.Sprint(g.ID, "/", gt.Topic, "/", shown, " produced"), committed+lagged-gt.Signals.Produced)
			}
			total = total.Plus(sum)
			totals += gt.Signals.Lag
		}
		m.total(g.ID, &g.Signals, total)
		m.checked += 3
		if lag.Known(g.Signals.Lag) && g.Signals.Lag != totals {
			m.t.Errorf("%s: lag %v, and that of its topics is %v", g.ID, g.Signals.Lag, totals)
		}
		if lag.Known(g.Signals.Lag) && len(g.Topics) < len(m.uses(g.ID)) {
			m.t.Errorf("%s: a total of %d topics", g.ID, len(g.Topics))
		}
		if g.ResetsBackward+g.ResetsEnd > 0 {
			m.t.Errorf("%s: resets %v and %v, and there were none", g.ID, g.ResetsBackward, g.ResetsEnd)
		}
	}
}

// total holds the sums of one level to the truth, and its counters to never going back.
func (m *model) total(level string, s *lag.Signals, sum truth.Span) {
	if lag.Known(s.Lag) {
		m.checked++
		if !sum.Has(s.Lag) {
			m.t.Errorf("%s: lag %v, and it was %v", level, s.Lag, sum)
		}
	}
	for name, v := range map[string]float64{"produced": s.Produced, "consumed": s.Consumed, "lost": s.Lost} {
		if !lag.Known(v) {
			continue
		}
		m.checked++
		if key := level + " " + name; v < m.last[key] {
			m.t.Errorf("%s went from %v to %v", key, m.last[key], v)
		} else {
			m.last[key] = v
		}
	}
}

// constant holds what an offset is beyond its counter to be the same throughout.
func (m *model) constant(key string, value float64) {
	m.checked++
	if was, ok := m.bases[key]; ok && was != value {
		m.t.Errorf("%s: the counter began at %v, and now at %v", key, was, value)
	}
	m.bases[key] = value
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
