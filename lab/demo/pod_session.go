package demo

import (
	"context"
	"time"

	"github.com/IBM/sarama"
)

// Setup implements sarama.ConsumerGroupHandler.
func (p *pod) Setup(sarama.ConsumerGroupSession) error {
	p.joined.Store(true)
	return nil
}

// Cleanup implements sarama.ConsumerGroupHandler.
func (p *pod) Cleanup(sarama.ConsumerGroupSession) error {
	if p.handled.Load() > 0 { // else nothing keeps it from messages but that there were none
		p.stoppedAt.Store(time.Now().UnixNano())
	}
	return nil
}

// resumed tells who wants to know that the first message after a rebalance is here.
func (p *pod) resumed() {
	if p.rested == nil || p.stoppedAt.Load() == 0 {
		return
	}
	if at := p.stoppedAt.Swap(0); at != 0 {
		p.rested(time.Since(time.Unix(0, at)))
	}
}

// ConsumeClaim implements sarama.ConsumerGroupHandler: it handles one partition's messages in order.
func (p *pod) ConsumeClaim(session sarama.ConsumerGroupSession, claim sarama.ConsumerGroupClaim) error {
	ctx := session.Context()
	for {
		select {
		case <-ctx.Done():
			return nil
		case raw, ok := <-claim.Messages():
			if !ok {
				return nil
			}
			p.resumed()
			if err := p.process(ctx, raw); err != nil {
				return nil // not marked: it is delivered again
			}
			if !p.mute.Load() {
				session.MarkMessage(raw, "")
			}
		}
	}
}

func (p *pod) process(ctx context.Context, raw *sarama.ConsumerMessage) error {
	for p.stalled.Load() {
		if !sleep(ctx, 50*time.Millisecond) {
			return ctx.Err()
		}
	}
	m, err := decodeMessage(raw.Value)
	if err != nil {
		return nil // foreign messages are skipped
	}
	topic, _ := p.prefix.bare(raw.Topic)
	cost := p.cost(m.Kind)
	if err := p.pacer.work(ctx, cost); err != nil {
		return err
	}
	if err := p.handle(ctx, topic, raw, m); err != nil {
		return err
	}
	p.handled.Add(1)
	p.busy.Add(int64(cost))
	return nil
}

func (p *pod) cost(kind uint8) time.Duration {
	cost := p.costs[min(int(kind), len(p.costs)-1)]
	if percent := p.slow.Load(); percent > 0 {
		cost = cost * 100 / time.Duration(percent)
	}
	return cost
}
