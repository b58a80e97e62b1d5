package demo

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/IBM/sarama"

	"kafka_burndown_exporter/lab/scenario"
)

// handle is what a pod does with a message once its time is spent: note the stage in the status store, and produce to
// the next stage.
func (d *Demo) handle(ctx context.Context, svc *scenario.Service, topic string, raw *sarama.ConsumerMessage, m Message) error {
	final := len(svc.Produces) > 0 && !feeds(svc, topic)
	refused := false
	for _, out := range svc.Produces {
		if out.From != "" && out.From != topic {
			continue
		}
		if out.Ratio < 1 && rejected(m.ID, out.Ratio) {
			refused = true
			continue
		}
		if !d.generator.send(ctx, out.Topic, d.generator.pick(out.Topic, rand.Float64()), m) {
			return ctx.Err()
		}
	}
	d.store.record(m, Stage{Service: svc.Name, Topic: topic}, time.Now(), final, refused)
	if d.opt.Observe != nil {
		d.opt.Observe(svc.Name, raw, m)
	}
	return nil
}

// feeds reports whether a service produces something from what it reads there.
func feeds(svc *scenario.Service, topic string) bool {
	for _, out := range svc.Produces {
		if out.From == "" || out.From == topic {
			return true
		}
	}
	return false
}

// rejected decides by the correlation id, so that a message delivered twice fares the same twice.
func rejected(id uint64, ratio float64) bool {
	const prime = 1_000_003
	return float64(id*prime%1000)/1000 >= ratio
}

// Stage is one service handling what it reads from one topic.
type Stage struct {
	Service string `json:"service"`
	Topic   string `json:"topic"`
}

// Chain is the way of a message from the first topic through the services that pass it on, to the one that closes it. It
// is empty where no service passes anything on.
func (d *Demo) Chain() []Stage {
	var out []Stage
	topic := d.scenario.Producers[0].Topic
	for topic != "" && len(out) < len(d.scenario.Services)*2 {
		next := ""
		for i := range d.scenario.Services {
			svc := &d.scenario.Services[i]
			if to, ok := passes(svc, topic); ok {
				out, next = append(out, Stage{svc.Name, topic}), to
				break
			}
		}
		if next == "" {
			out = append(out, d.closers(topic, len(out) > 0)...)
		}
		topic = next
	}
	return out
}

// passes is where a service sends what it reads from a topic.
func passes(svc *scenario.Service, topic string) (to string, ok bool) {
	for _, t := range svc.Topics {
		if t != topic {
			continue
		}
		for _, out := range svc.Produces {
			if out.From == "" || out.From == topic {
				return out.Topic, true
			}
		}
	}
	return "", false
}

// closers is the service that reads the end of a chain: one that is part of it where there is one.
func (d *Demo) closers(topic string, chained bool) []Stage {
	if !chained {
		return nil
	}
	var other []Stage
	for i := range d.scenario.Services {
		svc := &d.scenario.Services[i]
		for _, t := range svc.Topics {
			if t == topic && len(svc.Produces) > 0 {
				return []Stage{{svc.Name, topic}}
			}
			if t == topic && other == nil {
				other = []Stage{{svc.Name, topic}}
			}
		}
	}
	return other
}

// Order returns what the status store knows of a correlation id.
func (d *Demo) Order(id uint64) (Order, bool) { return d.store.get(id) }

// Place puts one message on the first topic and returns its correlation id, as the API in front of the chain does.
func (d *Demo) Place(ctx context.Context) (uint64, bool) {
	topic := d.scenario.Producers[0].Topic
	m := Message{ID: d.generator.nextID.Add(1), Born: time.Now()}
	if !d.generator.send(ctx, topic, d.generator.pick(topic, rand.Float64()), m) {
		return 0, false
	}
	d.store.place(m)
	return m.ID, true
}

// Closed counts the messages that went through the whole chain, and stages that were reported more than once.
func (d *Demo) Closed() (closed, repeats int64) { return d.store.counts() }
