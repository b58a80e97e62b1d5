package kafka

import (
	"context"
	"sync"
	"time"

	"github.com/IBM/sarama"

	"kafka_burndown_exporter/internal/lag"
)

// maxFindCoordinator bounds the FindCoordinator requests of a wave. They are a last resort: listing says nearly always
// where a group is.
const maxFindCoordinator = 5

// resolveAbsent decides about groups that no broker lists.
//
// An expected group is read as having no commits when the broker that coordinates it has listed its groups in full and
// says that it does not have this one. That no broker lists it is not enough, even if all have answered: while the
// partition of the offsets topic that its commits are in has no leader, nobody knows of the group, and it would seem to
// have the whole log unread. Then it is not read in this wave. A group that the user has no right to see is not listed
// either: it is unknown, not absent.
//
// A group whose broker has left the cluster for longer than a value may be held is forgotten when the broker that
// coordinates it now has answered and does not list it.
func (s *Sampler) resolveAbsent(ctx context.Context, lists []listing) {
	complete := map[int32]bool{}
	all := len(lists) > 0
	for _, l := range lists {
		complete[l.broker] = l.complete
		all = all && l.complete
	}
	now, budget := time.Now(), maxFindCoordinator
	coordinator := func(raw string) (int32, bool) {
		if budget == 0 || ctx.Err() != nil {
			return -1, false
		}
		budget--
		c, ok := s.findCoordinator(ctx, raw)
		return c, ok && complete[c]
	}
	s.resolveExpected(ctx, complete, all, coordinator)
	for raw, e := range s.directory {
		_, known := s.nodes[e.coordinator]
		left := !known || s.nodes[e.coordinator].gone
		if e.fresh || !left || now.Sub(e.listedAt) <= s.cfg.MaxAge {
			continue
		}
		if _, answered := coordinator(raw); answered {
			delete(s.directory, raw)
		}
	}
}

const (
	// maxUnlisted bounds how many groups that nobody lists any more are asked for by name in a wave.
	maxUnlisted = 1000
	// forgetAfter is after how many maximum ages a group that all brokers leave out is forgotten, whatever is said when it is
	// asked for by name: other systems that speak Kafka's protocol may answer something else.
	forgetAfter = 20
)

// dismissUnlisted forgets the groups that were deleted. That nobody lists a group is not enough: its coordinator has to say
// that it does not have it. A group that is forgotten and comes back has counters that begin at 0.
func (s *Sampler) dismissUnlisted(ctx context.Context, lists []listing) {
	complete := map[int32]bool{}
	all := len(lists) > 0
	for _, l := range lists {
		complete[l.broker] = l.complete
		all = all && l.complete
	}
	var raw []string
	for _, e := range s.directory.sorted() {
		if e.unlisted && s.wanted(e.raw) && len(raw) < maxUnlisted {
			raw = append(raw, e.raw)
		}
	}
	var said sightings
	if len(raw) > 0 {
		said = s.sightings(ctx, raw)
	}
	now := time.Now()
	s.directory.dismiss(func(e *entry) bool {
		return !s.wanted(e.raw) || said.missing(e.raw, complete) || all && now.Sub(e.listedAt) > forgetAfter*s.cfg.MaxAge
	})
}

// wanted reports whether a group is one of this shard that the filters admit.
func (s *Sampler) wanted(raw string) bool {
	n := s.groupNames.of(raw)
	return n.admitted && n.own
}

// resolveExpected decides about the expected groups that no broker lists. coordinator finds a group's, and reports
// whether it has listed its groups in full.
func (s *Sampler) resolveExpected(
	ctx context.Context, complete map[int32]bool, all bool, coordinator func(raw string) (int32, bool),
) {
	var absent []*group
	for _, g := range s.groups {
		if g.entry == nil {
			absent = append(absent, g)
		}
	}
	if len(absent) == 0 {
		return
	}
	var raw []string
	for _, g := range absent {
		raw = append(raw, g.raw)
	}
	said := s.sightings(ctx, raw)
	s.reportForbidden(said, absent)
	never := sync.OnceValue(func() bool { return all && s.neverHadGroups(ctx) })
	// What the coordinator itself said outweighs what others say of it.
	silent := func(raw string) bool {
		c, answered := coordinator(raw)
		_, spoke := said[c][raw]
		return answered && !spoke && len(said) > 0
	}
	for _, g := range absent {
		right := s.coordinators.of(g.raw)
		switch {
		case said.forbidden(g.raw):
			g.fail(lag.ReasonAuthorization)
		case right >= 0 && !complete[right]: // whatever a broker says that it is not the coordinator of
			g.fail(lag.ReasonCoordinator)
		case said.missing(g.raw, complete), never(), silent(g.raw):
			g.commits.clear()
			g.commitsAt, g.fetched = time.Now(), true
		default:
			g.fail(lag.ReasonCoordinator)
		}
	}
}

// offsetsTopic holds the commits of all groups, each in the partition whose leader coordinates the group.
const offsetsTopic = "__consumer_offsets"

// neverHadGroups reports whether the cluster has no offsets topic: the first group makes it.
func (s *Sampler) neverHadGroups(ctx context.Context) bool {
	topics, _ := s.askTopics(ctx, []string{offsetsTopic})
	return len(topics) == 1 && topics[0] != nil && topics[0].Err == sarama.ErrUnknownTopicOrPartition
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
func (s sightings) missing(raw string, complete map[int32]bool) bool {
	for broker, groups := range s {
		a, spoke := groups[raw]
		if spoke && complete[broker] &&
			(a.Err == sarama.ErrNoError && a.State == stateDead || a.Err == sarama.ErrGroupIDNotFound) {
			return true
		}
	}
	return false
}
