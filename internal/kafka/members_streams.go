package kafka

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/IBM/sarama"
	"github.com/twmb/franz-go/pkg/kmsg"

	"kafka_burndown_exporter/internal/lag"
	"kafka_burndown_exporter/internal/pilot"
)

// subtopology is a part of a streams group's topology: its tasks read the partitions of the same number of all its
// topics.
type subtopology struct {
	id     string
	topics []string // as published, sorted
	least  int      // partitions that it has at least
	held   []taskOf
}

// taskOf is a task and the member that has it.
type taskOf struct{ task, member int32 }

// describeStreams reads the members of streams groups (KIP-1071).
func (s *Sampler) describeStreams(ctx context.Context, n *node, batch []describeTarget) ([]description, error) {
	raw, index := byRaw(batch)
	r := kmsg.NewPtrStreamsGroupDescribeRequest()
	r.Groups = raw
	answer, err := askOwn[*kmsg.StreamsGroupDescribeResponse](ctx, s, n, n.describe, apiDescribeStreams, r)
	if err != nil {
		return nil, err
	}
	at := time.Now()
	var out []description
	for i := range answer.Groups {
		a := &answer.Groups[i]
		t, ok := index[a.Group]
		if !ok || !s.described(apiDescribeStreams, n, t, sarama.KError(a.ErrorCode), a.State) {
			continue
		}
		members, subtopologies := s.streamsMembers(a, at)
		out = append(out, description{group: t.group, listed: t.state, members: members, subtopologies: subtopologies})
	}
	return out, nil
}

// streamsMembers reads a description but for what depends on the topics' partitions: placeTasks adds that.
func (s *Sampler) streamsMembers(a *kmsg.StreamsGroupDescribeResponseGroup, at time.Time) (*lag.Members, []subtopology) {
	m := &lag.Members{At: at, State: strings.ToValidUTF8(a.State, "\uFFFD"), Count: len(a.Members)}
	if a.AssignorName != nil {
		m.Assignor = strings.ToValidUTF8(*a.AssignorName, "\uFFFD")
	}
	subs, all := s.subtopologies(a.Topology)
	m.Topics = sortedKeys(all)
	slices.SortFunc(a.Members, func(x, y kmsg.StreamsGroupDescribeResponseGroupMember) int {
		return strings.Compare(x.MemberID, y.MemberID)
	})
	index := map[string]*subtopology{}
	for i := range subs {
		index[subs[i].id] = &subs[i]
	}
	clients, processes := make([]pilot.Client, 0, len(a.Members)), map[string]bool{}
	for i := range a.Members {
		member := &a.Members[i]
		clients = append(clients, pilot.Client{ID: member.ClientID, Host: member.ClientHost, Process: member.ProcessID})
		processes[member.ProcessID] = true
		for _, t := range member.Assignment.ActiveTasks {
			if sub := index[t.SubtopologyID]; sub != nil {
				sub.hold(t.Partitions, int32(i))
			}
		}
		for _, t := range member.TargetAssignment.ActiveTasks {
			if sub := index[t.SubtopologyID]; sub != nil {
				sub.know(t.Partitions)
			}
		}
	}
	m.Replicas = pilot.CountReplicas(clients)
	if !processes[""] {
		m.Processes = len(processes)
	}
	return m, subs
}

// subtopologies are those of a topology, in the order of their numbers, and the topics that they read.
func (s *Sampler) subtopologies(t *kmsg.StreamsGroupDescribeResponseGroupTopology) ([]subtopology, map[string]bool) {
	all := map[string]bool{}
	if t == nil {
		return nil, all
	}
	var subs []subtopology
	for _, sub := range t.Subtopologies {
		topics, least := map[string]bool{}, 0
		s.addTopics(topics, sub.SourceTopics...)
		for _, r := range sub.RepartitionSourceTopics {
			s.addTopics(topics, r.Topic)
			least = max(least, int(r.NumPartitions))
		}
		for name := range topics {
			all[name] = true
		}
		subs = append(subs, subtopology{id: sub.SubtopologyID, topics: sortedKeys(topics), least: min(least, maxPartition)})
	}
	slices.SortFunc(subs, func(a, b subtopology) int {
		return cmp.Or(cmp.Compare(len(a.id), len(b.id)), strings.Compare(a.id, b.id))
	})
	return subs, all
}

// know notes tasks that exist.
func (t *subtopology) know(tasks []int32) {
	for _, n := range tasks {
		if n >= 0 && n < maxPartition {
			t.least = max(t.least, int(n)+1)
		}
	}
}

// hold notes tasks that a member has.
func (t *subtopology) hold(tasks []int32, member int32) {
	t.know(tasks)
	for _, n := range tasks {
		t.held = append(t.held, taskOf{n, member})
	}
}

// placeTasks fills in what follows from the partitions of the topics: how many tasks there are, and who has which
// partition.
func (s *Sampler) placeTasks(m *lag.Members, subs []subtopology) {
	number, held := map[string]int32{}, holders{}
	for i, sub := range subs {
		most := sub.least
		for _, name := range sub.topics {
			if _, taken := number[name]; taken {
				continue
			}
			number[name] = int32(i)
			parts := int32(0)
			if t := s.topics.byName[name]; t != nil {
				parts = int32(len(t.parts))
				most = max(most, len(t.parts))
			}
			for _, h := range sub.held {
				if h.task < parts {
					held.add(name, []int32{h.task}, h.member)
				}
			}
		}
		m.Tasks += most
	}
	for _, name := range m.Topics {
		m.Subtopology = append(m.Subtopology, number[name])
	}
	m.Assigned = held.assigned()
}
