package exporter

import (
	"context"
	"net"
	"net/http"
	"runtime"
	"sync/atomic"
	"time"

	"github.com/go-kit/log"
	"github.com/go-kit/log/level"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	versioncollector "github.com/prometheus/client_golang/prometheus/collectors/version"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"kafka_burndown_exporter/collector"
	"kafka_burndown_exporter/internal/kafka"
	"kafka_burndown_exporter/internal/lag"
	"kafka_burndown_exporter/internal/web"
)

// maxQueries bounds how many offsets the tracker asks for by time in one wave.
const maxQueries = 2000

// Options are what an exporter is made of.
type Options struct {
	Kafka   kafka.Config
	Lag     lag.Options
	Encoder collector.EncoderOptions
	Server  *Server
	// StateFile keeps what was learned over a restart; empty: nothing is kept.
	StateFile string
	// Links stand in the status page's navigation; Pages are served besides, by their pattern.
	Links []web.Link
	Pages map[string]http.Handler
}

// Exporter is the sampler, the tracker and what serves their snapshots.
type Exporter struct {
	sampler *kafka.Sampler
	tracker *lag.Tracker
	handler *collector.Handler
	server  *Server
	routes  routes
	state   *stateKeeper
	stopped atomic.Bool
}

// New wires the parts; it opens no connection.
func New(o Options) (*Exporter, error) {
	if o.Lag.Pilot != nil {
		if err := checkMembers(&o.Kafka); err != nil {
			return nil, err
		}
	}
	encoder, err := collector.NewEncoder(o.Encoder)
	if err != nil {
		return nil, err
	}
	srv := o.Server
	reg := newRegistry()
	self := collector.NewSelf(withLabels(reg, o.Encoder.Labels))
	tracker := lag.NewTracker(o.Lag)
	o.Kafka.Behind = tracker.Behind
	var keeper *stateKeeper
	if o.StateFile != "" {
		keeper = newStateKeeper(o.StateFile, srv.logger)
		o.Kafka.RememberedID = keeper.remembered()
	}
	sampler, err := kafka.New(o.Kafka, log.With(srv.logger, "component", "kafka"), self)
	if err != nil {
		return nil, err
	}
	e := &Exporter{sampler: sampler, tracker: tracker, server: srv, state: keeper}
	e.handler = collector.NewHandler(collector.HandlerOptions{
		Encoder: encoder, Registry: reg, Self: self, Logger: srv.logger, Now: time.Now,
	})
	scrapes := &budget{max: srv.flags.maxRequests}
	e.routes = routes{
		metricsPath: srv.flags.path,
		metrics:     promhttp.InstrumentMetricHandler(reg, scrapes.limit(e.handler)),
		status: web.New(web.Options{MetricsPath: srv.flags.path, Snapshot: e.handler.Snapshot, Now: time.Now,
			Links: o.Links}),
		desired: web.NewDesired(e.handler.Snapshot),
		further: o.Pages,
		ready:   func() bool { return e.handler.Published() && !e.stopped.Load() },
		pprof:   srv.flags.pprof,

		maxRequests: srv.flags.maxRequests,
	}
	return e, nil
}

// Close releases an exporter that was not run.
func (e *Exporter) Close() error { return e.sampler.Close() }

func newRegistry() *prometheus.Registry {
	reg := prometheus.NewRegistry()
	reg.MustRegister(
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		versioncollector.NewCollector(Name),
		versioncollector.NewCollector("kafka_exporter"), // what its dashboards ask for
	)
	return reg
}

func withLabels(reg prometheus.Registerer, labels []collector.Label) prometheus.Registerer {
	constant := prometheus.Labels{}
	for _, l := range labels {
		constant[l.Name] = l.Value
	}
	return prometheus.WrapRegistererWith(constant, reg)
}

// Run samples and serves until ctx ends.
func (e *Exporter) Run(ctx context.Context, listeners []net.Listener) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	context.AfterFunc(ctx, func() { e.stopped.Store(true) })
	sampled := make(chan struct{})
	go func() {
		defer close(sampled)
		e.sampler.Run(ctx, func(w *lag.Wave) []lag.TimeQuery {
			e.state.before(w, e.tracker)
			e.handler.Publish(e.tracker.Observe(w))
			e.state.after(time.Now(), e.tracker)
			// A sample's garbage is large. It is collected now, while nobody waits: a collection in the midst of the next
			// sample would take its processors.
			runtime.GC()
			return e.tracker.Queries(maxQueries)
		})
	}()
	err := e.server.serve(ctx, listeners, e.routes.mux())
	cancel()
	<-sampled
	e.state.save(time.Now(), e.tracker)
	_ = e.sampler.Close()
	_ = level.Info(e.server.logger).Log("msg", "stopped")
	return err
}
