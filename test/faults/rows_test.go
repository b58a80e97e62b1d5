package faults

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kmsg"

	"kafka_burndown_exporter/test/kafka"
	"kafka_burndown_exporter/test/pki"
)

// spoiled is a fault of all connections between the exporter and the brokers.
func spoiled(name string, ci bool, lasts time.Duration, toxics ...toxic) fault {
	return fault{
		name: name, ci: ci, lasts: lasts,
		begin: func(_ context.Context, w *world) error { return w.everywhere(toxics...) },
		end:   func(_ context.Context, w *world) error { return w.healAll() },
	}
}

func latency(d time.Duration) toxic {
	return toxic{kind: "latency", attributes: map[string]any{"latency": d.Milliseconds()}}
}

func with(kind string, attribute string, value any) toxic {
	return toxic{kind: kind, attributes: map[string]any{attribute: value}}
}

func upstream(t toxic) toxic {
	t.stream = "upstream"
	return t
}

// every does something again and again until the fault is over.
func every(d time.Duration, do func(ctx context.Context, w *world, i int) error) func(context.Context, *world) error {
	return func(ctx context.Context, w *world) error {
		for i := 0; ; i++ {
			if err := do(context.WithoutCancel(ctx), w, i); err != nil {
				return err
			}
			if wait(ctx, d); ctx.Err() != nil {
				return nil
			}
		}
	}
}

// faults are the rows.
func faults() []fault {
	var all []fault
	for _, list := range [][]fault{network(), brokers(), topics(), groups(), security(), process()} {
		all = append(all, list...)
	}
	return all
}

func network() []fault {
	second := time.Second
	return []fault{
		{name: "nothing", ci: true, lasts: 8 * second},
		spoiled("latency 0.1 s", false, 15*second, latency(100*time.Millisecond)),
		spoiled("latency 0.3 s", false, 10*second, latency(300*time.Millisecond)),
		spoiled("latency 3 s", false, 15*second, latency(3*second)),
		spoiled("latency 30 s", false, 35*second, latency(30*second)),
		spoiled("black hole", true, 10*second, with("timeout", "timeout", 0), upstream(with("timeout", "timeout", 0))),
		spoiled("half-open: requests arrive, answers do not", false, 15*second, with("timeout", "timeout", 0)),
		spoiled("connection reset after 0.2 s, in the middle of answers", false, 15*second, with("reset_peer", "timeout", 200)),
		spoiled("answers at 1 KB/s", false, 15*second, with("bandwidth", "rate", 1)),
		spoiled("answers cut off in the middle", true, 12*second, with("truncate", "one_in", 3)),
		spoiled("answers of random bytes", false, 12*second, with("garbage", "every", 1)),
		spoiled("answers in pieces of 20 bytes", false, 15*second, toxic{kind: "slicer", attributes: map[string]any{
			"average_size": 20, "size_variation": 10, "delay": 1000,
		}}),
		{
			name: "no connection for 20 s", lasts: 20 * second,
			begin: func(_ context.Context, w *world) error {
				for _, p := range w.proxies {
					p.cut()
				}
				return nil
			},
			end: func(_ context.Context, w *world) error { return w.healAll() },
		},
		{
			name: "one broker of three cannot be reached", lasts: 12 * second,
			begin: func(_ context.Context, w *world) error { w.proxies[1].cut(); return nil },
			end:   func(_ context.Context, w *world) error { return w.healAll() },
		},
		{name: "another cluster behind every address", lasts: time.Second, during: elsewhere},
		{
			name: "a port that is not Kafka behind every address", lasts: 12 * second,
			during: func(ctx context.Context, w *world) error {
				addr, closer, err := notKafka("SSH-2.0-OpenSSH_9.6\r\n")
				if err != nil {
					return err
				}
				var errs []error
				var was []string
				for _, p := range w.proxies {
					was = append(was, p.Upstream)
					errs = append(errs, p.leadTo(addr))
				}
				<-ctx.Done()
				for i, p := range w.proxies {
					errs = append(errs, p.leadTo(was[i]))
				}
				return errors.Join(append(errs, closer.Close())...)
			},
		},
	}
}

