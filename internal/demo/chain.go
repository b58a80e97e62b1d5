package demo

import (
	"context"
	"math/rand/v2"
	"time"

	"kafka_burndown_exporter/internal/scenario"
)

// handle is what a pod does with a message once its time is spent: note the stage in the status store, and produce to
// the next stage.
func (d *Demo) handle(ctx context.Context, svc *scenario.Service, topic string, m Message) error {
	final := len(svc.Produces) > 0 && d.isReturn(svc, topic)
	d.store.record(m.ID, svc.Name+" "+topic, time.Now(), final)
	for _, out := range svc.Produces {
		if out.From != "" && out.From != topic {
			continue
		}
		if out.Ratio < 1 && rejected(m.ID, out.Ratio) {
			continue
		}
		if !d.generator.send(ctx, out.Topic, d.generator.pick(out.Topic, rand.Float64()), m) {
			return ctx.Err()
		}
	}
	return nil
}

// isReturn reports whether a service reads from that topic what came back to it: it produces nothing from there.
func (d *Demo) isReturn(svc *scenario.Service, topic string) bool {
	for _, out := range svc.Produces {
		if out.From == "" || out.From == topic {
			return false
		}
	}
	return true
}

// rejected decides by the correlation id, so that a message delivered twice fares the same twice.
func rejected(id uint64, ratio float64) bool {
	const prime = 1_000_003
	return float64(id*prime%1000)/1000 >= ratio
}

// Order returns what the status store knows of a correlation id.
func (d *Demo) Order(id uint64) (Order, bool) { return d.store.get(id) }

// Place puts one message on the first topic and returns its correlation id, as the API in front of the chain does.
func (d *Demo) Place(ctx context.Context) (uint64, bool) {
	topic := d.scenario.Producers[0].Topic
	id := d.generator.nextID.Add(1)
	ok := d.generator.send(ctx, topic, d.generator.pick(topic, rand.Float64()), Message{ID: id, Born: time.Now()})
	return id, ok
}

// Closed counts the messages that went through the whole chain, and stages that were reported more than once.
func (d *Demo) Closed() (closed, repeats int64) { return d.store.counts() }
