package demo

import (
	"context"
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/IBM/sarama"
	"github.com/go-kit/log"
	"github.com/prometheus/client_golang/prometheus"

	"kafka_burndown_exporter/collector"
	"kafka_burndown_exporter/internal/cli/clitest"
	"kafka_burndown_exporter/internal/kafka"
	"kafka_burndown_exporter/internal/lag"
	"kafka_burndown_exporter/internal/scale"
	"kafka_burndown_exporter/lab/scenario"
	"kafka_burndown_exporter/scenarios"
)

// TestMain lets some scenarios play at once, also on two cores: they wait more than they work.
func TestMain(m *testing.M) {
	flag.Parse()
	if err := flag.Set("test.parallel", "5"); err != nil {
		panic(err)
	}
	os.Exit(m.Run())
}

// patience bounds how long a condition may take on a busy machine.
const patience = 5 * time.Minute

// position is one message on Kafka.
type position struct {
	topic     string
	partition int32
	offset    int64
}

// play is a scenario that runs, with the exporter in front of it and a count of everything that is handled.
type play struct {
	url  string // of the exporter's metrics
	t    *testing.T
	demo *Demo
	stop func()
	logs clitest.Buffer // of the exporter

	mu      sync.Mutex
	handled map[string]map[position]int             // by service: how often
	ids     map[string]map[uint64]map[position]bool // by topic: where an id is
	again   map[uint64]bool                         // ids that were delivered again
	syncs   map[string][]scale.Decision             // by service, without the proposals' details
	rests   map[string][]time.Duration              // by service: what rebalances kept each pod from consuming
}

// shipped loads a scenario and makes its messages fewer by a factor: rates, capacities and the thresholds in messages
// shrink together, so that the course stays the same.
func shipped(t *testing.T, name string, fewer float64) *scenario.Scenario {
	t.Helper()
	s, err := scenario.LoadFS(scenarios.FS, name+".yaml")
	if err != nil {
		t.Fatal(err)
	}
	for i := range s.Producers {
		s.Producers[i].Profile.Scale = 1 / fewer
	}
	for i := range s.Services {
		s.Services[i].Capacity.PerPod /= fewer
	}
	threshold := regexp.MustCompile(`(lagThreshold|threshold): "?([0-9.]+)"?`)
	for i := range s.Candidates {
		for j := range s.Candidates[i].Manifests {
			m := &s.Candidates[i].Manifests[j]
			m.Text = threshold.ReplaceAllFunc(m.Text, func(found []byte) []byte {
				parts := threshold.FindSubmatch(found)
				v, _ := strconv.ParseFloat(string(parts[2]), 64)
				return fmt.Appendf(nil, `%s: "%g"`, parts[1], thinner(v, fewer, string(m.Text)))
			})
		}
	}
	return s
}

// thinner is a threshold for fewer messages: that of a logarithm falls by the logarithm, one of desired replicas, 1, not at
// all.
func thinner(threshold, fewer float64, manifest string) float64 {
	if threshold == 1 {
		return threshold
	}
	if strings.Contains(manifest, "log2x7") {
		lag := scale.LagForLog2x7(threshold) / fewer
		return scale.Log2x7(lag, 140)
	}
	return threshold / fewer
}

// start plays a scenario until the test ends.
func start(t *testing.T, s *scenario.Scenario, candidate string, speed float64) *play {
	t.Helper()
	p := &play{t: t, handled: map[string]map[position]int{}, ids: map[string]map[uint64]map[position]bool{},
		again: map[uint64]bool{}, syncs: map[string][]scale.Decision{}, rests: map[string][]time.Duration{}}
	d, err := New(Options{Scenario: s, Candidate: candidate, Speed: speed, Cluster: cluster(t), Logger: log.NewNopLogger(), Observe: p.observe,
		ObserveSync: p.sync, ObserveRest: p.rest})
	if err != nil {
		t.Fatal(err)
	}
	p.demo = d
	ctx, cancel := context.WithCancel(context.Background())
	url, wait := exporter(ctx, t, d, log.NewLogfmtLogger(&p.logs))
	p.url = url
	ended := make(chan struct{})
	go func() { defer close(ended); d.Run(ctx, url) }()
	p.stop = sync.OnceFunc(func() { cancel(); wait(); <-ended })
	t.Cleanup(p.stop)
	return p
}

