package collector

import (
	"maps"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"kafka_burndown_exporter/internal/lag"
)

// Self is what the exporter counts about itself. It is safe for concurrent use, and what the sampler reports to
// (internal/kafka's Stats).
type Self struct {
	clusterUp   prometheus.Gauge
	brokerUp    *prometheus.GaugeVec
	duration    prometheus.Histogram
	lastSuccess prometheus.Gauge
	requests    *prometheus.CounterVec
	errors      *prometheus.CounterVec

	groups, topics, partitions, series, held, unknown, wrongCluster prometheus.Gauge

	clamped atomic.Int64

	mu      sync.Mutex
	brokers map[string]bool
}

const selfPrefix = "kafka_burndown_exporter_"

// selfHelp is the part of the table that is about the exporter.
var selfHelp = []Family{
	{Name: "cluster_up", Type: Gauge, Help: "1 if a broker answered in the last sample."},
	{Name: "broker_up", Type: Gauge, Labels: []string{"broker"}, Help: "1 if the broker (by id) answered in the last sample."},
	{
		Name: "wrong_cluster", Type: Gauge,
		Help: "Addresses of brokers that answer for another cluster than the one that is watched. They are not read.",
	},
	{
		Name: "sample_duration_seconds", Type: "histogram", Unit: "seconds",
		Help: "How long samples took, from the first request to the published snapshot, or until they were given up.",
	},
	{
		Name: "last_success_timestamp_seconds", Type: Gauge, Unit: "seconds",
		Help: "When a sample was last published, in seconds since the epoch.",
	},
	{Name: "requests_total", Type: Counter, Labels: []string{"api", "broker"}, Help: "Requests to Kafka, by API and broker."},
	{
		Name: "errors_total", Type: Counter, Labels: []string{"api", "broker", "reason"},
		Help: "Failed requests to Kafka and error codes in its answers, by API, broker and reason.",
	},
	{Name: "groups", Type: Gauge, Help: "Consumer groups in the last sample."},
	{Name: "topics", Type: Gauge, Help: "Topics in the last sample."},
	{Name: "partitions", Type: Gauge, Help: "Partitions of topics in the last sample."},
	{Name: "series", Type: Gauge, Help: "Series about the cluster in the newest answer to a scrape."},
	{Name: "held_partitions", Type: Gauge, Help: "Partitions of groups that are served from an earlier sample."},
	{Name: "unknown_partitions", Type: Gauge, Help: "Partitions of groups that could not be read and are not served."},
	{
		Name: "clamped_negatives_total", Type: Counter,
		Help: "Lags that would have been negative and were published as 0.",
	},
}

// SelfFamilies lists the series of the exporter about itself (kafka_burndown_exporter_build_info, go_, process_ and
// promhttp_ are not in it).
func SelfFamilies() []Family {
	table := make([]Family, len(selfHelp))
	for i, f := range selfHelp {
		f.Name, f.Level = selfPrefix+f.Name, "exporter"
		table[i] = f
	}
	return table
}

// NewSelf registers the exporter's own series.
func NewSelf(reg prometheus.Registerer) *Self {
	help := map[string]string{}
	for _, f := range SelfFamilies() {
		help[f.Name] = f.Help
	}
	opts := func(name string) prometheus.Opts {
		return prometheus.Opts{Name: selfPrefix + name, Help: help[selfPrefix+name]}
	}
	gauge := func(name string) prometheus.Gauge { return prometheus.NewGauge(prometheus.GaugeOpts(opts(name))) }
	s := &Self{
		clusterUp: gauge("cluster_up"),
		brokerUp:  prometheus.NewGaugeVec(prometheus.GaugeOpts(opts("broker_up")), []string{"broker"}),
		duration: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: selfPrefix + "sample_duration_seconds", Help: help[selfPrefix+"sample_duration_seconds"],
			Buckets:                     []float64{0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10},
			NativeHistogramBucketFactor: 1.1,
		}),
		lastSuccess: gauge("last_success_timestamp_seconds"),
		requests:    prometheus.NewCounterVec(prometheus.CounterOpts(opts("requests_total")), []string{"api", "broker"}),
		errors: prometheus.NewCounterVec(prometheus.CounterOpts(opts("errors_total")),
			[]string{"api", "broker", "reason"}),
		groups: gauge("groups"), topics: gauge("topics"), partitions: gauge("partitions"), series: gauge("series"),
		held: gauge("held_partitions"), unknown: gauge("unknown_partitions"),
		wrongCluster: gauge("wrong_cluster"),
		brokers: map[string]bool{},
	}
	clamped := prometheus.NewCounterFunc(prometheus.CounterOpts(opts("clamped_negatives_total")),
		func() float64 { return float64(s.clamped.Load()) })
	reg.MustRegister(s.clusterUp, s.brokerUp, s.duration, s.lastSuccess, s.requests, s.errors,
		s.groups, s.topics, s.partitions, s.series, s.held, s.unknown, s.wrongCluster, clamped)
	return s
}

// Request counts a request.
func (s *Self) Request(api, broker string) { s.requests.WithLabelValues(api, broker).Inc() }

// Failure counts a failed request or an error code in an answer.
func (s *Self) Failure(api, broker, reason string) {
	s.errors.WithLabelValues(api, broker, reason).Inc()
}

// WrongCluster notes how many addresses answer for another cluster.
func (s *Self) WrongCluster(addresses int) { s.wrongCluster.Set(float64(addresses)) }

// WaveDone notes whether any broker answered in a wave; where none did, also how long the wave took. What a wave that
// was answered took is known once its snapshot is published.
func (s *Self) WaveDone(took time.Duration, up bool) {
	s.clusterUp.Set(boolean(up))
	if up {
		return
	}
	s.duration.Observe(took.Seconds())
	s.mu.Lock()
	defer s.mu.Unlock()
	for id := range s.brokers {
		s.brokerUp.WithLabelValues(id).Set(0)
	}
}

// Published notes a snapshot that scrapes get from now on.
func (s *Self) Published(snap *lag.Snapshot, now time.Time) {
	s.duration.Observe(max(now.Sub(snap.Began), 0).Seconds())
	partitions := 0
	for i := range snap.Topics {
		partitions += len(snap.Topics[i].Partitions)
	}
	s.lastSuccess.Set(float64(snap.Published.UnixMilli()) / 1000)
	s.groups.Set(float64(len(snap.Groups)))
	s.topics.Set(float64(len(snap.Topics)))
	s.partitions.Set(float64(partitions))
	s.held.Set(float64(snap.HeldPartitions))
	s.unknown.Set(float64(snap.UnknownPartitions))
	s.clamped.Store(snap.ClampedNegatives)
	s.setBrokers(snap.Brokers)
}

func (s *Self) setBrokers(brokers []lag.Broker) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := map[string]bool{}
	for _, b := range brokers {
		id := strconv.Itoa(int(b.ID))
		now[id] = true
		s.brokerUp.WithLabelValues(id).Set(boolean(b.Up))
	}
	for _, id := range slices.Sorted(maps.Keys(s.brokers)) {
		if !now[id] {
			s.brokerUp.DeleteLabelValues(id)
		}
	}
	s.brokers = now
}