// elsewhere lets another cluster answer behind the addresses, with a topic of the same name in it.
func elsewhere(ctx context.Context, w *world) error {
	other, err := kafka.New(context.WithoutCancel(ctx), kafka.Options{
		ClusterID: "b3RoZXJjbHVzdGVyMDAwMQ", Listeners: []kafka.Listener{w.listener}, Mechanisms: []string{"SCRAM-SHA-256"},
		Users: map[string]string{user: password},
	})
	if err != nil {
		return err
	}
	defer other.Close()
	if err := other.CreateTopic("orders", 6); err != nil {
		return err
	}
	var was []string
	for _, p := range w.proxies {
		was = append(was, p.Upstream)
		err = errors.Join(err, p.leadTo(other.Broker(1).Addr(w.listener)))
	}
	wait(w.live, 10*time.Second)
	for i, p := range w.proxies {
		err = errors.Join(err, p.leadTo(was[i]))
	}
	return err
}

// workTopics are those that flow, and where commits are kept.
var workTopics = []string{"orders", "events", "work", "__consumer_offsets"}

func brokers() []fault {
	second := time.Second
	return []fault{
		{
			name: "broker killed and back", ci: true, lasts: 12 * second,
			begin: func(_ context.Context, w *world) error { return w.cluster.Broker(2).Kill() },
			end:   func(ctx context.Context, w *world) error { return w.cluster.Broker(2).Start(ctx) },
		},
		{
			name: "broker halted and continued", lasts: 15 * second,
			begin: func(_ context.Context, w *world) error { return w.cluster.Broker(3).Pause() },
			end:   func(_ context.Context, w *world) error { return w.cluster.Broker(3).Resume() },
		},
		{
			name: "active controller halted and continued", lasts: 15 * second,
			during: func(ctx context.Context, w *world) error {
				id, err := w.controller(ctx)
				if err != nil {
					return err
				}
				if err := w.cluster.Broker(id).Pause(); err != nil {
					return err
				}
				<-ctx.Done()
				return w.cluster.Broker(id).Resume()
			},
		},
		{
			name: "a broker cut off from the others, reachable by clients", lasts: 25 * second,
			begin: func(ctx context.Context, w *world) error { return w.cutOff(ctx, false) },
			end:   func(_ context.Context, w *world) error { return w.rejoin() },
		},
		{
			name: "the active controller cut off from the others, reachable by clients", lasts: 25 * second,
			begin: func(ctx context.Context, w *world) error { return w.cutOff(ctx, true) },
			end:   func(_ context.Context, w *world) error { return w.rejoin() },
		},
		{
			name: "all brokers cut off from each other, reachable by clients", lasts: 20 * second,
			begin: func(_ context.Context, w *world) error {
				w.isolate(func(int32, int32) bool { return true })
				return nil
			},
			end: func(_ context.Context, w *world) error { return w.rejoin() },
		},
		{
			name: "rolling restart", lasts: time.Second,
			begin: func(ctx context.Context, w *world) error {
				for _, b := range w.cluster.Brokers() {
					if err := b.Stop(); err != nil {
						return err
					}
					if err := b.Start(ctx); err != nil {
						return err
					}
				}
				return nil
			},
		},
		{
			name: "leaders and coordinators moved every 2 s", lasts: 30 * second, late: 2 * second,
			during: every(2*second, func(ctx context.Context, w *world, _ int) error { return w.turnLeaders(ctx, workTopics...) }),
		},
		{
			name: "all brokers killed and back", lasts: 5 * second,
			begin: func(_ context.Context, w *world) error {
				for _, b := range w.cluster.Brokers() {
					if err := b.Kill(); err != nil {
						return err
					}
				}
				return nil
			},
			end: func(ctx context.Context, w *world) error {
				errs := make(chan error, len(w.cluster.Brokers()))
				for _, b := range w.cluster.Brokers() {
					go func() { errs <- b.Start(ctx) }()
				}
				var all []error
				for range w.cluster.Brokers() {
					all = append(all, <-errs)
				}
				return errors.Join(all...)
			},
		},
	}
}

