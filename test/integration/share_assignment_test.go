package integration

import (
	"context"
	"fmt"
	"net"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	broker "kafka_burndown_exporter/test/kafka"
)

// TestShareAssignment holds what the simulator and the law take for granted of the coordinator's assignor: each partition of
// a share group has as many members as it takes for all to have one. So with fewer members than partitions each has one
// member, and the fullest has as many partitions as in a consumer group.
func TestShareAssignment(t *testing.T) {
	w := &shareWorld{Cluster: broker.Start(t, broker.Options{Version: broker.NewVersion, Properties: map[string]string{
		"group.share.heartbeat.interval.ms": "300", "group.share.min.heartbeat.interval.ms": "300",
	}})}
	w.producer = client(t, w.Cluster)
	const partitions = 4
	createTopic(t, w.Cluster, "jobs", partitions)
	for members := 1; members <= 6; members++ {
		c := w.consumer(t, "jobs", "jobs")
		go func() {
			for t.Context().Err() == nil {
				c.PollRecords(t.Context(), 1)
			}
		}()
		shared := (members + partitions - 1) / partitions
		least, most := shared*partitions/members, (shared*partitions+members-1)/members
		got := ""
		err := eventually(t.Context(), 30*time.Second, func() (bool, error) {
			sizes, byPartition, err := w.assignments(t.Context(), "jobs")
			got = fmt.Sprint(sizes, byPartition)
			return err == nil && len(sizes) == members && len(byPartition) == partitions && slices.Min(sizes) >= least &&
				slices.Max(sizes) <= most && slices.Min(byPartition) == shared && slices.Max(byPartition) == shared, err
		})
		if err != nil {
			t.Fatalf("%d members on %d partitions: %v: partitions of the members and members of the partitions are %s, want %d to %d, and %d",
				members, partitions, err, got, least, most, shared)
		}
		t.Logf("%d members: %s", members, got)
	}
}

// assignments are how many partitions each member of a group has, and how many members each partition has.
func (w *shareWorld) assignments(ctx context.Context, group string) (members, partitions []int, err error) {
	r := kmsg.NewPtrShareGroupDescribeRequest()
	r.GroupIDs = []string{group}
	answer, err := r.RequestWith(ctx, w.producer)
	if err == nil {
		err = kerr.ErrorForCode(answer.Groups[0].ErrorCode)
	}
	if err != nil {
		return nil, nil, err
	}
	count := map[string]int{}
	for _, m := range answer.Groups[0].Members {
		n := 0
		for _, t := range m.Assignment.TopicPartitions {
			n += len(t.Partitions)
			for _, p := range t.Partitions {
				count[fmt.Sprint(t.Topic, p)]++
			}
		}
		members = append(members, n)
	}
	for _, n := range count {
		partitions = append(partitions, n)
	}
	return members, partitions, nil
}

// TestShareCrash: what a consumer had taken when its connections ended is handed out again at once, not when the lock on it
// times out, which would be in ten minutes here.
func TestShareCrash(t *testing.T) {
	w := &shareWorld{Cluster: broker.Start(t, broker.Options{Version: broker.NewVersion, Properties: map[string]string{
		"group.share.heartbeat.interval.ms": "300", "group.share.min.heartbeat.interval.ms": "300",
		"group.share.record.lock.duration.ms": "600000", "group.share.max.record.lock.duration.ms": "600000",
	}})}
	w.producer = client(t, w.Cluster)
	createTopic(t, w.Cluster, "jobs", 1)
	w.begin(t, "jobs", "earliest")
	produce(t, w.producer, "jobs", 1, 10)
	var line cuttable
	c := client(t, w.Cluster, kgo.ShareGroup("jobs"), kgo.ConsumeTopics("jobs"), kgo.ShareMaxRecords(10), kgo.ShareMaxRecordsStrict(),
		kgo.Dialer(line.dial))
	taken := 0
	for taken < 10 {
		fetches := c.PollRecords(t.Context(), 10-taken)
		if err := fetches.Err(); err != nil {
			t.Fatal(err)
		}
		taken += fetches.NumRecords()
	}
	line.cut()
	w.take(t, "jobs", "jobs", 10, func(r *kgo.Record) kgo.AckStatus {
		if r.DeliveryCount() != 2 {
			t.Errorf("offset %d is delivered for the %d. time", r.Offset, r.DeliveryCount())
		}
		return kgo.AckAccept
	})
}

// cuttable dials connections that all end at one moment, after which there are no others.
type cuttable struct {
	mu    sync.Mutex
	conns []net.Conn
	gone  bool
}

func (c *cuttable) dial(ctx context.Context, network, host string) (net.Conn, error) {
	conn, err := new(net.Dialer).DialContext(ctx, network, host)
	c.mu.Lock()
	defer c.mu.Unlock()
	if err == nil && c.gone {
		conn.Close()
		return nil, net.ErrClosed
	}
	c.conns = append(c.conns, conn)
	return conn, err
}

func (c *cuttable) cut() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.gone = true
	for _, conn := range c.conns {
		if conn != nil {
			conn.Close()
		}
	}
}
