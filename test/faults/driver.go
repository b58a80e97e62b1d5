package faults

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/kversion"
)

// driver makes everything happen that the exporter is to see, and notes it in the truth.
type driver struct {
	*known
	servers []string
	client  *kgo.Client
	admin   *kgo.Client // in the newest protocol
	wg      sync.WaitGroup
	fail    func(error) // what makes the truth unknown
	pending atomic.Int64
	paused  sync.Map // groups that do not commit for now
}

// tick is how often a partition gets messages.
const tick = 100 * time.Millisecond

func newDriver(servers []string, fail func(error)) (*driver, error) {
	client, err := kgo.NewClient(kgo.SeedBrokers(servers...), kgo.RecordPartitioner(kgo.ManualPartitioner()),
		kgo.MaxVersions(kversion.V3_9_0()), // later versions of OffsetCommit name topics by ID
		kgo.UnknownTopicRetries(-1), kgo.MetadataMinAge(100*time.Millisecond), kgo.RetryBackoffFn(func(int) time.Duration { return 50 * time.Millisecond }),
		kgo.ProducerLinger(0), kgo.RequestTimeoutOverhead(3*time.Second), kgo.MetadataMaxAge(2*time.Second))
	if err != nil {
		return nil, err
	}
	admin, err := kgo.NewClient(kgo.SeedBrokers(servers...))
	if err != nil {
		return nil, err
	}
	return &driver{known: newKnown(), servers: servers, client: client, admin: admin, fail: fail}, nil
}

// close waits until everything that was asked for is confirmed or given up.
func (d *driver) close() {
	d.wg.Wait()
	d.client.Close()
	d.admin.Close()
}

// create creates a topic.
func (d *driver) create(ctx context.Context, name string, partitions, replicas int) error {
	t := d.addTopic(name)
	life := t.begin(partitions)
	req := kmsg.NewPtrCreateTopicsRequest()
	one := kmsg.NewCreateTopicsRequestTopic()
	one.Topic, one.NumPartitions, one.ReplicationFactor = name, int32(partitions), int16(replicas)
	req.Topics = append(req.Topics, one)
	resp, err := req.RequestWith(ctx, d.client)
	if err == nil {
		err = kerr.ErrorForCode(resp.Topics[0].ErrorCode)
	}
	if err != nil && !errors.Is(err, kerr.TopicAlreadyExists) { // a retry of what had been done
		return fmt.Errorf("create topic %s: %w", name, err)
	}
	life.alive = now()
	return nil
}

// remove deletes a topic, and with it what is committed on it.
func (d *driver) remove(ctx context.Context, name string) error {
	t := d.topic(name)
	life := t.present()
	life.dying = now()
	for _, g := range d.groupsOn(name) {
		for _, h := range g.on(name, 0) {
			h.Begin(noCommit) // whenever the coordinator comes to it
		}
	}
	req := kmsg.NewPtrDeleteTopicsRequest()
	req.TopicNames = []string{name}
	one := kmsg.NewDeleteTopicsRequestTopic()
	one.Topic = &name
	req.Topics = append(req.Topics, one)
	resp, err := req.RequestWith(ctx, d.client)
	if err == nil {
		err = kerr.ErrorForCode(resp.Topics[0].ErrorCode)
	}
	if err != nil && !errors.Is(err, kerr.UnknownTopicOrPartition) {
		return fmt.Errorf("delete topic %s: %w", name, err)
	}
	// Brokers learn of it one after the other.
	life.dead = now().Add(5 * time.Second)
	return nil
}

func (d *driver) groupsOn(topic string) (groups []*group) {
	d.known.mu.Lock()
	defer d.known.mu.Unlock()
	for _, g := range d.groups {
		if len(g.on(topic, 0)) > 0 {
			groups = append(groups, g)
		}
	}
	return groups
}

// addPartitions grows a topic.
func (d *driver) addPartitions(ctx context.Context, name string, n int) error {
	d.topic(name).present().grow(n)
	req := kmsg.NewPtrCreatePartitionsRequest()
	one := kmsg.NewCreatePartitionsRequestTopic()
	one.Topic, one.Count = name, int32(n)
	req.Topics = append(req.Topics, one)
	resp, err := req.RequestWith(ctx, d.client)
	if err == nil {
		err = kerr.ErrorForCode(resp.Topics[0].ErrorCode)
	}
	if err != nil {
		return fmt.Errorf("add partitions to %s: %w", name, err)
	}
	return nil
}

// produce writes n messages to one partition and waits for the confirmation of all of them.
func (d *driver) produce(ctx context.Context, topic string, l *life, p, n int) error {
	end := &l.partitions()[p].end
	first := end.Last()
	records := make([]*kgo.Record, n)
	for i := range records {
		records[i] = &kgo.Record{Topic: topic, Partition: int32(p), Value: []byte("a message")}
	}
	done := end.Begin(first + int64(n))
	d.pending.Add(1)
	defer d.pending.Add(-1)
	err := d.client.ProduceSync(ctx, records...).FirstErr()
	for end := now().Add(10 * time.Second); errors.Is(err, kerr.UnknownTopicID) && now() < end; wait(ctx, tick) {
		// It was deleted and created again, and the client does not know yet: nothing was written.
		d.client.ForceMetadataRefresh()
		for i, r := range records {
			records[i] = &kgo.Record{Topic: r.Topic, Partition: r.Partition, Value: r.Value}
		}
		err = d.client.ProduceSync(ctx, records...).FirstErr()
	}
	if err != nil {
		return fmt.Errorf("produce to %s/%d: %w", topic, p, err)
	}
	if got := records[0].Offset; got != first {
		return fmt.Errorf("produce to %s/%d: the messages begin at %d, not at %d: the driver is not the only one who writes", topic, p, got, first)
	}
	done(true)
	return nil
}