// cutOff lets one broker reach no other, nor be reached by it: the active controller, or one that is not.
func (w *world) cutOff(ctx context.Context, active bool) error {
	id, err := w.controller(ctx)
	if !active {
		id = id%3 + 1
	}
	if err != nil {
		return err
	}
	w.isolate(func(from, to int32) bool { return from == id || to == id })
	for end := now().Add(15 * time.Second); now() < end; wait(ctx, 100*time.Millisecond) {
		seen, err := w.seenBy(ctx, id%3+1)
		if err == nil && !slices.Contains(seen, id) {
			return nil
		}
	}
	return fmt.Errorf("the others still take broker %d for one of them", id)
}

func topics() []fault {
	second := time.Second
	return []fault{
		{
			name: "partitions added", lasts: 15 * second,
			begin: func(ctx context.Context, w *world) error { return w.addPartitions(ctx, "events", 5) },
		},
		{
			name: "a topic deleted and created again in a loop", ci: true, lasts: 20 * second,
			during: func(ctx context.Context, w *world) error {
				g := w.group("again")
				if g == nil {
					g = w.addGroup(newGroup("again", 300*time.Millisecond, "again"))
				}
				w.oracle.resets[g.name] = true
				defer delete(w.oracle.resets, g.name)
				return every(0, func(ctx context.Context, w *world, i int) error { return w.again(ctx, g, i) })(ctx, w)
			},
		},
	}
}

// again gives a topic one more life of a few seconds.
func (w *world) again(ctx context.Context, g *group, i int) error {
	const name = "again"
	if err := w.create(ctx, name, 1+i%3, 3); err != nil {
		return err
	}
	l := w.topic(name).present()
	for range 3 {
		for p := range l.partitions() {
			if err := w.produce(ctx, name, l, p, 100*(i+1)); err != nil {
				return err
			}
		}
		offsets := make([]int64, len(l.partitions()))
		for p := range offsets {
			offsets[p] = l.partitions()[p].end.Last() / 2
		}
		_ = w.commit(ctx, g, map[string][]int64{name: offsets})
		wait(ctx, 700*time.Millisecond)
	}
	return w.remove(ctx, name)
}

func groups() []fault {
	second := time.Second
	return []fault{
		{
			name: "groups deleted and created again in a loop", lasts: 20 * second, resets: []string{"lives"},
			during: every(second/2, func(ctx context.Context, w *world, i int) error {
				g := w.group("lives")
				if g == nil {
					g = w.addGroup(newGroup("lives", second, "audit"))
				}
				if err := w.commit(ctx, g, map[string][]int64{"audit": {int64(10 * i), int64(20 * i)}}); err != nil {
					return nil
				}
				wait(ctx, 2*second)
				return w.deleteGroup(ctx, g)
			}),
		},
		{
			name: "groups reset to the beginning and to the end in a loop", lasts: 24 * second, resets: []string{"swings"},
			during: func(ctx context.Context, w *world) error {
				g := w.group("swings")
				if g == nil {
					g = w.addGroup(newGroup("swings", 3*second, "audit"))
				}
				return every(3*second, func(ctx context.Context, w *world, i int) error {
					at := []int64{1000, 2000}
					counter := &g.end
					if i%2 == 1 {
						at, counter = []int64{0, 0}, &g.backward
					}
					done := counter.Begin(counter.Last() + 2)
					err := w.commit(ctx, g, map[string][]int64{"audit": at})
					done(err == nil)
					return nil
				})(ctx, w)
			},
		},
		{
			name: "members join and leave", lasts: 20 * second,
			during: every(4*second, func(ctx context.Context, w *world, i int) error {
				if i%2 == 0 {
					return w.crew.join(w.live)
				}
				w.crew.leave()
				return nil
			}),
			end: func(_ context.Context, w *world) error {
				for w.crew.size() > 3 {
					w.crew.leave()
				}
				return nil
			},
		},
		{
			name: "500 more groups", lasts: 10 * second,
			begin: func(ctx context.Context, w *world) error {
				for i := range 500 {
					g := w.addGroup(newGroup(fmt.Sprint("many-", i), 0, "audit"))
					if err := w.commit(ctx, g, map[string][]int64{"audit": {int64(i), int64(2 * i)}}); err != nil {
						return err
					}
				}
				return nil
			},
			end: func(ctx context.Context, w *world) error {
				for i := range 500 {
					if err := w.deleteGroup(ctx, w.group(fmt.Sprint("many-", i))); err != nil {
						return err
					}
				}
				return nil
			},
		},
	}
}

