package kafka

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/twmb/franz-go/pkg/kmsg"

	"kafka_burndown_exporter/internal/lag"
)

// shareGroupOf has members on the partitions of jobs that each of them is assigned.
func shareGroupOf(members map[string][]int32) *kmsg.ShareGroupDescribeResponseGroup {
	g := kmsg.NewShareGroupDescribeResponseGroup()
	g.GroupState, g.Assignor = "Stable", "simple"
	for id, partitions := range members {
		m := kmsg.NewShareGroupDescribeResponseGroupMember()
		m.MemberID, m.ClientID, m.ClientHost, m.SubscribedTopicNames = id, id, "/"+id, []string{"jobs"}
		m.Assignment.TopicPartitions = []kmsg.ShareGroupDescribeResponseGroupMemberAssignmentTopicPartition{{Topic: "jobs", Partitions: partitions}}
		g.Members = append(g.Members, m)
	}
	return &g
}

// Who has which partition is told while each has one member, and not where members share partitions.
func TestShareMembers(t *testing.T) {
	s := &Sampler{topicNames: newNamer(nil, nil, Shard{}), topics: newTopicTable()}
	few := s.shareMembers(shareGroupOf(map[string][]int32{"b": {2}, "a": {3, 0}, "c": {1}}), t0)
	want := &lag.Members{
		At: t0, State: "Stable", Count: 3, Replicas: 3, Assignor: "simple", Topics: []string{"jobs"},
		Assigned: []lag.Assigned{{Topic: "jobs", Partitions: []int32{0, 1, 2, 3}, Members: []int32{0, 2, 1, 0}}},
	}
	if diff := cmp.Diff(want, few); diff != "" {
		t.Errorf("three members on four partitions (-want +got):\n%s", diff)
	}
	many := s.shareMembers(shareGroupOf(map[string][]int32{"a": {0, 1}, "b": {0}, "c": {1}}), t0)
	if many.Assigned != nil || many.Count != 3 {
		t.Errorf("three members on two partitions: %+v", many)
	}
}