// exporter samples the demo's Kafka as the program does and serves its metrics. wait returns when it has stopped.
func exporter(ctx context.Context, t *testing.T, d *Demo, logger log.Logger) (url string, wait func()) {
	t.Helper()
	const interval = 250 * time.Millisecond
	cfg := kafka.Config{Brokers: d.opt.Cluster.Brokers, ClientID: "exporter", Interval: interval, MaxAge: 5 * time.Second,
		WaveTimeout: 5 * time.Second, // connecting takes that long where all tests run at once
		RateWindow:  max(lag.Scaled(d.Clock().Speed()).RateWindow, 2*time.Second), MetadataRefresh: 10 * time.Second,
		StartsRefresh: 10 * time.Second, Expect: d.Groups()}
	reg := prometheus.NewRegistry()
	self := collector.NewSelf(reg)
	encoder, err := collector.NewEncoder(collector.EncoderOptions{Granularity: "partition"})
	if err != nil {
		t.Fatal(err)
	}
	sampler, err := kafka.New(cfg, logger, self)
	if err != nil {
		t.Fatal(err)
	}
	opt := lag.Defaults()
	opt.Interval, opt.MaxAge, opt.RateWindow, opt.StallWindow = interval, cfg.MaxAge, cfg.RateWindow, 15*time.Second
	opt.Pilot = d.Pilots(opt.MaxAge)
	tracker := lag.NewTracker(opt)
	h := collector.NewHandler(collector.HandlerOptions{Encoder: encoder, Registry: reg, Self: self,
		Logger: log.NewNopLogger(), Now: time.Now})
	done := make(chan struct{})
	go func() {
		defer close(done)
		sampler.Run(ctx, func(w *lag.Wave) []lag.TimeQuery {
			h.Publish(tracker.Observe(w))
			return tracker.Queries(100)
		})
		_ = sampler.Close()
	}()
	srv := httptest.NewServer(http.Handler(h))
	return srv.URL, func() { <-done; srv.Close() }
}

func (p *play) observe(service string, raw *sarama.ConsumerMessage, m Message) {
	p.mu.Lock()
	defer p.mu.Unlock()
	at := position{raw.Topic, raw.Partition, raw.Offset}
	if p.handled[service] == nil {
		p.handled[service] = map[position]int{}
	}
	if p.handled[service][at]++; p.handled[service][at] > 1 {
		p.again[m.ID] = true
	}
	if p.ids[raw.Topic] == nil {
		p.ids[raw.Topic] = map[uint64]map[position]bool{}
	}
	if p.ids[raw.Topic][m.ID] == nil {
		p.ids[raw.Topic][m.ID] = map[position]bool{}
	}
	p.ids[raw.Topic][m.ID][at] = true
}

func (p *play) sync(service string, d scale.Decision) {
	p.mu.Lock()
	defer p.mu.Unlock()
	d.Proposals = slices.Clone(d.Proposals)
	p.syncs[service] = append(p.syncs[service], d)
}

func (p *play) rest(service string, d time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.rests[service] = append(p.rests[service], d)
}

// pause is the scenario time that a rebalance kept a pod of a service from messages: the median, because some pods wait
// because there are none.
func (p *play) pause(service string) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	rests := slices.Sorted(slices.Values(p.rests[service]))
	if len(rests) == 0 {
		return 0
	}
	return time.Duration(float64(rests[len(rests)/2]) * p.demo.clock.Speed())
}

// decisions are the syncs of a service so far.
func (p *play) decisions(service string) []scale.Decision {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.syncs[service])
}

func (p *play) status(service string) Status {
	for _, s := range p.demo.Services() {
		if s.Service == service {
			return s
		}
	}
	p.t.Fatalf("no service %s", service)
	return Status{}
}

// lag is a service's lag as the exporter published it last, -1 where it is not known.
func (p *play) lag(service string) float64 {
	points := p.demo.Timeline(service)
	if len(points) == 0 || !lag.Known(points[len(points)-1].Lag) {
		return -1
	}
	return points[len(points)-1].Lag
}

func (p *play) await(what string, ok func() bool) {
	p.t.Helper()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		if ok() {
			return
		}
	}
	var b strings.Builder
	for _, s := range p.demo.Services() {
		fmt.Fprintf(&b, "%s: %d of %d ready, lag %.0f\n", s.Service, s.Ready, s.Desired, p.lag(s.Service))
	}
	for _, d := range p.demo.Decisions() {
		fmt.Fprintf(&b, "%s %s %s\n", d.At.Round(time.Second), d.Service, d.Why)
	}
	p.t.Fatalf("%s: not within %s\n%sThe exporter says:\n%s", what, patience, b.String(), p.logs.String())
}

