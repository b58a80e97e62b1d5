package demo

import (
	"context"
	"errors"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/IBM/sarama"
	"github.com/go-kit/log"
	"github.com/go-kit/log/level"

	"kafka_burndown_exporter/lab/scenario"
)

// PodPhase is where a pod is in its life.
type PodPhase string

// The phases of a pod.
const (
	PodStarting PodPhase = "starting" // its start-up delay runs
	PodRunning  PodPhase = "running"  // it is a member of the group
	PodReady    PodPhase = "ready"
	PodStopping PodPhase = "stopping"
	PodGone     PodPhase = "gone"
)

// pod is one member of a service's consumer group.
type pod struct {
	name    string
	service *scenario.Service
	prefix  prefix
	clock   Clock
	logger  log.Logger
	handle  func(ctx context.Context, topic string, raw *sarama.ConsumerMessage, m Message) error

	pacer   pacer
	costs   []time.Duration // wall time of each kind of event
	joined  atomic.Bool     // it is a member of its group
	stalled atomic.Bool     // a member that consumes nothing
	mute    atomic.Bool     // a member whose commits fail
	slow    atomic.Uint64   // brown-out: percent of the capacity that is left, 0 for all of it

	started time.Time
	phase   atomic.Value // PodPhase
	readyAt atomic.Int64
	handled atomic.Int64
	busy    atomic.Int64 // nanoseconds of work done

	// rested, where set, is told how long a rebalance kept the pod from messages; stoppedAt is when that began, 0: it did
	// not.
	rested    func(time.Duration)
	stoppedAt atomic.Int64

	// What load remembers of its last measurement.
	loadAt   time.Time
	loadBusy time.Duration
	lastLoad float64

	cancel context.CancelFunc
	done   chan struct{}

	mu      sync.Mutex
	conns   map[net.Conn]struct{}
	crashed bool
}

var errCrashed = errors.New("the pod has crashed")

func newPod(name string, names prefix, svc *scenario.Service, clock Clock, logger log.Logger,
	handle func(ctx context.Context, topic string, raw *sarama.ConsumerMessage, m Message) error,
) *pod {
	p := &pod{name: name, prefix: names, service: svc, clock: clock, logger: log.With(logger, "pod", name), handle: handle,
		started: time.Now(), done: make(chan struct{}), conns: map[net.Conn]struct{}{}}
	p.phase.Store(PodStarting)
	p.costs = eventCosts(svc, clock.Speed())
	return p
}

// eventCosts is the time that one message of each kind occupies a pod: its handling time over how many the pod handles
// at once, in wall time.
func eventCosts(svc *scenario.Service, speed float64) []time.Duration {
	perMessage := float64(time.Second) / svc.Capacity.PerPod / speed
	if len(svc.Capacity.Events) == 0 {
		return []time.Duration{time.Duration(perMessage)}
	}
	mean, share := 0.0, 0.0
	for _, e := range svc.Capacity.Events {
		mean += e.Share * e.Cost
		share += e.Share
	}
	var costs []time.Duration
	for _, e := range svc.Capacity.Events {
		costs = append(costs, time.Duration(perMessage*e.Cost*share/mean))
	}
	return costs
}

// start waits out a start-up delay (of the scenario) and is a member of the group until stop or crash.
func (p *pod) start(ctx context.Context, cluster Cluster, delay time.Duration) {
	ctx, p.cancel = context.WithCancel(ctx)
	go func() {
		defer close(p.done)
		defer p.phase.Store(PodGone)
		if !sleep(ctx, p.clock.Wall(delay)) {
			return
		}
		if err := p.consume(ctx, cluster); err != nil && ctx.Err() == nil {
			level.Warn(p.logger).Log("msg", "pod failed", "err", err)
		}
	}()
}

func (p *pod) consume(ctx context.Context, cluster Cluster) error {
	cfg, err := p.config(cluster)
	if err != nil {
		return err
	}
	group, err := sarama.NewConsumerGroup(cluster.Brokers, p.prefix.on(p.service.Group), cfg)
	if err != nil {
		return err
	}
	p.phase.Store(PodRunning)
	p.readyAt.Store(time.Now().Add(p.clock.Wall(p.service.ReadyDelay)).UnixNano())
	for ctx.Err() == nil {
		if err := group.Consume(ctx, p.prefix.all(p.service.Topics), p); err != nil {
			if errors.Is(err, sarama.ErrClosedConsumerGroup) {
				break
			}
			level.Debug(p.logger).Log("msg", "joins its group again", "err", err)
			sleep(ctx, 200*time.Millisecond)
		}
	}
	p.phase.Store(PodStopping)
	return group.Close()
}

// Dial implements proxy.Dialer, so that a crash can cut the pod's connections.
func (p *pod) Dial(network, addr string) (net.Conn, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.crashed {
		return nil, errCrashed
	}
	conn, err := net.DialTimeout(network, addr, 2*time.Second)
	if err == nil {
		p.conns[conn] = struct{}{}
	}
	return conn, err
}

// stop makes the pod leave the group and end.
func (p *pod) stop() {
	if p.Phase() != PodGone {
		p.phase.Store(PodStopping)
	}
	p.cancel()
}

// crash cuts the pod off: it neither commits nor leaves the group, which notices when the session times out.
func (p *pod) crash() {
	p.mu.Lock()
	p.crashed = true
	for conn := range p.conns {
		conn.Close()
	}
	p.mu.Unlock()
	p.stop()
}

// Phase is where the pod is in its life.
func (p *pod) Phase() PodPhase {
	phase := p.phase.Load().(PodPhase)
	if phase == PodRunning && time.Now().UnixNano() >= p.readyAt.Load() {
		return PodReady
	}
	return phase
}

// sleep waits for d and reports whether ctx lasted that long.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
