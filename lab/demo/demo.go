package demo

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/IBM/sarama"
	"github.com/go-kit/log"
	"github.com/go-kit/log/level"

	"kafka_burndown_exporter/internal/pilot"
	"kafka_burndown_exporter/internal/scale"
	"kafka_burndown_exporter/lab/manifest"
	"kafka_burndown_exporter/lab/scenario"
)

// Options are what a demo needs.
type Options struct {
	Scenario *scenario.Scenario
	// Candidate names the autoscaling set-up to start with; empty is the scenario's choice.
	Candidate string
	// Speed is how many times faster than in life the scenario runs, From where in it the demo begins.
	Speed float64
	From  time.Duration
	// Cluster is where the workload runs.
	Cluster Cluster
	// Prefix stands before every topic and group on a real cluster.
	Prefix string
	Logger log.Logger
	// Observe, where set, is told of every message that a pod has handled, ObserveSync of every decision of an HPA,
	// ObserveRest of how long a rebalance kept a pod from messages, by the wall; tests count with them.
	Observe     func(service string, raw *sarama.ConsumerMessage, m Message)
	ObserveSync func(service string, d scale.Decision)
	ObserveRest func(service string, rest time.Duration)
}

// Demo is a running workload with its autoscalers.
type Demo struct {
	opt         Options
	scenario    *scenario.Scenario
	clock       Clock
	generator   *generator
	deployments []*deployment
	autoscalers []*autoscaler
	monitoring  *monitoring
	store       *store
	samples     *timeline
	setups      []*setup // the positions of the switch
	current     atomic.Pointer[setup]
	switching   sync.Mutex
	background  sync.WaitGroup // faults that take their time
}

// New makes sure that the topics exist and prepares the workload; Run moves it. Where New fails, the cluster is still the
// caller's to stop.
func New(opt Options) (*Demo, error) {
	s := opt.Scenario
	d := &Demo{opt: opt, scenario: s, store: newStore(), samples: newTimeline()}
	for i := range s.Services {
		if svc := &s.Services[i]; svc.IsShare() || svc.IsStreams() || svc.Threads > 1 {
			return nil, fmt.Errorf("%s: the demo's consumers cannot play %s, which has share or streams groups or several threads in a pod: "+
				"use simulate", s.Name, svc.Name)
		}
	}
	d.clock = NewClock(time.Now(), s.Start, opt.From, opt.Speed)
	var err error
	if d.monitoring, err = newMonitoring(s, d.clock); err != nil {
		return nil, err
	}
	var first *setup
	if d.setups, first, err = setups(s, opt.Candidate, d.monitoring.server.Register); err != nil {
		return nil, err
	}
	d.current.Store(first)
	if err := createTopics(opt.Cluster, prefix(opt.Prefix), s.Topics); err != nil {
		return nil, err
	}
	d.generator, err = newGenerator(d.clock, opt.Cluster, prefix(opt.Prefix), s.Topics, opt.Logger)
	if err != nil {
		return nil, err
	}
	for i := range s.Services {
		svc := &s.Services[i]
		dep := newDeployment(svc, first.initial(svc), prefix(opt.Prefix), d.clock, opt.Cluster, opt.Logger, d.handle)
		dep.observeRest = opt.ObserveRest
		d.deployments = append(d.deployments, dep)
		d.autoscalers = append(d.autoscalers, newAutoscaler(first.scaler(svc.Name), dep, d.clock, d.monitoring.millis, opt.ObserveSync))
	}
	return d, d.monitoring.start(time.Now())
}

// Clock is the demo's clock.
func (d *Demo) Clock() Clock { return d.clock }

// Groups are the consumer groups with the topics they read, for --group.expect.
func (d *Demo) Groups() map[string][]string {
	out := map[string][]string{}
	for i := range d.scenario.Services {
		svc := &d.scenario.Services[i]
		names := prefix(d.opt.Prefix)
		out[names.on(svc.Group)] = names.all(svc.Topics)
	}
	return out
}

