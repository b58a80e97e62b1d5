package kafka

import (
	"context"
	"slices"
	"time"

	"github.com/IBM/sarama"

	"kafka_burndown_exporter/internal/lag"
)

// One description request names more groups than an OffsetFetch, since its answer is smaller: with 3 brokers and 2 000
// groups all of them fit into one request per broker. Members bound the memory of an answer; a group not described
// before counts as a few.
const (
	maxDescribeGroups  = 1000
	maxDescribeMembers = 10_000
	assumedMembers     = 5
	// describeBudget is how many members a broker is asked to describe in one wave. What is over it waits for a later
	// wave: groups that are behind or have changed come first, then those described longest ago.
	describeBudget = 20_000
)

// The states that are told apart here. Dead is what Kafka answers for a group that it does not have as a group of the
// type asked for.
const (
	stateStable = "Stable"
	stateEmpty  = "Empty"
	stateDead   = "Dead"
)

// description is the result for one group.
type description struct {
	group   *group
	listed  string // the state it was listed with
	members *lag.Members
	said    *membership
}

// describer reads descriptions beside the rest of the wave, on connections of its own.
type describer struct {
	results [][]description
	done    chan struct{}
}

// startDescribing begins to describe the groups that are due. What it finds is only taken over by finish, and only if it
// came before its context ended.
func (s *Sampler) startDescribing(ctx context.Context, nodes []*node) *describer {
	now := time.Now()
	d := &describer{results: make([][]description, len(nodes)), done: make(chan struct{})}
	todo := map[int32][]describeTarget{}
	for _, g := range s.groups {
		if e := g.entry; e != nil && e.fresh && describable(e.typ) && g.due(now, s.cfg) {
			members := assumedMembers
			if g.members != nil {
				members = g.members.Count
			}
			todo[e.coordinator] = append(todo[e.coordinator], describeTarget{
				group: g, raw: g.raw, state: e.state, members: members, consumer: e.typ == lag.GroupConsumer, said: g.said,
			})
		}
	}
	for id, targets := range todo {
		todo[id] = s.affordable(targets)
	}
	go func() {
		defer close(d.done)
		s.each(nodes, func(i int, n *node) { d.results[i] = s.describeNode(ctx, n, todo[n.id]) })
	}()
	return d
}

// affordable leaves out what is over the budget of one wave.
func (s *Sampler) affordable(targets []describeTarget) []describeTarget {
	members := 0
	for i := range targets {
		members += targets[i].members
	}
	if members <= describeBudget {
		return targets
	}
	for i := range targets {
		t := &targets[i]
		g := t.group
		t.pressing = g.changed() || s.cfg.Behind != nil && s.cfg.Behind(g.id)
	}
	slices.SortStableFunc(targets, func(a, b describeTarget) int {
		if a.pressing != b.pressing {
			if a.pressing {
				return -1
			}
			return 1
		}
		return a.group.describedAt.Compare(b.group.describedAt)
	})
	members = 0
	for i := range targets {
		if members += targets[i].members; i > 0 && members > describeBudget {
			return targets[:i]
		}
	}
	return targets
}

// describable are the types sarama can describe.
func describable(t lag.GroupType) bool {
	return t == "" || t == lag.GroupClassic || t == lag.GroupConsumer
}

// finish waits for the descriptions and hands them to their groups.
func (s *Sampler) finishDescribing(d *describer) {
	<-d.done
	for _, results := range d.results {
		for _, r := range results {
			g := r.group
			g.members, g.said, g.describedAt, g.describedState = r.members, r.said, r.members.At, r.listed
			g.descriptions = min(2, g.descriptions+1)
			// During a rebalance the coordinator of a classic group does not tell the subscriptions, and while nobody is
			// there none has changed.
			if len(r.members.Topics) > 0 || r.members.State == stateStable {
				g.subscribed = r.members.Topics
			}
		}
	}
}

