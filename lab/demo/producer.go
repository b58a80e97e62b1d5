package demo

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/IBM/sarama"
	"github.com/go-kit/log"
	"github.com/go-kit/log/level"

	"kafka_burndown_exporter/lab/scenario"
)

// produceTick is how often producers look at how much is due.
const produceTick = 50 * time.Millisecond

// generator produces by the scenario's profiles. Its partitions follow the topics' weights, which Skew changes.
type generator struct {
	clock    Clock
	prefix   prefix
	producer sarama.AsyncProducer
	logger   log.Logger
	nextID   atomic.Uint64
	quiet    atomic.Bool  // producers make nothing
	held     atomic.Bool  // nor do they, until the first pods are members
	sent     atomic.Int64 // messages handed to the producer

	mu     sync.Mutex
	shares map[string][]float64 // topic → share of each partition
	even   map[string][]float64 // the same by the scenario, while it is skewed
	extra  map[string]burst     // topic → injected burst

	produced sync.Map // topic → *atomic.Int64, acknowledged messages
}

type burst struct {
	rate  float64
	until time.Duration // scenario time
}

func newGenerator(clock Clock, cluster Cluster, names prefix, topics []scenario.Topic, logger log.Logger) (*generator, error) {
	cfg, err := cluster.config("demo-producer")
	if err != nil {
		return nil, err
	}
	cfg.Producer.Partitioner = sarama.NewManualPartitioner
	cfg.Producer.Return.Successes = true
	cfg.Producer.Return.Errors = true
	cfg.Producer.Flush.Frequency = 10 * time.Millisecond
	producer, err := sarama.NewAsyncProducer(cluster.Brokers, cfg)
	if err != nil {
		return nil, fmt.Errorf("connect the producer: %w", err)
	}
	g := &generator{clock: clock, prefix: names, producer: producer, logger: logger, shares: map[string][]float64{},
		even: map[string][]float64{}, extra: map[string]burst{}}
	for i := range topics {
		g.shares[topics[i].Name] = topics[i].Shares()
		g.produced.Store(topics[i].Name, new(atomic.Int64))
	}
	return g, nil
}

// acknowledge counts what the brokers accepted until the producer closes.
func (g *generator) acknowledge() {
	var wg sync.WaitGroup
	wg.Go(func() {
		for m := range g.producer.Successes() {
			topic, _ := g.prefix.bare(m.Topic)
			if n, ok := g.produced.Load(topic); ok {
				n.(*atomic.Int64).Add(1)
			}
		}
	})
	wg.Go(func() {
		for err := range g.producer.Errors() {
			level.Warn(g.logger).Log("msg", "message not produced", "topic", err.Msg.Topic, "err", err.Err)
		}
	})
	wg.Wait()
}

// run produces one profile until ctx ends.
func (g *generator) run(ctx context.Context, s *scenario.Scenario, p *scenario.Producer) {
	rater := s.Rater(p)
	random := rand.New(rand.NewPCG(s.Seed, uint64(len(p.Name))))
	kinds := kindPicker(s, p.Topic)
	tick := time.NewTicker(produceTick)
	defer tick.Stop()
	last, due := g.clock.Elapsed(time.Now()), 0.0
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-tick.C:
			at := g.clock.Elapsed(now)
			rate, _ := rater.At(at % s.Duration)
			rate += g.injected(p.Topic, at)
			if g.quiet.Load() || g.held.Load() {
				rate, due = 0, 0
			}
			due += rate * (at - last).Seconds()
			last = at
			for ; due >= 1; due-- {
				if !g.send(ctx, p.Topic, g.pick(p.Topic, random.Float64()),
					Message{ID: g.nextID.Add(1), Kind: kinds(random.Float64()), Born: now}) {
					return
				}
			}
		}
	}
}

// send hands one message to the producer and reports whether that was still possible.
func (g *generator) send(ctx context.Context, topic string, partition int32, m Message) bool {
	value := sarama.ByteEncoder(m.encode(make([]byte, 0, messageSize)))
	select {
	case <-ctx.Done():
		return false
	case g.producer.Input() <- &sarama.ProducerMessage{Topic: g.prefix.on(topic), Partition: partition, Value: value}:
		g.sent.Add(1)
		return true
	}
}

// pick chooses a partition by the topic's shares from a number in [0,1).
func (g *generator) pick(topic string, r float64) int32 {
	g.mu.Lock()
	defer g.mu.Unlock()
	shares := g.shares[topic]
	for i, share := range shares {
		if r < share {
			return int32(i)
		}
		r -= share
	}
	return int32(len(shares) - 1)
}

// Skew gives one partition a share of the topic's messages from now on.
func (g *generator) Skew(topic string, partition int, share float64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if partition < len(g.shares[topic]) {
		if g.even[topic] == nil {
			g.even[topic] = g.shares[topic]
		}
		shares := make([]float64, len(g.shares[topic]))
		scenario.HotShares(shares, partition, share)
		g.shares[topic] = shares
	}
}

// Even ends a skew.
func (g *generator) Even(topic string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if shares := g.even[topic]; shares != nil {
		g.shares[topic] = shares
		delete(g.even, topic)
	}
}

func (g *generator) skewed(topic string) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.even[topic] != nil
}

// Burst adds a rate (messages/s of the scenario) to a topic for a while.
func (g *generator) Burst(topic string, rate float64, d time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.extra[topic] = burst{rate: rate, until: g.clock.Elapsed(time.Now()) + d}
}

func (g *generator) injected(topic string, at time.Duration) float64 { return g.burst(topic, at).rate }

// burst is the burst that a topic has at a moment, if any.
func (g *generator) burst(topic string, at time.Duration) burst {
	g.mu.Lock()
	defer g.mu.Unlock()
	if b := g.extra[topic]; at < b.until {
		return b
	}
	return burst{}
}

// Produced is the number of messages of a topic that the brokers acknowledged.
func (g *generator) Produced(topic string) int64 {
	if n, ok := g.produced.Load(topic); ok {
		return n.(*atomic.Int64).Load()
	}
	return 0
}

// kindPicker chooses an event of the first service that reads the topic, by its share of the mix.
func kindPicker(s *scenario.Scenario, topic string) func(r float64) uint8 {
	for i := range s.Services {
		svc := &s.Services[i]
		for _, t := range svc.Topics {
			if t == topic && len(svc.Capacity.Events) > 0 {
				return pickEvent(svc.Capacity.Events)
			}
		}
	}
	return func(float64) uint8 { return 0 }
}

func pickEvent(events []scenario.Event) func(r float64) uint8 {
	total := 0.0
	for _, e := range events {
		total += e.Share
	}
	return func(r float64) uint8 {
		r *= total
		for i, e := range events {
			if r < e.Share {
				return uint8(i)
			}
			r -= e.Share
		}
		return uint8(len(events) - 1)
	}
}
