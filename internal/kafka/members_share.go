package kafka

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/IBM/sarama"
	"github.com/twmb/franz-go/pkg/kmsg"

	"kafka_burndown_exporter/internal/lag"
	"kafka_burndown_exporter/internal/pilot"
)

// describeShares reads the members of share groups (KIP-932).
func (s *Sampler) describeShares(ctx context.Context, n *node, batch []describeTarget) ([]description, error) {
	raw, index := byRaw(batch)
	r := kmsg.NewPtrShareGroupDescribeRequest()
	r.GroupIDs = raw
	answer, err := askOwn[*kmsg.ShareGroupDescribeResponse](ctx, s, n, n.describe, apiDescribeShare, r)
	if err != nil {
		return nil, err
	}
	at := time.Now()
	var out []description
	for i := range answer.Groups {
		a := &answer.Groups[i]
		t, ok := index[a.GroupID]
		if !ok || !s.described(apiDescribeShare, n, t, sarama.KError(a.ErrorCode), a.GroupState) {
			continue
		}
		out = append(out, description{group: t.group, listed: t.state, members: s.shareMembers(a, at)})
	}
	return out, nil
}

// shareMembers takes a description apart. Who has which partition matters only while there are no more members than
// partitions: each partition has one member then.
func (s *Sampler) shareMembers(a *kmsg.ShareGroupDescribeResponseGroup, at time.Time) *lag.Members {
	slices.SortFunc(a.Members, func(x, y kmsg.ShareGroupDescribeResponseGroupMember) int {
		return strings.Compare(x.MemberID, y.MemberID)
	})
	topics, held, clients := map[string]bool{}, holders{}, make([]pilot.Client, 0, len(a.Members))
	for i := range a.Members {
		m := &a.Members[i]
		s.addTopics(topics, m.SubscribedTopicNames...)
		clients = append(clients, pilot.Client{ID: m.ClientID, Host: m.ClientHost})
		for _, t := range m.Assignment.TopicPartitions {
			if n := s.topicNames.of(t.Topic); n.admitted && t.Topic != "" {
				held.add(n.text, t.Partitions, int32(i))
			}
		}
	}
	out := &lag.Members{
		At: at, State: strings.ToValidUTF8(a.GroupState, "\uFFFD"), Count: len(a.Members),
		Assignor: strings.ToValidUTF8(a.Assignor, "\uFFFD"), Topics: sortedKeys(topics), Replicas: pilot.CountReplicas(clients),
	}
	if assigned := held.assigned(); !held.shared() {
		out.Assigned = assigned
	}
	return out
}

// shared reports whether a partition has several holders, once they are in order.
func (h *holders) shared() bool {
	for i := 1; i < len(h.all); i++ {
		if h.all[i].topic == h.all[i-1].topic && h.all[i].partition == h.all[i-1].partition {
			return true
		}
	}
	return false
}
