package kafka

import (
	"context"
	"time"

	"github.com/IBM/sarama"

	"kafka_burndown_exporter/internal/lag"
)

// maxFindCoordinator bounds the FindCoordinator requests of a wave. They are a last resort: listing says nearly always
// where a group is.
const maxFindCoordinator = 5

// resolveAbsent decides about groups that no broker lists.
//
// An expected group that no broker lists is read as having no commits when every broker has answered. If one has not,
// the group may be there: then the coordinator of its name is asked for, and only if that one is among the brokers
// that answered in full is the group known to be absent; else it is not read in this wave. A group that the user has
// no right to see is not listed either: it is unknown, not absent.
//
// A group whose broker has left the cluster for longer than a value may be held is forgotten in the same way: when the
// broker that coordinates it now has answered and does not list it.
func (s *Sampler) resolveAbsent(ctx context.Context, lists []listing) {
	complete := map[int32]bool{}
	all := len(lists) > 0
	for _, l := range lists {
		complete[l.broker] = l.complete
		all = all && l.complete
	}
	now, budget := time.Now(), maxFindCoordinator
	settled := func(raw string) bool {
		if budget == 0 || ctx.Err() != nil {
			return false
		}
		budget--
		c, ok := s.findCoordinator(ctx, raw)
		return ok && complete[c]
	}
	var absent []*group
	for _, g := range s.groups {
		if g.entry == nil {
			absent = append(absent, g)
		}
	}
	codes := s.visibility(ctx, absent)
	for _, g := range absent {
		code, answered := codes[g.raw]
		switch {
		case code == sarama.ErrGroupAuthorizationFailed:
			g.fail(lag.ReasonAuthorization)
		case answered && (all || settled(g.raw)):
			g.commits.clear()
			g.commitsAt, g.fetched = now, true
		default:
			g.fail(lag.ReasonCoordinator)
		}
	}
	for raw, e := range s.directory {
		_, known := s.nodes[e.coordinator]
		left := !known || s.nodes[e.coordinator].gone
		if !e.fresh && left && now.Sub(e.listedAt) > s.cfg.MaxAge && settled(raw) {
			delete(s.directory, raw)
		}
	}
}

// visibility asks any broker about groups by their names. One that does not coordinate them says so, but only to a user
// who may see them.
func (s *Sampler) visibility(ctx context.Context, groups []*group) map[string]sarama.KError {
	if len(groups) == 0 {
		return nil
	}
	var raw []string
	for _, g := range groups {
		raw = append(raw, g.raw)
	}
	for _, n := range s.liveNodes() {
		if !n.answered.Load() {
			continue
		}
		answer, err := ask(ctx, s, n, n.coordinator, apiDescribeGroups, (*sarama.Broker).DescribeGroups,
			&sarama.DescribeGroupsRequest{Version: s.versions.describeGroups, Groups: raw})
		if err != nil {
			continue
		}
		codes := map[string]sarama.KError{}
		for _, a := range answer.Groups {
			if a != nil {
				codes[a.GroupId] = a.Err
			}
		}
		for _, g := range groups {
			if codes[g.raw] == sarama.ErrGroupAuthorizationFailed {
				s.failure(apiDescribeGroups, n, codeName(sarama.ErrGroupAuthorizationFailed),
					sarama.ErrGroupAuthorizationFailed, "first", g.id)
				break
			}
		}
		return codes
	}
	return nil
}

// findCoordinator asks any broker that answered which one coordinates a group.
func (s *Sampler) findCoordinator(ctx context.Context, raw string) (int32, bool) {
	for _, n := range s.liveNodes() {
		if !n.answered.Load() {
			continue
		}
		answer, err := ask(ctx, s, n, n.coordinator, apiFindCoordinator, (*sarama.Broker).FindCoordinator,
			&sarama.FindCoordinatorRequest{
				Version: s.versions.findCoordinator, CoordinatorKey: raw, CoordinatorType: sarama.CoordinatorGroup,
			})
		if err != nil {
			continue
		}
		if answer.Err != sarama.ErrNoError || answer.Coordinator == nil {
			return -1, false
		}
		return answer.Coordinator.ID(), true
	}
	return -1, false
}
