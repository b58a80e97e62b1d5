package integration

import (
	"context"
	"maps"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-kit/log"

	"kafka_burndown_exporter/internal/cli/clitest"
	"kafka_burndown_exporter/internal/kafka"
	"kafka_burndown_exporter/internal/lag"
)

// settings are those of a sampler in these tests: waves ten times as often as in earnest.
func settings(brokers []string) kafka.Config {
	return kafka.Config{
		Brokers: brokers, Interval: time.Second, MaxAge: 3 * time.Second, RateWindow: 10 * time.Second,
		MetadataRefresh: time.Second, MembersRefresh: time.Second, StartsRefresh: time.Second,
	}
}

// stats counts failures by reason.
type stats struct {
	mu       sync.Mutex
	requests map[string]int
	failures map[string]int
	waves    int
	wrong    int // addresses of another cluster
}

func newStats() *stats { return &stats{requests: map[string]int{}, failures: map[string]int{}} }

func (s *stats) Request(api, _ string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests[api]++
}

func (s *stats) Failure(_, _, reason string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.failures[reason]++
}

func (s *stats) WrongCluster(addresses int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.wrong = addresses
}

func (s *stats) wrongClusters() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.wrong
}

func (s *stats) WaveDone(time.Duration, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.waves++
}

func (s *stats) waveCount() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.waves
}

func (s *stats) reasons() map[string]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.failures)
}

// logs collects log lines.
type logs struct{ clitest.Buffer }

// lines returns the lines of a level.
func (l *logs) lines(level string) []string {
	var lines []string
	for line := range strings.Lines(l.String()) {
		if strings.Contains(line, "level="+level) {
			lines = append(lines, line)
		}
	}
	return lines
}

func (l *logs) logger() log.Logger { return log.NewLogfmtLogger(l) }

// newSampler returns a sampler that ends with the test.
func newSampler(t *testing.T, config kafka.Config, out *logs, counts *stats) *kafka.Sampler {
	t.Helper()
	s, err := kafka.New(config, out.logger(), counts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// up makes waves until one says that every broker answered.
func up(ctx context.Context, s *kafka.Sampler) (*lag.Wave, error) {
	var w *lag.Wave
	err := eventually(ctx, 20*time.Second, func() (bool, error) {
		var err error
		if w, err = s.Wave(ctx); err != nil {
			return false, err
		}
		for _, b := range w.Brokers {
			if !b.Up {
				return false, nil
			}
		}
		return len(w.Brokers) > 0, nil
	})
	return w, err
}

// eventually calls f until it returns true, at most for a limit; it then returns f's last error.
func eventually(ctx context.Context, limit time.Duration, f func() (bool, error)) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	for {
		ok, err := f()
		if ok {
			return nil
		}
		select {
		case <-ctx.Done():
			if err == nil {
				err = ctx.Err()
			}
			return err
		case <-time.After(100 * time.Millisecond):
		}
	}
}
