package kafka

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/twmb/franz-go/pkg/kmsg"

	"kafka_burndown_exporter/internal/lag"
)

var t0 = time.Unix(1_800_000_000, 0)

// streamsGroup has two subtopologies and two processes, one of them with two threads.
func streamsGroup() kmsg.StreamsGroupDescribeResponseGroup {
	g := kmsg.NewStreamsGroupDescribeResponseGroup()
	g.State = "Stable"
	topology := kmsg.NewStreamsGroupDescribeResponseGroupTopology()
	sub := func(id string, source []string, repartition string, partitions int32) {
		s := kmsg.NewStreamsGroupDescribeResponseGroupTopologySubtopology()
		s.SubtopologyID, s.SourceTopics = id, source
		if repartition != "" {
			s.RepartitionSourceTopics = []kmsg.TopicInfo{{Topic: repartition, NumPartitions: partitions}}
		}
		topology.Subtopologies = append(topology.Subtopologies, s)
	}
	sub("1", nil, "app-repartition", 3)
	sub("0", []string{"clicks", "orders"}, "", 0)
	g.Topology = &topology
	member := func(id, process string, tasks ...kmsg.TaskIDs) {
		m := kmsg.NewStreamsGroupDescribeResponseGroupMember()
		m.MemberID, m.ProcessID, m.ClientID, m.ClientHost = id, process, id, "/10.0.0.1"
		m.Assignment.ActiveTasks = tasks
		g.Members = append(g.Members, m)
	}
	member("m2", "p1", kmsg.TaskIDs{SubtopologyID: "0", Partitions: []int32{1, 2}})
	member("m1", "p1", kmsg.TaskIDs{SubtopologyID: "1", Partitions: []int32{0, 2}}, kmsg.TaskIDs{SubtopologyID: "0", Partitions: []int32{0}})
	member("m3", "p2", kmsg.TaskIDs{SubtopologyID: "1", Partitions: []int32{1}})
	return g
}

func TestStreamsMembers(t *testing.T) {
	s := &Sampler{topicNames: newNamer(nil, nil, Shard{}), topics: newTopicTable()}
	for name, partitions := range map[string]int{"orders": 3, "clicks": 2, "app-repartition": 3} {
		s.topics.byName[name] = &topic{name: name, parts: make([]partition, partitions)}
	}
	g := streamsGroup()
	m, subs := s.streamsMembers(&g, t0)
	s.placeTasks(m, subs)
	want := &lag.Members{
		At: t0, State: "Stable", Count: 3, Processes: 2, Replicas: 2, Tasks: 6,
		Topics: []string{"app-repartition", "clicks", "orders"}, Subtopology: []int32{1, 0, 0},
		Assigned: []lag.Assigned{
			{Topic: "app-repartition", Partitions: []int32{0, 1, 2}, Members: []int32{0, 2, 0}},
			{Topic: "clicks", Partitions: []int32{0, 1}, Members: []int32{0, 1}},
			{Topic: "orders", Partitions: []int32{0, 1, 2}, Members: []int32{0, 1, 1}},
		},
	}
	if diff := cmp.Diff(want, m); diff != "" {
		t.Error(diff)
	}
}

// Before its topology is there, a group has members and nothing to do.
func TestStreamsMembersNotReady(t *testing.T) {
	s := &Sampler{topicNames: newNamer(nil, nil, Shard{}), topics: newTopicTable()}
	g := streamsGroup()
	g.State, g.Topology = "NotReady", nil
	m, subs := s.streamsMembers(&g, t0)
	s.placeTasks(m, subs)
	if m.Count != 3 || m.Processes != 2 || m.Tasks != 0 || len(m.Topics) != 0 || m.Assigned != nil {
		t.Errorf("%+v", m)
	}
	g.Members[0].ProcessID = ""
	if m, _ := s.streamsMembers(&g, t0); m.Processes != 0 {
		t.Errorf("%d processes, of which one is not told", m.Processes)
	}
}
