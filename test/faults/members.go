package faults

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/kversion"
)

// crew is the members of a group that reads a topic as real consumers do.
type crew struct {
	d      *driver
	g      *group
	topic  string
	rate   int // messages per second that one member can do
	mu     sync.Mutex
	cancel []context.CancelFunc
}

// join adds a member that reads and commits until it is told to leave, or ctx ends.
func (c *crew) join(ctx context.Context) error {
	client, err := kgo.NewClient(kgo.SeedBrokers(c.d.servers...), kgo.ConsumerGroup(c.g.name), kgo.ConsumeTopics(c.topic),
		kgo.DisableAutoCommit(), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.MaxVersions(kversion.V3_9_0()),
		kgo.FetchMaxWait(200*time.Millisecond), kgo.SessionTimeout(10*time.Second), kgo.HeartbeatInterval(time.Second),
		kgo.Balancers(kgo.RangeBalancer()), kgo.MetadataMinAge(100*time.Millisecond), kgo.MetadataMaxAge(2*time.Second))
	if err != nil {
		return fmt.Errorf("join %s: %w", c.g.name, err)
	}
	ctx, cancel := context.WithCancel(ctx)
	c.mu.Lock()
	c.cancel = append(c.cancel, cancel)
	c.g.members.Begin(int64(len(c.cancel)))
	c.mu.Unlock()
	c.d.wg.Go(func() {
		defer client.Close()
		c.work(ctx, client)
	})
	return nil
}

// size is how many members there are.
func (c *crew) size() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.cancel)
}

// leave takes the newest member away.
func (c *crew) leave() {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := len(c.cancel) - 1
	c.g.members.Begin(int64(n))
	c.cancel[n]()
	c.cancel = c.cancel[:n]
}

// work reads a batch, takes the time for it, and commits what was read.
func (c *crew) work(ctx context.Context, client *kgo.Client) {
	batch := max(1, c.rate/4)
	next := time.Now()
	for ctx.Err() == nil {
		fetches := client.PollRecords(ctx, batch)
		offsets := map[int32]int64{}
		n := 0
		fetches.EachRecord(func(r *kgo.Record) {
			offsets[r.Partition] = max(offsets[r.Partition], r.Offset+1)
			n++
		})
		if n == 0 {
			continue
		}
		if next.Before(time.Now()) {
			next = time.Now()
		}
		next = next.Add(time.Duration(n) * time.Second / time.Duration(c.rate))
		wait(ctx, time.Until(next))
		c.commit(client, offsets)
	}
}

func (c *crew) commit(client *kgo.Client, offsets map[int32]int64) {
	list := map[string]map[int32]kgo.EpochOffset{c.topic: {}}
	var dones []func(bool)
	for p, offset := range offsets {
		list[c.topic][p] = kgo.EpochOffset{Epoch: -1, Offset: offset}
		dones = append(dones, c.g.on(c.topic, int(p)+1)[p].Begin(offset))
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	ok := true
	client.CommitOffsetsSync(ctx, list, func(_ *kgo.Client, _ *kmsg.OffsetCommitRequest, answer *kmsg.OffsetCommitResponse, err error) {
		if err != nil {
			ok = false
			return
		}
		for _, t := range answer.Topics {
			for _, p := range t.Partitions {
				ok = ok && p.ErrorCode == 0
			}
		}
	})
	for _, done := range dones {
		done(ok)
	}
}
