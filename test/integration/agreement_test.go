package integration

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"kafka_burndown_exporter/internal/lag"
)

// compare waits until the snapshot says what kafka-consumer-groups says, but for the differences that are ours.
func (w *groupWorld) compare(t *testing.T) {
	want := describeGroups(t, w.Cluster)
	kinds := []string{"classic", "dead", "none", "partial", "recreated", "settled", "shrunk", "simple", "trimmed", "unsettled"}
	if w.modern {
		kinds = append(kinds, "modern")
	}
	slices.Sort(kinds)
	if got := slices.Sorted(maps.Keys(want)); !slices.Equal(got, kinds) {
		t.Fatalf("kafka-consumer-groups knows %q, want %q", got, kinds)
	}
	for p, offset := range w.stable {
		key := fmt.Sprint("payments ", p)
		row := want["settled"].partitions[key]
		if offset >= row.end {
			t.Errorf("the last stable offset of %s is %d, its high watermark %d", key, offset, row.end)
		}
		row.lag = offset - row.committed
		want["settled"].partitions[key] = row
	}
	lost := want["trimmed"].partitions["trimmed 0"]
	lost.lag -= 30 // deleted, so not to be read any more
	want["trimmed"].partitions["trimmed 0"] = lost
	w.pipeline.wait(t, "agreement with kafka-consumer-groups", 30*time.Second, func(s *lag.Snapshot) string {
		var all []string
		for _, id := range kinds {
			if d := difference(s, id, want[id]); d != "" {
				all = append(all, d)
			}
		}
		return strings.Join(all, "\n")
	})
}

// difference says where a snapshot differs from what is wanted of a group.
func difference(s *lag.Snapshot, id string, want *described) string {
	g := findGroup(s, id)
	if g == nil {
		return id + " is missing"
	}
	got := sampled(s, g)
	if got.state != want.state || got.members != want.members {
		return fmt.Sprintf("%s: %s with %d members, want %s with %d", id, got.state, got.members, want.state, want.members)
	}
	committed := maps.Clone(want.partitions)
	maps.DeleteFunc(committed, func(_ string, p partition) bool { return p.committed < 0 })
	if !maps.Equal(got.partitions, committed) {
		return fmt.Sprintf("%s: %v, want %v", id, got.partitions, committed)
	}
	return ""
}
