package kafka

import (
	"context"
	"strings"
	"time"

	"github.com/IBM/sarama"
	"github.com/twmb/franz-go/pkg/kmsg"

	"kafka_burndown_exporter/internal/lag"
	"kafka_burndown_exporter/internal/pilot"
)

// describeShares reads the members of share groups (KIP-932). What they are assigned does not matter: several members
// take messages of the same partition.
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

func (s *Sampler) shareMembers(a *kmsg.ShareGroupDescribeResponseGroup, at time.Time) *lag.Members {
	topics, clients := map[string]bool{}, make([]pilot.Client, 0, len(a.Members))
	for i := range a.Members {
		m := &a.Members[i]
		s.addTopics(topics, m.SubscribedTopicNames...)
		clients = append(clients, pilot.Client{ID: m.ClientID, Host: m.ClientHost})
	}
	return &lag.Members{
		At: at, State: strings.ToValidUTF8(a.GroupState, "\uFFFD"), Count: len(a.Members),
		Assignor: strings.ToValidUTF8(a.Assignor, "\uFFFD"), Topics: sortedKeys(topics), Replicas: pilot.CountReplicas(clients),
	}
}
