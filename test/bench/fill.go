package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// size is how much the broker holds.
type size struct {
	topics, partitionsPerTopic int
	groups, committedPerGroup  int
	messages                   int // per partition
}

func (s size) groupPartitions() int { return s.groups * s.committedPerGroup }

// fixture is the content of a filled broker: names, and which partitions each group commits on.
type fixture struct {
	size   size
	topics []string
	groups []string
	paused atomic.Bool  // no commits for a while
	share  atomic.Value // of the groups, a float64, that moves in a period

	shareGroups int
}

func newFixture(s size, seed uint64) *fixture {
	r := rand.New(rand.NewPCG(seed, 1))
	f := &fixture{size: s}
	for i := range s.topics {
		f.topics = append(f.topics, name(r, "t", i))
	}
	for i := range s.groups {
		f.groups = append(f.groups, name(r, "g", i))
	}
	return f
}

// fill creates the topics, writes the messages and commits every group's offsets.
func (f *fixture) fill(ctx context.Context, client *kgo.Client, progress func(string)) error {
	progress(fmt.Sprintf("creating %d topics with %d partitions", f.size.topics, f.size.partitionsPerTopic))
	for start := 0; start < len(f.topics); start += 50 {
		if err := f.createTopics(ctx, client, f.topics[start:min(start+50, len(f.topics))]); err != nil {
			return err
		}
	}
	progress(fmt.Sprintf("writing %d messages to each of %d partitions", f.size.messages,
		f.size.topics*f.size.partitionsPerTopic))
	if err := f.produce(ctx, client); err != nil {
		return err
	}
	progress(fmt.Sprintf("committing %d offsets of %d groups", f.size.groupPartitions(), f.size.groups))
	return f.commitAll(ctx, client, 0, 4)
}

func (f *fixture) createTopics(ctx context.Context, client *kgo.Client, names []string) error {
	req := kmsg.NewPtrCreateTopicsRequest()
	req.TimeoutMillis = 60_000
	for _, n := range names {
		t := kmsg.NewCreateTopicsRequestTopic()
		t.Topic, t.NumPartitions, t.ReplicationFactor = n, int32(f.size.partitionsPerTopic), 1
		req.Topics = append(req.Topics, t)
	}
	resp, err := req.RequestWith(ctx, client)
	if err != nil {
		return fmt.Errorf("create topics: %w", err)
	}
	for _, t := range resp.Topics {
		if err := kerr.ErrorForCode(t.ErrorCode); err != nil {
			return fmt.Errorf("create topic %s: %w", t.Topic, err)
		}
	}
	return nil
}

// produce writes the same number of small messages to every partition.
func (f *fixture) produce(ctx context.Context, client *kgo.Client) error {
	var mu sync.Mutex
	var first error
	for _, topic := range f.topics {
		for p := range f.size.partitionsPerTopic {
			for range f.size.messages {
				client.Produce(ctx, &kgo.Record{Topic: topic, Partition: int32(p), Value: []byte("x")}, func(_ *kgo.Record, err error) {
					if err != nil {
						mu.Lock()
						first = err
						mu.Unlock()
					}
				})
			}
		}
	}
	if err := client.Flush(ctx); err != nil {
		return fmt.Errorf("write messages: %w", err)
	}
	return first
}

// commitAll commits for every group the offset that belongs to a step: each step moves every commit on by one.
func (f *fixture) commitAll(ctx context.Context, client *kgo.Client, step, workers int) error {
	jobs := make(chan int)
	errs := make(chan error, workers)
	for range workers {
		go func() {
			var failed error
			for g := range jobs {
				if failed == nil {
					failed = f.commit(ctx, client, g, step)
				}
			}
			errs <- failed
		}()
	}
	for g := range f.groups {
		jobs <- g
	}
	close(jobs)
	var first error
	for range workers {
		if err := <-errs; err != nil {
			first = err
		}
	}
	return first
}

// commit commits group g on its topics: consecutive ones, beginning at a place that depends on the group.
func (f *fixture) commit(ctx context.Context, client *kgo.Client, g, step int) error {
	req := kmsg.NewPtrOffsetCommitRequest()
	req.Group, req.Generation = f.groups[g], -1
	left := f.size.committedPerGroup
	for i := 0; left > 0 && i < len(f.topics); i++ {
		t := kmsg.NewOffsetCommitRequestTopic()
		t.Topic = f.topics[(g*7+i)%len(f.topics)]
		for p := 0; p < f.size.partitionsPerTopic && left > 0; p++ {
			part := kmsg.NewOffsetCommitRequestTopicPartition()
			part.Partition = int32(p)
			part.Offset = int64((g + p + step) % (f.size.messages + 1))
			t.Partitions = append(t.Partitions, part)
			left--
		}
		req.Topics = append(req.Topics, t)
	}
	resp, err := req.RequestWith(ctx, client)
	if err != nil {
		return fmt.Errorf("commit offsets of %s: %w", req.Group, err)
	}
	for _, t := range resp.Topics {
		for _, p := range t.Partitions {
			if err := kerr.ErrorForCode(p.ErrorCode); err != nil {
				return fmt.Errorf("commit offsets of %s: %w", req.Group, err)
			}
		}
	}
	return nil
}

// churn moves the share of the groups that is set on once per period, spread evenly, until ctx ends.
func (f *fixture) churn(ctx context.Context, client *kgo.Client, period time.Duration) {
	for step := 1; ctx.Err() == nil; step++ {
		moving := int(float64(len(f.groups)) * f.share.Load().(float64))
		tick := time.NewTicker(period / time.Duration(max(moving, 1)))
		for g := range max(moving, 1) {
			select {
			case <-ctx.Done():
			case <-tick.C:
				if g < moving && !f.paused.Load() {
					_ = f.commit(ctx, client, g, step)
				}
			}
		}
		tick.Stop()
	}
}
