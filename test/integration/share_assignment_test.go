package integration

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
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
