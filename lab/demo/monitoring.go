package demo

import (
	"fmt"
	"strings"
	"sync"
	"time"

	"kafka_burndown_exporter/collector"
	"kafka_burndown_exporter/lab/manifest"
	"kafka_burndown_exporter/lab/monitor"
	"kafka_burndown_exporter/lab/promql"
	"kafka_burndown_exporter/lab/scenario"
)

// chartLength is how much scenario time is kept for the charts.
const chartLength = time.Hour

// chartWindow bridges lost scrapes in the charts, as the recording rules do.
const chartWindow = time.Minute

// monitoring is the demo's Prometheus: that of the simulator, fed with what the real exporter publishes. Its time is the
// scenario's. The exporter's is the wall's, so its rates and its seconds are put into the scenario's on the way; counters
// need nothing, because the rules take their rates in the scenario's time.
type monitoring struct {
	server *monitor.Server
	clock  Clock
	charts map[chartKey]*promql.Query

	mu   sync.Mutex
	lags map[string]float64 // by group, as scraped last; absent where it was not known
}

type chartKey struct {
	group  string
	signal manifest.Signal
}

// charted are the signals of the charts.
var charted = []manifest.Signal{
	manifest.SignalBacklog, manifest.SignalAge, manifest.SignalBurndown, manifest.SignalProducerRate, manifest.SignalConsumerRate,
}

// memberCapacity is the one rate that is not named for being one.
var memberCapacity = collector.Named(collector.LevelGroup, manifest.SignalCapacity.String())

// newMonitoring is a server that is not started: triggers register their queries first.
func newMonitoring(s *scenario.Scenario, clock Clock) (*monitoring, error) {
	server, err := monitor.New(s, 0, s.Pipeline.ScrapeInterval/2)
	if err != nil {
		return nil, err
	}
	m := &monitoring{server: server, clock: clock, charts: map[chartKey]*promql.Query{}, lags: map[string]float64{}}
	for i := range s.Services {
		group := s.Services[i].Group
		for _, signal := range charted {
			text := fmt.Sprintf("max(last_over_time(%s{%s=%q}[%s]))", collector.Named(collector.LevelGroup, signal.String()),
				collector.LabelGroup, group, chartWindow)
			if m.charts[chartKey{group, signal}], err = server.Register(text); err != nil {
				return nil, err
			}
		}
	}
	return m, nil
}

// start begins its time.
func (m *monitoring) start(now time.Time) error {
	return m.server.Start(m.millis(now), func(svc *scenario.Service) (float64, bool) {
		m.mu.Lock()
		defer m.mu.Unlock()
		v, ok := m.lags[svc.Group]
		return v, ok
	})
}

func (m *monitoring) millis(now time.Time) int64 { return m.clock.At(now).UnixMilli() }

// scraped takes a scrape in, nil for one that failed.
func (m *monitoring) scraped(now time.Time, s *scrape) {
	at, target := m.millis(now), m.server.Exporter
	m.mu.Lock()
	clear(m.lags)
	if s != nil {
		for _, x := range s.samples {
			if x.family.Name == collector.Named(collector.LevelGroup, manifest.SignalLag.String()) {
				m.lags[x.labels[1]] = x.value
			}
		}
	}
	m.mu.Unlock()
	if s == nil {
		target.Fail(at)
	} else {
		target.Begin(at)
		for _, x := range s.samples {
			target.Set(target.Series(x.family.Name, x.labels...), m.inScenarioTime(x.family, x.value))
		}
		target.End()
	}
	m.server.ScrapeOthers(at, s == nil)
	m.advance(now)
}

// advance evaluates the rules that are due.
func (m *monitoring) advance(now time.Time) { m.server.Advance(m.millis(now)) }

// inScenarioTime makes the scenario's of a value that depends on the pace of time.
func (m *monitoring) inScenarioTime(f *collector.Family, v float64) float64 {
	switch {
	case f.Type == collector.Gauge && (strings.HasSuffix(f.Name, "_rate") || f.Name == memberCapacity):
		return v / m.clock.Speed()
	case strings.HasSuffix(f.Name, "_timestamp_seconds"):
		return float64(m.clock.At(time.UnixMilli(int64(v*1000))).UnixMilli()) / 1000
	case f.Unit == "seconds":
		return v * m.clock.Speed()
	}
	return v
}

// chart is a group's signal as of now, NaN where it is not known.
func (m *monitoring) chart(now time.Time, group string, signal manifest.Signal) float64 {
	v, ok := m.charts[chartKey{group, signal}].At(m.millis(now)).One()
	if !ok {
		return nan
	}
	return v
}