// Pilots are what the exporter's pilots have to know of the demo's groups: the services' objectives, and how fast its time
// runs. A decision is held as long as the exporter holds an offset.
func (d *Demo) Pilots(hold time.Duration) func(group string) pilot.Options {
	objectives := map[string]time.Duration{}
	for i := range d.scenario.Services {
		svc := &d.scenario.Services[i]
		objectives[prefix(d.opt.Prefix).on(svc.Group)] = svc.Objective.MaxAge
	}
	speed := d.clock.Speed()
	return func(group string) pilot.Options {
		return pilot.Options{Objective: objectives[group], Speed: speed, Hold: time.Duration(float64(hold) * speed)}
	}
}

// Run moves messages and scales pods on what it scrapes from metricsURL, until ctx ends. It returns when every pod has
// left its group and a Kafka that was started for the demo is gone.
func (d *Demo) Run(ctx context.Context, metricsURL string) {
	if d.opt.Cluster.own() {
		defer d.opt.Cluster.Stop()
	}
	var pods, producers sync.WaitGroup
	for _, dep := range d.deployments {
		pods.Go(func() { dep.run(ctx) })
	}
	acknowledged := make(chan struct{})
	go func() { defer close(acknowledged); d.generator.acknowledge() }()
	d.generator.held.Store(true)
	producers.Go(func() {
		d.awaitMembers(ctx)
		d.generator.held.Store(false)
		d.samples.ratesFrom(d.clock.Elapsed(time.Now().Add(RateWindow(d.clock.Speed()))))
	})
	for i := range d.scenario.Producers {
		producers.Go(func() { d.generator.run(ctx, d.scenario, &d.scenario.Producers[i]) })
	}
	d.warnOfImpossible()
	d.control(ctx, metricsURL)
	d.background.Wait()
	producers.Wait()
	pods.Wait()
	d.generator.producer.AsyncClose()
	<-acknowledged
}

// joinWithin is how long the producers wait for the first pods, by the wall.
const joinWithin = 15 * time.Second

// awaitMembers returns once the first pods are members of their groups: a demo that produces before that begins with a
// backlog that is not the scenario's.
func (d *Demo) awaitMembers(ctx context.Context) {
	for began := time.Now(); time.Since(began) < joinWithin; {
		if !slices.ContainsFunc(d.deployments, func(dep *deployment) bool { return !dep.joined() }) || !sleep(ctx, 50*time.Millisecond) {
			return
		}
	}
}

// control scrapes, scales and applies the scenario's faults until ctx ends.
func (d *Demo) control(ctx context.Context, metricsURL string) {
	client := &http.Client{}
	defer client.CloseIdleConnections()
	interval := max(d.clock.Wall(d.scenario.Pipeline.ScrapeInterval), 250*time.Millisecond)
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	var nextScrape time.Time
	faultsAt := d.clock.Elapsed(time.Now())
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-tick.C:
			if !now.Before(nextScrape) {
				nextScrape = now.Add(interval)
				d.scrape(ctx, client, metricsURL, now)
			}
			d.monitoring.advance(now)
			for _, a := range d.autoscalers {
				a.step(now)
			}
			at := d.clock.Elapsed(now)
			d.faultsBetween(faultsAt, at)
			faultsAt = at
		}
	}
}

func (d *Demo) scrape(ctx context.Context, client *http.Client, url string, now time.Time) {
	at := d.clock.Elapsed(now)
	s, err := scrapeMetrics(ctx, client, url, prefix(d.opt.Prefix))
	if err == nil && d.scrapesLost(at) {
		err = errNoScrape
	}
	if err != nil {
		if ctx.Err() == nil {
			level.Debug(d.opt.Logger).Log("msg", "no metrics yet", "err", err)
		}
		s = nil
	}
	d.monitoring.scraped(now, s)
	for _, a := range d.autoscalers {
		a.scraped(s)
	}
	d.samples.add(at, d.Services(), func(group string, signal manifest.Signal) float64 {
		return d.monitoring.chart(now, group, signal)
	})
}

// Services is the state of all services, in the scenario's order.
func (d *Demo) Services() []Status {
	var out []Status
	for _, dep := range d.deployments {
		out = append(out, dep.status())
	}
	return out
}

// Decisions is the autoscalers' log, newest first.
func (d *Demo) Decisions() []Decision {
	var out []Decision
	for _, a := range d.autoscalers {
		decisions, _ := a.log()
		out = append(out, decisions...)
	}
	slices.SortStableFunc(out, func(a, b Decision) int { return int(b.At - a.At) })
	return out
}
