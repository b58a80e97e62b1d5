package integration

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"kafka_burndown_exporter/internal/lag"
	broker "kafka_burndown_exporter/test/kafka"
)

// load produces to all partitions of a topic at a rate until the test ends. Messages that cannot be delivered are
// dropped.
type load struct{ delivered atomic.Int64 }

func startLoad(t *testing.T, cluster *broker.Cluster, topic string, partitions int32, perSecond int) *load {
	t.Helper()
	const tick = 10 * time.Millisecond
	l := &load{}
	c := client(t, cluster, kgo.RecordDeliveryTimeout(2*time.Second), kgo.ProducerLinger(0), kgo.UnknownTopicRetries(-1))
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() {
		ticker := time.NewTicker(tick)
		defer ticker.Stop()
		began, sent := time.Now(), 0
		for {
			select {
			case <-ctx.Done():
				return
			case <-ticker.C:
			}
			for due := int(time.Since(began).Seconds() * float64(perSecond)); sent < due; sent++ {
				record := &kgo.Record{Topic: topic, Partition: int32(sent) % partitions, Value: []byte("x")}
				c.TryProduce(ctx, record, func(_ *kgo.Record, err error) {
					if err == nil {
						l.delivered.Add(1)
					}
				})
			}
		}
	})
	t.Cleanup(func() {
		cancel()
		wg.Wait()
	})
	return l
}

// startReader consumes a topic in a group and commits ten times a second, until the test ends.
func startReader(t *testing.T, cluster *broker.Cluster, group, topic string, options ...kgo.Opt) {
	t.Helper()
	options = append(options, kgo.ConsumerGroup(group), kgo.ConsumeTopics(topic),
		kgo.AutoCommitInterval(100*time.Millisecond))
	c := client(t, cluster, options...)
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() {
		for ctx.Err() == nil {
			c.PollFetches(ctx)
		}
	})
	t.Cleanup(func() {
		cancel()
		wg.Wait()
	})
}

// TestLagUnderLoad samples ten times a second while a consumer keeps up with 5 000 messages/s: the commit and the end
// of a partition race each other all the time, and neither may seem to go back.
func TestLagUnderLoad(t *testing.T) {
	const (
		topic, partitions = "busy", 6
		rate              = 5000
		samples           = 120
	)
	cluster := broker.Start(t, broker.Options{})
	createTopic(t, cluster, topic, partitions)
	produced := startLoad(t, cluster, topic, partitions, rate)
	startReader(t, cluster, "classic", topic)
	startReader(t, cluster, "modern", topic, kgo.ServerSideBalancer())
	config := settings(cluster.Addrs(broker.Plaintext))
	var out logs
	counts := newStats()
	sampler := newSampler(t, config, &out, counts)
	opt := lag.Defaults()
	opt.Interval, opt.MaxAge, opt.RateWindow, opt.StallWindow = 100*time.Millisecond, config.MaxAge, 5*time.Second, time.Minute
	tracker := lag.NewTracker(opt)

	last := map[mark]int64{}
	complete, seen := 0, 0
	began := time.Now()
	ticker := time.NewTicker(100 * time.Millisecond)
	defer ticker.Stop()
	for seen < samples && time.Since(began) < time.Minute {
		<-ticker.C
		wave, err := sampler.Wave(t.Context())
		if err != nil {
			t.Fatalf("%v\n%s", err, out.String())
		}
		snap := tracker.Observe(wave)
		if !committedEverywhere(snap, partitions, "classic", "modern") {
			continue // both groups are still starting
		}
		seen++
		complete += checkSample(t, snap, last)
		if snap.ClampedNegatives != 0 {
			t.Fatalf("%d lags were clamped", snap.ClampedNegatives)
		}
	}
	took := time.Since(began).Seconds()
	t.Logf("%d samples, %d of %d group samples complete, %.0f messages/s delivered", seen, complete, 2*seen,
		float64(produced.delivered.Load())/took)
	if seen < samples {
		t.Errorf("%d samples, want %d", seen, samples)
	}
	if delivered := float64(produced.delivered.Load()); delivered < 0.8*rate*took {
		t.Errorf("only %.0f messages in %.0f s: no load", delivered, took)
	}
	for _, group := range []string{"classic", "modern"} {
		g := findGroup(tracker.Observe(must(sampler.Wave(t.Context()))), group)
		if !lag.Known(g.ConsumerRate) || g.ConsumerRate <= 0 {
			t.Errorf("consumer rate of %s: %v", group, g.ConsumerRate)
		}
	}
}

// mark names an offset that must not go back: the commit or the end of a partition of a group.
type mark struct {
	group     string
	partition int32
	committed bool
}

func committedEverywhere(s *lag.Snapshot, partitions int, groups ...string) bool {
	for _, id := range groups {
		if g := findGroup(s, id); g == nil || g.Partitions != partitions {
			return false
		}
	}
	return true
}

// checkSample checks that no lag is negative and that neither commits nor ends go back, and returns how many groups
// were complete.
func checkSample(t *testing.T, s *lag.Snapshot, last map[mark]int64) (complete int) {
	t.Helper()
	for i := range s.Groups {
		g := &s.Groups[i]
		if g.Complete {
			complete++
		}
		if lag.Known(g.Lag) && g.Lag < 0 || g.LagMax < 0 || g.Backlog < 0 {
			t.Errorf("%s: lag %v, worst %v, backlog %v", g.ID, g.Lag, g.LagMax, g.Backlog)
		}
		sum := int64(0)
		for _, gt := range g.Topics {
			for j, p := range gt.Partition {
				sum += gt.Lag[j]
				if gt.Lag[j] < 0 {
					t.Errorf("%s, partition %d: lag %d", g.ID, p, gt.Lag[j])
				}
				for key, offset := range map[mark]int64{
					{g.ID, p, true}: gt.Committed[j], {g.ID, p, false}: gt.Committed[j] + gt.Lag[j],
				} {
					if offset < last[key] {
						t.Errorf("%s, partition %d: from %d back to %d (commit: %v)", g.ID, p, last[key], offset, key.committed)
					}
					last[key] = offset
				}
			}
		}
		if lag.Known(g.Lag) && g.Lag != float64(sum) {
			t.Errorf("%s: lag %v is not the sum of its partitions' %d", g.ID, g.Lag, sum)
		}
	}
	return complete
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
