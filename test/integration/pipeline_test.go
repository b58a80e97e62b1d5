package integration

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"kafka_burndown_exporter/internal/kafka"
	"kafka_burndown_exporter/internal/lag"
)

// pipeline is the exporter's core: sampler and tracker, in a loop of their own.
type pipeline struct {
	sampler *kafka.Sampler
	logs    *logs
	stats   *stats

	mu     sync.Mutex
	newest *lag.Snapshot
	all    []*lag.Snapshot
}

// startPipeline makes waves until the test ends and calls each with every wave and the snapshot after it.
func startPipeline(t *testing.T, config kafka.Config, each func(*lag.Wave, *lag.Snapshot)) *pipeline {
	t.Helper()
	p := &pipeline{logs: &logs{}, stats: newStats()}
	p.sampler = newSampler(t, config, p.logs, p.stats)
	opt := lag.Defaults()
	opt.Interval, opt.MaxAge, opt.RateWindow, opt.StallWindow = config.Interval, config.MaxAge, config.RateWindow, time.Minute
	tracker := lag.NewTracker(opt)
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() {
		p.sampler.Run(ctx, func(w *lag.Wave) []lag.TimeQuery {
			snap := tracker.Observe(w)
			if each != nil {
				each(w, snap)
			}
			p.mu.Lock()
			p.newest = snap
			p.all = append(p.all, snap)
			p.mu.Unlock()
			return tracker.Queries(100)
		})
	})
	t.Cleanup(func() {
		cancel()
		wg.Wait()
		if t.Failed() {
			t.Logf("the sampler's log:\n%s", p.logs)
		}
	})
	return p
}

func (p *pipeline) snapshot() *lag.Snapshot {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.newest
}

// snapshots returns all snapshots so far.
func (p *pipeline) snapshots() []*lag.Snapshot {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.all)
}

// wait waits until a snapshot passes a check, which returns what is still missing.
func (p *pipeline) wait(t *testing.T, what string, limit time.Duration, check func(*lag.Snapshot) string) *lag.Snapshot {
	t.Helper()
	var seen *lag.Snapshot
	missing := "no snapshot"
	err := eventually(t.Context(), limit, func() (bool, error) {
		if seen = p.snapshot(); seen != nil {
			missing = check(seen)
		}
		return missing == "", nil
	})
	if err != nil {
		t.Fatalf("%s: %v: %s", what, err, missing)
	}
	return seen
}

func findGroup(s *lag.Snapshot, id string) *lag.Group {
	for i := range s.Groups {
		if s.Groups[i].ID == id {
			return &s.Groups[i]
		}
	}
	return nil
}

func findTopic(s *lag.Snapshot, name string) *lag.Topic {
	for i := range s.Topics {
		if s.Topics[i].Name == name {
			return &s.Topics[i]
		}
	}
	return nil
}

func findGroupTopic(g *lag.Group, name string) *lag.GroupTopic {
	for i := range g.Topics {
		if g.Topics[i].Topic == name {
			return &g.Topics[i]
		}
	}
	return nil
}