// flow writes perTick messages to every partition of a topic until ctx ends; what is under way then is completed.
func (d *driver) flow(ctx context.Context, topic string, perTick func(partition int) int) {
	l := d.topic(topic).present()
	started := 0
	start := func(p int) {
		d.wg.Go(func() {
			t := time.NewTicker(tick)
			defer t.Stop()
			for {
				select {
				case <-ctx.Done():
					return
				case <-t.C:
				}
				if n := perTick(p); n > 0 {
					if err := d.produce(context.WithoutCancel(ctx), topic, l, p, n); err != nil {
						d.fail(err)
						return
					}
				}
			}
		})
	}
	for ; started < len(l.partitions()); started++ {
		start(started)
	}
	d.wg.Go(func() { // partitions that are added
		for ctx.Err() == nil {
			if n := len(l.partitions()); started < n {
				wait(ctx, 4*time.Second) // until all brokers and the client know them
				for ; started < n; started++ {
					start(started)
				}
			}
			time.Sleep(tick)
		}
	})
}

// commit lets a group without members commit offsets on one topic, -1: none. Its steps are noted.
func (d *driver) commit(ctx context.Context, g *group, offsets map[string][]int64) error {
	req := kmsg.NewPtrOffsetCommitRequest()
	req.Group, req.Generation = g.name, -1
	var dones []func(bool)
	for topic, list := range offsets {
		one := kmsg.NewOffsetCommitRequestTopic()
		one.Topic = topic
		histories := g.on(topic, len(list))
		for p, offset := range list {
			if offset < 0 {
				continue
			}
			part := kmsg.NewOffsetCommitRequestTopicPartition()
			part.Partition, part.Offset = int32(p), offset
			one.Partitions = append(one.Partitions, part)
			dones = append(dones, histories[p].Begin(offset))
		}
		req.Topics = append(req.Topics, one)
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	resp, err := req.RequestWith(ctx, d.client)
	if err != nil {
		return err
	}
	for _, t := range resp.Topics {
		for _, p := range t.Partitions {
			if err := kerr.ErrorForCode(p.ErrorCode); err != nil {
				return err
			}
		}
	}
	for _, done := range dones {
		done(true)
	}
	return nil
}

// behind commits on all topics of a group, each time its period is over, as far behind the ends as it is told.
func (d *driver) behind(ctx context.Context, g *group, distance func(topic string, p int) int64) {
	d.wg.Go(func() {
		t := time.NewTicker(g.period)
		defer t.Stop()
		for {
			if _, paused := d.paused.Load(g.name); !paused {
				_ = d.commit(context.WithoutCancel(ctx), g, d.targets(g, distance)) // a commit that may have come is noted as such
			}
			select {
			case <-ctx.Done():
				return
			case <-t.C:
			}
		}
	})
}

// targets are where a group is to be: never before where it is.
func (d *driver) targets(g *group, distance func(topic string, p int) int64) map[string][]int64 {
	offsets := map[string][]int64{}
	for _, name := range g.uses {
		t := d.topic(name)
		parts := t.present().partitions()
		list := make([]int64, len(parts))
		histories := g.on(name, len(parts))
		for p := range parts {
			at := parts[p].end.Confirmed(now()) - distance(name, p)
			list[p] = max(0, at, histories[p].Last(), parts[p].start.Confirmed(now()))
			if g.partial > 0 && p >= g.partial {
				list[p] = noCommit
			}
		}
		offsets[name] = list
	}
	return offsets
}

// deleteGroup deletes a group without members.
func (d *driver) deleteGroup(ctx context.Context, g *group) error {
	var dones []func(bool)
	g.mu.Lock()
	for _, list := range g.commits {
		for _, h := range list {
			dones = append(dones, h.Begin(noCommit))
		}
	}
	g.mu.Unlock()
	req := kmsg.NewPtrDeleteGroupsRequest()
	req.Groups = []string{g.name}
	resp, err := req.RequestWith(ctx, d.client)
	if err == nil && len(resp.Groups) == 1 {
		err = kerr.ErrorForCode(resp.Groups[0].ErrorCode)
	}
	if err != nil && !errors.Is(err, kerr.GroupIDNotFound) {
		return fmt.Errorf("delete group %s: %w", g.name, err)
	}
	for _, done := range dones {
		done(true)
	}
	return nil
}

// deleteRecords deletes what lies before an offset.
func (d *driver) deleteRecords(ctx context.Context, topic string, before func(p int, end int64) int64) error {
	l := d.topic(topic).present()
	req := kmsg.NewPtrDeleteRecordsRequest()
	one := kmsg.NewDeleteRecordsRequestTopic()
	one.Topic = topic
	var dones []func(bool)
	for p, part := range l.partitions() {
		at := max(before(p, part.end.Confirmed(now())), part.start.Last())
		rp := kmsg.NewDeleteRecordsRequestTopicPartition()
		rp.Partition, rp.Offset = int32(p), at
		one.Partitions = append(one.Partitions, rp)
		dones = append(dones, part.start.Begin(at))
	}
	req.Topics, req.TimeoutMillis = append(req.Topics, one), 10_000
	for _, shard := range d.client.RequestSharded(ctx, req) {
		if shard.Err != nil {
			return fmt.Errorf("delete records of %s: %w", topic, shard.Err)
		}
		for _, t := range shard.Resp.(*kmsg.DeleteRecordsResponse).Topics {
			for _, p := range t.Partitions {
				if err := kerr.ErrorForCode(p.ErrorCode); err != nil {
					return fmt.Errorf("delete records of %s/%d: %w", topic, p.Partition, err)
				}
			}
		}
	}
	for _, done := range dones {
		done(true)
	}
	return nil
}
