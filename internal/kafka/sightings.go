package kafka

import (
	"context"

	"github.com/IBM/sarama"
)

// sightings are what brokers say of groups that none of them lists, by broker and the groups' raw names.
type sightings map[int32]map[string]sarama.GroupDescription

// sightings asks all brokers that answer about groups by their names. Only the coordinator of a group knows of it; the
// others say that they are not, but only to a user who may see the group.
func (s *Sampler) sightings(ctx context.Context, raw []string) sightings {
	nodes := s.liveNodes()
	answers := make([]*sarama.DescribeGroupsResponse, len(nodes))
	s.each(nodes, func(i int, n *node) {
		if !n.answered.Load() {
			return
		}
		answer, err := ask(ctx, s, n, n.coordinator, apiDescribeGroups, (*sarama.Broker).DescribeGroups,
			&sarama.DescribeGroupsRequest{Version: s.versions.describeGroups, Groups: raw})
		if err == nil {
			answers[i] = answer
		}
	})
	out := sightings{}
	for i, n := range nodes {
		if answers[i] == nil {
			continue
		}
		out[n.id] = map[string]sarama.GroupDescription{}
		for _, a := range answers[i].Groups {
			if a != nil {
				out[n.id][a.GroupId] = *a
			}
		}
	}
	return out
}

// reportForbidden counts and logs once that there are groups which the user may not see.
func (s *Sampler) reportForbidden(said sightings, groups []*group) {
	for _, n := range s.liveNodes() {
		for _, g := range groups {
			if said[n.id][g.raw].Err == sarama.ErrGroupAuthorizationFailed {
				s.failure(apiDescribeGroups, n, codeName(sarama.ErrGroupAuthorizationFailed),
					sarama.ErrGroupAuthorizationFailed, "first", g.id)
				return
			}
		}
	}
}

// forbidden reports whether the user may not see a group.
func (s sightings) forbidden(raw string) bool {
	for _, groups := range s {
		if groups[raw].Err == sarama.ErrGroupAuthorizationFailed {
			return true
		}
	}
	return false
}

// missing reports whether a group's coordinator does not have it. A group of another type than was asked for seems Dead as
// well, but one of a broker that listed all its groups would be among them.
func (s sightings) missing(raw string, lists map[int32]listing) bool {
	for broker, groups := range s {
		a, spoke := groups[raw]
		if spoke && lists[broker].complete &&
			(a.Err == sarama.ErrNoError && a.State == stateDead || a.Err == sarama.ErrGroupIDNotFound) {
			return true
		}
	}
	return false
}
