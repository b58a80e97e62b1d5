// Package kafka talks to the brokers: it makes one sampling wave at a time and hands the result on as a lag.Wave. How a
// connection is encrypted and logged in is package auth. It computes nothing from offsets (that is internal/lag) and
// knows no Prometheus series (that is collector); what it counts about itself it reports through the Stats interface.
package kafka

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/IBM/sarama"
	"github.com/go-kit/log"
	"github.com/go-kit/log/level"
	"github.com/rcrowley/go-metrics"

	"kafka_burndown_exporter/internal/kafka/auth"
	"kafka_burndown_exporter/internal/lag"
)

// init turns off sarama's own meters before any connection is made: each runs a goroutine that never ends.
func init() { metrics.UseNilMetrics = true }

// Stats receives what the sampler counts about itself. Implementations are safe for concurrent use.
type Stats interface {
	// Request counts one request of an API (its name as in the Kafka protocol, e.g. OffsetFetch) to a broker.
	Request(api, broker string)
	// Failure counts one failed request, or one error code in an answer, with the error's short name as reason.
	Failure(api, broker, reason string)
	// WrongCluster reports in every wave how many addresses answer for another cluster.
	WrongCluster(addresses int)
	// WaveDone reports a wave: how long it took, and whether any broker answered.
	WaveDone(took time.Duration, up bool)
}

// ErrNoBroker is returned for a wave in which no broker answered.
var ErrNoBroker = errors.New("no broker answered")

// Sampler reads waves from one cluster. Its methods may be called from any goroutine; waves run one at a time.
type Sampler struct {
	cfg      Config
	version  sarama.KafkaVersion
	versions versions
	logger   log.Logger
	stats    Stats
	once     *onceLogger
	watched  *cluster
	lanes    *laneEnv
	deadline time.Duration // of a wave, from its start

	ctx    context.Context // ends all connections
	cancel context.CancelFunc

	mu sync.Mutex // held during a wave

	topicNames, groupNames *namer
	nodes                  map[int32]*node
	seeds                  []*node        // the bootstrap addresses, until metadata is there
	lastUp                 map[int32]bool // who answered in the last wave
	topics                 *topicTable
	unseen                 *unseen
	directory              directory
	groups                 map[string]*group // admitted ones, by their valid names
	seen                   uint64

	metadataAt, startsAt time.Time
	metadataStale        bool
	wentBack             atomic.Bool

	out     lag.Wave
	points  []lag.OffsetAtTime
	answers []answer // read since the last wave
}

// New prepares a sampler. It opens no connection; a setting that cannot work is an error.
func New(cfg Config, logger log.Logger, stats Stats) (*Sampler, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	cfg = cfg.withDefaults()
	version, err := cfg.version()
	if err != nil {
		return nil, err
	}
	if cfg.Version != "" && !version.IsAtLeast(sarama.V3_8_0_0) {
		_ = level.Warn(logger).Log("msg", "--kafka.version keeps newer brokers from being asked for several groups at once, "+
			"for states or for group types; leave it out to negotiate", "version", cfg.Version)
	}
	conf := sarama.NewConfig()
	conf.Version = version
	conf.ClientID = cfg.ClientID
	conf.Net.MaxOpenRequests = 1
	conf.Net.DialTimeout = dialTimeout
	login, err := auth.New(cfg.Security, logger)
	if err != nil {
		return nil, err
	}
	if err := login.Configure(conf); err != nil {
		return nil, err
	}
	if err := conf.Validate(); err != nil {
		return nil, fmt.Errorf("connection settings: %w", err)
	}
	watched := newCluster(cfg)
	s := &Sampler{
		cfg: cfg, version: version, versions: versionsFor(version), logger: logger, stats: stats,
		once: newOnceLogger(logger), deadline: cfg.WaveTimeout, watched: watched,
		lanes: &laneEnv{
			conf: conf, login: login, watched: watched, dial: cfg.Dial, stats: stats, patience: cfg.WaveTimeout / 40,
			maxBackoff: cfg.Interval / 2,
		},
		topicNames: newNamer(cfg.TopicFilter, cfg.TopicExclude, cfg.Shard),
		groupNames: newNamer(cfg.GroupFilter, cfg.GroupExclude, cfg.Shard),
		nodes:      map[int32]*node{}, lastUp: map[int32]bool{}, topics: newTopicTable(), unseen: newUnseen(),
		directory: directory{}, groups: map[string]*group{},
	}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	return s, nil
}

// Run makes a wave every Config.Interval until ctx ends, and hands each to observe, which returns time queries: they are
// made when it has returned, and the next wave has the answers. The wave and its slices are used again afterwards,
// except for strings and Members. A wave in which no broker answers is not handed over; before the first that is, waves
// are tried more often than every interval.
func (s *Sampler) Run(ctx context.Context, observe func(*lag.Wave) []lag.TimeQuery) {
	ticker := time.NewTicker(s.cfg.Interval)
	defer ticker.Stop()
	up, pause := false, s.cfg.Interval/20
	for ctx.Err() == nil {
		began := time.Now()
		w, err := s.Wave(ctx)
		if err == nil {
			if !up {
				up = true
				ticker.Reset(s.cfg.Interval)
			}
			s.answer(ctx, began, s.observed(w, observe))
		}
		var retry <-chan time.Time
		if !up {
			retry = time.After(pause)
			pause = min(2*pause, s.cfg.Interval)
		}
		select {
		case <-ctx.Done():
		case <-ticker.C:
		case <-retry:
		}
	}
}

// observed hands a wave over. A panic there loses one snapshot, not the process.
func (s *Sampler) observed(w *lag.Wave, observe func(*lag.Wave) []lag.TimeQuery) []lag.TimeQuery {
	defer func() {
		if p := recover(); p != nil {
			s.logPanic(p)
		}
	}()
	return observe(w)
}

// Close closes all connections. A wave under way fails.
func (s *Sampler) Close() error {
	s.cancel()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, n := range s.nodes {
		n.shut()
	}
	s.shutSeeds()
	return nil
}

// Wave makes one wave and accounts for it. Its result is valid until the next one.
func (s *Sampler) Wave(ctx context.Context) (w *lag.Wave, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	began := time.Now()
	ctx, cancel := s.until(ctx, began.Add(s.deadline))
	defer cancel()
	defer func() {
		if p := recover(); p != nil {
			s.logPanic(p)
			w, err = nil, fmt.Errorf("%w: %v", errPanic, p)
		}
		s.stats.WrongCluster(s.wrongCluster())
		s.stats.WaveDone(time.Since(began), err == nil)
		s.once.wave()
	}()
	return s.sample(ctx, began)
}

// ClusterID returns the ID of the cluster that is watched, empty before it is known.
func (s *Sampler) ClusterID() string { return s.watched.known() }

// until is a context that ends at a time, or with the sampler.
func (s *Sampler) until(ctx context.Context, end time.Time) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithDeadline(ctx, end)
	stop := context.AfterFunc(s.ctx, cancel)
	return ctx, func() { stop(); cancel() }
}

// caught ends a panic in a goroutine of a wave; what it was about to read stays unread.
func (s *Sampler) caught(n *node) {
	if p := recover(); p != nil {
		s.logPanic(p)
		s.stats.Failure("Wave", n.label, "panic")
	}
}

func (s *Sampler) logPanic(p any) {
	_ = level.Error(s.logger).Log("msg", "panic while sampling, please report it", "panic", fmt.Sprint(p),
		"stack", string(debug.Stack()))
}