func security() []fault {
	second := time.Second
	events := acl{kmsg.ACLResourceTypeTopic, "events", true}
	return []fault{
		{
			name: "credentials revoked and restored", lasts: 12 * second,
			begin: func(ctx context.Context, w *world) error {
				return errors.Join(w.setPassword(ctx, "other"), w.healAll())
			},
			end: func(ctx context.Context, w *world) error { return w.setPassword(ctx, password) },
		},
		{
			name: "all rights revoked and restored", lasts: 12 * second,
			begin: func(ctx context.Context, w *world) error { return w.revoke(ctx, rights...) },
			end:   func(ctx context.Context, w *world) error { return w.grant(ctx, rights...) },
		},
		{
			name: "right on one of two topics revoked and restored", ci: true, lasts: 12 * second,
			begin: func(ctx context.Context, w *world) error { return w.grant(ctx, events) },
			end:   func(ctx context.Context, w *world) error { return w.revoke(ctx, events) },
		},
		{
			name: "right on groups revoked and restored", lasts: 12 * second,
			begin: func(ctx context.Context, w *world) error { return w.revoke(ctx, rights[1]) },
			end:   func(ctx context.Context, w *world) error { return w.grant(ctx, rights[1]) },
		},
	}
}

// process are faults of the exporter's own, and, last, the one after which what groups consumed is uncertain for a while.
func process() []fault {
	second := time.Second
	return []fault{
		{
			name: "exporter halted for 60 s", lasts: second,
			begin: func(ctx context.Context, w *world) error { return w.exporter.sleep(ctx, 60*second) },
		},
		{
			name: "exporter killed and started again", ci: true, lasts: 5 * second,
			begin: func(_ context.Context, w *world) error {
				w.exporter.kill()
				w.judgeAll()
				w.oracle.restarted()
				return w.exporter.start("SASL_USER_PASSWORD=" + password)
			},
		},
		{
			name: "records deleted", lasts: 20 * second, resets: []string{"far", "partial", "near"},
			during: every(3*second, func(ctx context.Context, w *world, i int) error {
				// Every other time beyond what the groups have read.
				return w.deleteRecords(ctx, "orders", func(_ int, end int64) int64 {
					if i%2 == 0 {
						return end * 9 / 10
					}
					return end
				})
			}),
		},
	}
}

// faultsOfOneBroker are the rows where there is one broker.
func faultsOfOneBroker() []fault {
	second := time.Second
	// certificates lets the exporter log in by other files: connections that are there go on, so they are cut.
	certificates := func(w *world, mine, theirs bool) error {
		by, trusted := w.cluster.Authority, w.cluster.Authority
		other, err := pki.New(w.t.TempDir(), "other")
		if !mine {
			by = other
		}
		if !theirs {
			trusted = other
		}
		return errors.Join(err, w.certify(by, trusted), w.healAll())
	}
	restored := func(_ context.Context, w *world) error { return certificates(w, true, true) }
	return []fault{
		{name: "nothing, with one broker", lasts: 8 * second},
		{
			name: "the only broker killed and back", lasts: 10 * second,
			begin: func(_ context.Context, w *world) error { return w.cluster.Broker(1).Kill() },
			end:   func(ctx context.Context, w *world) error { return w.cluster.Broker(1).Start(ctx) },
		},
		{
			name: "client certificate replaced by one of a stranger, and back", lasts: 12 * second,
			begin: func(_ context.Context, w *world) error { return certificates(w, false, true) },
			end:   restored,
		},
		{
			name: "authority replaced by another, and back", lasts: 12 * second,
			begin: func(_ context.Context, w *world) error { return certificates(w, true, false) },
			end:   restored,
		},
		{name: "client certificate renewed", lasts: 8 * second, begin: restored},
	}
}
