package integration

import (
	"fmt"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"kafka_burndown_exporter/internal/lag"
	broker "kafka_burndown_exporter/test/kafka"
)

// TestExpectedGroupWhileItsCoordinatorIsOffline: the commits of a group are in a partition without a leader, so that no
// broker knows of the group. An exporter that starts then must not take it for one that has read nothing.
func TestExpectedGroupWhileItsCoordinatorIsOffline(t *testing.T) {
	c := broker.Start(t, broker.Options{Brokers: 3, Properties: map[string]string{"offsets.topic.replication.factor": "1"}})
	createTopic(t, c, "orders", 2)
	writer := client(t, c)
	produce(t, writer, "orders", 2, 50)
	commitSimply(t, c, "here", "orders", map[int32]int64{0: 50, 1: 40})
	victim := coordinatorOf(t, writer, "here")
	never := awayFrom(t, writer, victim)
	config := settings(c.Addrs(broker.Plaintext))
	config.Expect = map[string][]string{"here": {"orders"}, never: {"orders"}}
	if err := c.Broker(victim).Kill(); err != nil {
		t.Fatal(err)
	}
	eventuallyOffline(t, writer, "here")

	p := startPipeline(t, config, func(_ *lag.Wave, s *lag.Snapshot) {
		if g := findGroup(s, "here"); g != nil && lag.Known(g.Backlog) && g.Backlog != 10 {
			t.Errorf("a false backlog: %+v", g)
		}
	})
	p.wait(t, "the other group is known not to exist", 30*time.Second, func(s *lag.Snapshot) string {
		if g := findGroup(s, never); g == nil || g.Backlog != 100 || g.State != "Empty" {
			return fmt.Sprintf("%+v", g)
		}
		return ""
	})
	seen := p.stats.waveCount()
	p.wait(t, "a few waves more", 30*time.Second, func(s *lag.Snapshot) string {
		g := findGroup(s, "here")
		if g == nil || g.Complete || g.PartitionsUnknown[lag.ReasonCoordinator] == 0 || p.stats.waveCount() < seen+3 {
			return fmt.Sprintf("%+v", g)
		}
		return ""
	})
	if err := c.Broker(victim).Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	p.wait(t, "it is back", time.Minute, func(s *lag.Snapshot) string {
		if g := findGroup(s, "here"); g == nil || g.Backlog != 10 || !g.Complete {
			return fmt.Sprintf("%+v", g)
		}
		return ""
	})
}

// findCoordinator asks for a group's coordinator.
func findCoordinator(t *testing.T, c *kgo.Client, group string) *kmsg.FindCoordinatorResponse {
	t.Helper()
	r := kmsg.NewPtrFindCoordinatorRequest()
	r.CoordinatorKey = group
	answer, err := r.RequestWith(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	if len(answer.Coordinators) > 0 { // batched versions
		answer.NodeID, answer.ErrorCode = answer.Coordinators[0].NodeID, answer.Coordinators[0].ErrorCode
	}
	return answer
}

func coordinatorOf(t *testing.T, c *kgo.Client, group string) int32 {
	t.Helper()
	answer := findCoordinator(t, c, group)
	if answer.ErrorCode != 0 {
		t.Fatalf("coordinator of %s: %+v", group, answer)
	}
	return answer.NodeID
}

// awayFrom finds a name for a group that another broker coordinates.
func awayFrom(t *testing.T, c *kgo.Client, broker int32) string {
	t.Helper()
	for i := 0; ; i++ {
		if name := fmt.Sprint("never-", i); coordinatorOf(t, c, name) != broker {
			return name
		}
	}
}

// eventuallyOffline waits until the cluster knows that a group has no coordinator.
func eventuallyOffline(t *testing.T, c *kgo.Client, group string) {
	t.Helper()
	err := eventually(t.Context(), time.Minute, func() (bool, error) {
		return findCoordinator(t, c, group).ErrorCode != 0, nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
