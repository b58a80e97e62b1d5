// Package load produces messages to a topic at a rate that can be changed at any time, and counts them.
package load

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/IBM/sarama"
)

// Producer sends messages "ID STATE" to one topic, spread evenly over its partitions.
type Producer struct {
	async    sarama.AsyncProducer
	topic    string
	state    string
	rate     atomic.Int64 // messages per 1000 s
	sent     atomic.Int64
	failed   atomic.Int64
	acked    atomic.Int64
	stop     context.CancelFunc
	finished sync.WaitGroup
}

// Start begins with rate 0.
func Start(brokers []string, topic, state string) (*Producer, error) {
	config := sarama.NewConfig()
	config.Version = sarama.V3_9_0_0
	config.Producer.Partitioner = sarama.NewRoundRobinPartitioner
	config.Producer.Flush.Frequency = 20 * time.Millisecond
	config.Producer.Return.Successes = true
	config.Producer.Retry.Max = 30
	config.Metadata.RefreshFrequency = 5 * time.Second
	async, err := sarama.NewAsyncProducer(brokers, config)
	if err != nil {
		return nil, fmt.Errorf("produce to %s: %w", topic, err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	p := &Producer{async: async, topic: topic, state: state, stop: cancel}
	p.finished.Go(func() { p.run(ctx) })
	p.finished.Go(func() {
		for range async.Successes() {
			p.acked.Add(1)
		}
	})
	p.finished.Go(func() {
		for range async.Errors() {
			p.failed.Add(1)
		}
	})
	return p, nil
}

// Rate sets how many messages per second are sent from now on.
func (p *Producer) Rate(perSecond float64) { p.rate.Store(int64(perSecond * 1000)) }

// Acknowledged is how many messages the brokers have confirmed.
func (p *Producer) Acknowledged() int64 { return p.acked.Load() }

// Failed is how many messages were given up.
func (p *Producer) Failed() int64 { return p.failed.Load() }

// Send produces n messages at once, besides the rate.
func (p *Producer) Send(n int) {
	for range n {
		p.one()
	}
}

// Stop waits until what was sent is confirmed or given up.
func (p *Producer) Stop() {
	p.stop()
	p.async.AsyncClose()
	p.finished.Wait()
}

func (p *Producer) one() {
	id := p.sent.Add(1)
	p.async.Input() <- &sarama.ProducerMessage{Topic: p.topic, Value: sarama.StringEncoder(fmt.Sprintf("%s-%d %s", p.topic, id, p.state))}
}

func (p *Producer) run(ctx context.Context) {
	const step = 50 * time.Millisecond
	tick := time.NewTicker(step)
	defer tick.Stop()
	due, last := 0.0, time.Now()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-tick.C:
			due += float64(p.rate.Load()) / 1000 * now.Sub(last).Seconds()
			last = now
			for ; due >= 1; due-- {
				p.one()
			}
		}
	}
}