// describeTarget is a group to describe, copied: its directory entry may change meanwhile.
type describeTarget struct {
	group      *group
	raw, state string
	members    int
	consumer   bool
	said       *membership // in its last description
	pressing   bool        // it comes first where not all can be described
}

func (s *Sampler) describeNode(ctx context.Context, n *node, targets []describeTarget) (out []description) {
	for _, consumer := range []bool{false, true} {
		part := slices.DeleteFunc(slices.Clone(targets), func(t describeTarget) bool { return t.consumer != consumer })
		for len(part) > 0 && ctx.Err() == nil {
			size := describeLength(part)
			batch := part[:size]
			part = part[size:]
			var done []description
			var err error
			if consumer {
				done, err = s.describeConsumers(ctx, n, batch)
			} else {
				done, err = s.describeClassic(ctx, n, batch)
			}
			if err != nil {
				break
			}
			out = append(out, done...)
		}
	}
	return out
}

func describeLength(targets []describeTarget) int {
	members := 0
	for i, t := range targets {
		members += t.members
		if i > 0 && (i >= maxDescribeGroups || members > maxDescribeMembers) {
			return i
		}
	}
	return len(targets)
}

func byRaw(targets []describeTarget) (raw []string, index map[string]describeTarget) {
	index = make(map[string]describeTarget, len(targets))
	for _, t := range targets {
		raw = append(raw, t.raw)
		index[t.raw] = t
	}
	return raw, index
}

func (s *Sampler) describeClassic(ctx context.Context, n *node, batch []describeTarget) ([]description, error) {
	raw, index := byRaw(batch)
	answer, err := ask(ctx, s, n, n.describe, apiDescribeGroups, (*sarama.Broker).DescribeGroups,
		&sarama.DescribeGroupsRequest{Version: s.versions.describeGroups, Groups: raw})
	if err != nil {
		return nil, err
	}
	at := time.Now()
	var out []description
	for _, a := range answer.Groups {
		if a == nil {
			continue
		}
		t, ok := index[a.GroupId]
		if !ok || !s.described(apiDescribeGroups, n, t, a.Err, a.State) {
			continue
		}
		members, said := s.classicMembers(a, t.said, at)
		out = append(out, description{t.group, t.state, members, said})
	}
	return out, nil
}

// described reports whether an answer describes the group. Dead comes for a group that is not, or no longer, of the
// type it was listed with; its last description stays until it is listed again.
func (s *Sampler) described(api string, n *node, t describeTarget, code sarama.KError, state string) bool {
	switch code {
	case sarama.ErrNoError:
		return state != stateDead || t.state == stateDead
	case sarama.ErrGroupIDNotFound, sarama.ErrNotCoordinatorForConsumer:
		return false
	case sarama.ErrGroupAuthorizationFailed: // logged where the commits are refused for want of the same right
		s.stats.Failure(api, n.label, codeName(code))
		return false
	}
	s.failure(api, n, codeName(code), code, "group", t.group.id)
	return false
}

func (s *Sampler) describeConsumers(ctx context.Context, n *node, batch []describeTarget) ([]description, error) {
	raw, index := byRaw(batch)
	answer, err := ask(ctx, s, n, n.describe, apiDescribeConsumer, (*sarama.Broker).ConsumerGroupDescribe,
		&sarama.ConsumerGroupDescribeRequest{Version: max(0, s.versions.describeConsumer), GroupIDs: raw})
	if err != nil {
		return nil, err
	}
	at := time.Now()
	var out []description
	for i := range answer.Groups {
		a := &answer.Groups[i]
		t, ok := index[a.GroupID]
		if !ok || !s.described(apiDescribeConsumer, n, t, a.ErrorCode, a.GroupState) {
			continue
		}
		members, said := s.consumerMembers(a, t.said, at)
		out = append(out, description{t.group, t.state, members, said})
	}
	return out, nil
}
