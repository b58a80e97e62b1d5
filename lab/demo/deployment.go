package demo

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/IBM/sarama"
	"github.com/go-kit/log"

	"kafka_burndown_exporter/internal/scale"
	"kafka_burndown_exporter/lab/scenario"
)

// deployment keeps a number of pods of one service running, as a Deployment and a kubelet would.
type deployment struct {
	service *scenario.Service
	prefix  prefix
	clock   Clock
	cluster Cluster
	logger  log.Logger
	handle  func(ctx context.Context, svc *scenario.Service, topic string, raw *sarama.ConsumerMessage, m Message) error

	observeRest func(service string, rest time.Duration) // nil but in tests

	mu      sync.Mutex
	desired int32
	pods    []*pod // oldest first, without those told to stop
	leaving []*pod
	serial  int
	stalled bool
	mute    bool   // commits fail
	percent uint64 // capacity that is left in a brown-out, 0: all
	handled int64  // by pods that are gone
	// replicaTime integrates the pods over scenario time, for the cost.
	replicaTime time.Duration
	integrated  time.Duration
}

func newDeployment(svc *scenario.Service, initial int, names prefix, clock Clock, cluster Cluster, logger log.Logger,
	handle func(ctx context.Context, svc *scenario.Service, topic string, raw *sarama.ConsumerMessage, m Message) error,
) *deployment {
	return &deployment{service: svc, prefix: names, clock: clock, cluster: cluster, logger: log.With(logger, "service", svc.Name), handle: handle,
		desired: int32(initial)}
}

// run brings the pods to the desired number, again and again, until ctx ends; then it stops them all.
func (d *deployment) run(ctx context.Context) {
	// Pods outlive ctx for as long as it takes to leave their group.
	podCtx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		d.reconcile(podCtx)
		select {
		case <-ctx.Done():
			d.stopAll()
			return
		case <-tick.C:
		}
	}
}

func (d *deployment) reconcile(ctx context.Context) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delay := d.service.StartDelay
	if d.serial == 0 && d.integrated == 0 {
		delay = 0 // the pods of the beginning have been there before, as in the simulator
	}
	d.integrate()
	d.leaving = slices.DeleteFunc(d.leaving, d.buried)
	d.pods = slices.DeleteFunc(d.pods, d.buried) // a pod that failed by itself is replaced
	for len(d.pods) < int(d.desired) {
		d.serial++
		svc := d.service
		p := newPod(fmt.Sprintf("%s-%d", svc.Name, d.serial), d.prefix, svc, d.clock, d.logger,
			func(ctx context.Context, topic string, raw *sarama.ConsumerMessage, m Message) error {
				return d.handle(ctx, svc, topic, raw, m)
			})
		if d.observeRest != nil {
			p.rested = func(rest time.Duration) { d.observeRest(svc.Name, rest) }
		}
		p.stalled.Store(d.stalled)
		p.mute.Store(d.mute)
		p.slow.Store(d.percent)
		d.pods = append(d.pods, p)
		p.start(ctx, d.cluster, delay)
	}
	for len(d.pods) > int(d.desired) {
		newest := d.pods[len(d.pods)-1]
		d.pods = d.pods[:len(d.pods)-1]
		d.leaving = append(d.leaving, newest)
		newest.stop()
	}
}

// buried reports whether a pod has ended, and keeps its count.
func (d *deployment) buried(p *pod) bool {
	if p.Phase() != PodGone {
		return false
	}
	d.handled += p.handled.Load()
	return true
}

func (d *deployment) integrate() {
	now := d.clock.Elapsed(time.Now())
	d.replicaTime += time.Duration(len(d.pods)) * (now - d.integrated)
	d.integrated = now
}

func (d *deployment) stopAll() {
	d.mu.Lock()
	all := append(slices.Clone(d.pods), d.leaving...)
	d.mu.Unlock()
	for _, p := range all {
		p.stop()
	}
	for _, p := range all {
		<-p.done
	}
}

// scaleTo sets the desired number of pods.
func (d *deployment) scaleTo(replicas int32) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.desired = max(replicas, 0)
}

// replicas is the desired number of pods.
func (d *deployment) replicas() int32 {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.desired
}

// joined reports whether every pod is a member of the group.
func (d *deployment) joined() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.pods) == int(d.desired) && !slices.ContainsFunc(d.pods, func(p *pod) bool { return !p.joined.Load() })
}

// crash lets the n oldest running pods fail; they are replaced. It returns how many there were.
func (d *deployment) crash(n int) int {
	d.mu.Lock()
	defer d.mu.Unlock()
	crashed := 0
	d.pods = slices.DeleteFunc(d.pods, func(p *pod) bool {
		if crashed == n || p.Phase() == PodStarting {
			return false
		}
		crashed++
		d.leaving = append(d.leaving, p)
		p.crash()
		return true
	})
	return crashed
}

// stall makes the pods stay members that consume nothing, or lets them go on.
func (d *deployment) stall(on bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.stalled = on
	for _, p := range d.pods {
		p.stalled.Store(on)
	}
}

// toggleStall is stall the other way round; it returns whether the pods consume nothing now.
func (d *deployment) toggleStall() bool {
	d.mu.Lock()
	on := !d.stalled
	d.mu.Unlock()
	d.stall(on)
	return on
}

// failCommits lets the pods consume without committing, or commit again.
func (d *deployment) failCommits(on bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.mute = on
	for _, p := range d.pods {
		p.mute.Store(on)
	}
}

// brownOut leaves the pods a part of their capacity; 1 is all of it.
func (d *deployment) brownOut(factor float64) {
	percent := uint64(0)
	if factor < 1 {
		percent = uint64(max(factor*100, 1))
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.percent = percent
	for _, p := range d.pods {
		p.slow.Store(percent)
	}
}

// workload is what the HPA and KEDA find: times are the scenario's.
func (d *deployment) workload(now time.Time) scale.Workload {
	d.mu.Lock()
	defer d.mu.Unlock()
	w := scale.Workload{SpecReplicas: d.desired, StatusReplicas: int32(len(d.pods))}
	for _, p := range d.pods {
		ready := p.Phase() == PodReady
		if ready {
			w.ReadyReplicas++
		}
		w.Pods = append(w.Pods, p.observed(d.clock, now, ready))
	}
	return w
}

// PodView is one pod as pages show it.
type PodView struct {
	Name    string   `json:"name"`
	Phase   PodPhase `json:"phase"`
	Handled int64    `json:"handled"`
}

// Status is one service as pages show it.
type Status struct {
	Service, Group string
	Desired, Ready int
	Pods           []PodView
	Handled        int64
	ReplicaTime    time.Duration
	Stalled        bool
}

func (d *deployment) status() Status {
	d.mu.Lock()
	defer d.mu.Unlock()
	s := Status{Service: d.service.Name, Group: d.service.Group, Desired: int(d.desired), Handled: d.handled,
		ReplicaTime: d.replicaTime, Stalled: d.stalled}
	for _, p := range append(slices.Clone(d.pods), d.leaving...) {
		view := PodView{Name: p.name, Phase: p.Phase(), Handled: p.handled.Load()}
		if view.Phase == PodReady {
			s.Ready++
		}
		s.Handled += view.Handled
		s.Pods = append(s.Pods, view)
	}
	return s
}