// drain silences the producers and waits until everything that was produced is handled.
func (p *play) drain() {
	p.t.Helper()
	p.demo.generator.quiet.Store(true)
	p.await("everything handled", func() bool {
		sent := p.demo.generator.sent.Load()
		return p.acknowledged() == sent && len(p.missing()) == 0 && sent == p.demo.generator.sent.Load()
	})
}

// acknowledged counts what the brokers have accepted.
func (p *play) acknowledged() (n int64) {
	for _, t := range p.demo.scenario.Topics {
		n += p.demo.generator.Produced(t.Name)
	}
	return n
}

// missing are the services that have not handled every message of their topics.
func (p *play) missing() []string {
	var out []string
	p.mu.Lock()
	defer p.mu.Unlock()
	for i := range p.demo.scenario.Services {
		svc := &p.demo.scenario.Services[i]
		want := 0
		for _, topic := range svc.Topics {
			want += int(p.demo.generator.Produced(topic))
		}
		if got := len(p.handled[svc.Name]); got < want {
			out = append(out, fmt.Sprintf("%s handled %d of %d", svc.Name, got, want))
		}
	}
	return out
}

// checkAtLeastOnce fails where a message was lost, or was handled twice without having been delivered twice.
func (p *play) checkAtLeastOnce() {
	p.t.Helper()
	for _, m := range p.missing() {
		p.t.Error(m)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for topic, ids := range p.ids {
		for id, places := range ids {
			// A copy is made by a stage before that was handed the message twice; nobody stands before the first topic.
			if len(places) > 1 && (p.entry(topic) || !p.again[id]) {
				p.t.Errorf("id %d stands at %d places of %s and was not redelivered before", id, len(places), topic)
			}
		}
	}
	for _, pr := range p.demo.scenario.Producers {
		if got, want := len(p.ids[pr.Topic]), int(p.demo.generator.Produced(pr.Topic)); got != want {
			p.t.Errorf("%d ids of %d were handled on %s", got, want, pr.Topic)
		}
	}
	p.t.Logf("%d messages redelivered", len(p.again))
}

// entry reports whether messages come to a topic from outside only.
func (p *play) entry(topic string) bool {
	for i := range p.demo.scenario.Services {
		for _, out := range p.demo.scenario.Services[i].Produces {
			if out.Topic == topic {
				return false
			}
		}
	}
	return true
}

// course is how the replicas of a service changed, sync after sync.
func (p *play) course(service string) []int32 {
	var out []int32
	for _, d := range p.decisions(service) {
		if len(out) == 0 || out[len(out)-1] != d.Desired {
			out = append(out, d.Desired)
		}
	}
	return out
}

// checkPrompt fails where a sync saw a metric above its target and neither scaled up nor named the limit that held it.
func (p *play) checkPrompt(service string) {
	p.t.Helper()
	for i, d := range p.decisions(service) {
		if d.Winner < 0 || d.Proposed <= d.Current || d.Desired > d.Current {
			continue
		}
		if d.Limit == scale.LimitNone {
			p.t.Errorf("%s: sync %d asked for %d and left %d", service, i, d.Proposed, d.Current)
		}
	}
}

// checkCeiling fails where more replicas were asked for than can have a partition.
func (p *play) checkCeiling(service string) {
	p.t.Helper()
	most := int32(p.demo.scenario.UsefulReplicas(p.demo.scenario.Service(service)))
	for i, d := range p.decisions(service) {
		if d.Desired > most {
			p.t.Errorf("%s: sync %d asked for %d replicas, %d can have a partition", service, i, d.Desired, most)
		}
	}
}

// checkDescent fails where replicas rose again after the sync of that number.
func (p *play) checkDescent(service string, since int) {
	p.t.Helper()
	all := p.decisions(service)
	for i := max(since, 1); i < len(all); i++ {
		if all[i].Desired > all[i-1].Desired && all[i].Current > 0 {
			p.t.Errorf("%s: rose from %d to %d on the way down, at sync %d: %s", service, all[i].Current, all[i].Desired, i, &all[i])
		}
	}
}
