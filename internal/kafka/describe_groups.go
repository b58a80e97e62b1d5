package kafka

import (
	"context"
	"errors"
	"slices"
	"strconv"
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
	// tooLargePause is how long a group is not asked about whose description alone is more than can be read: the broker
	// would make it again and again.
	tooLargePause = 10 * time.Minute
)

var errGroupTooLarge = errors.New("the description of this group alone is more than can be read; its members are not known")

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
	// subtopologies are those of a streams group.
	subtopologies []subtopology
	// tooLarge says that it is more than can be read.
	tooLarge bool
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
		if g.entry != nil && g.tooLarge(now) { // in every wave, for as long as it is so
			s.once.fail(apiDescribeGroups, strconv.Itoa(int(g.entry.coordinator)), "group_too_large", errGroupTooLarge,
				"group", g.id)
		}
		if e := g.entry; e != nil && e.fresh && !e.contested && s.describable(e) && g.due(now, s.cfg) {
			members := assumedMembers
			if g.members != nil {
				members = g.members.Count
			}
			todo[e.coordinator] = append(todo[e.coordinator], describeTarget{
				group: g, raw: g.raw, state: e.state, members: members, kind: kindOf(e.typ), said: g.said,
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

// describable reports whether a group is of a type that its coordinator can describe.
func (s *Sampler) describable(e *entry) bool {
	key, ok := map[lag.GroupType]int16{lag.GroupShare: keyDescribeShare, lag.GroupStreams: keyDescribeStreams}[e.typ]
	if !ok {
		return e.typ == "" || e.typ == lag.GroupClassic || e.typ == lag.GroupConsumer
	}
	_, ok = s.newest(s.nodes[e.coordinator], key)
	return ok
}

// finish waits for the descriptions and hands them to their groups.
func (s *Sampler) finishDescribing(d *describer) {
	<-d.done
	for _, results := range d.results {
		for _, r := range results {
			g := r.group
			if r.tooLarge {
				g.tooLargeAt = time.Now()
				continue
			}
			if r.subtopologies != nil {
				s.placeTasks(r.members, r.subtopologies)
			}
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

// describeKind is which API describes a group.
type describeKind int

const (
	kindClassic describeKind = iota
	kindConsumer
	kindShare
	kindStreams
	lastKind = kindStreams
)

func kindOf(t lag.GroupType) describeKind {
	switch t {
	case lag.GroupConsumer:
		return kindConsumer
	case lag.GroupShare:
		return kindShare
	case lag.GroupStreams:
		return kindStreams
	}
	return kindClassic
}

// describeTarget is a group to describe, copied: its directory entry may change meanwhile.
type describeTarget struct {
	group      *group
	raw, state string
	members    int
	kind       describeKind
	said       *membership // in its last description
	pressing   bool        // it comes first where not all can be described
}

// describeNode describes the groups of one coordinator. What is too much for one answer is asked for in halves, and in
// smaller parts from then on.
func (s *Sampler) describeNode(ctx context.Context, n *node, targets []describeTarget) (out []description) {
	most, tooMany := 1, false
	var batches [][]describeTarget // to come, the next one last
	for kind := lastKind; kind >= 0; kind-- {
		part := slices.DeleteFunc(slices.Clone(targets), func(t describeTarget) bool { return t.kind != kind })
		if len(part) > 0 {
			batches = append(batches, part)
		}
	}
	for len(batches) > 0 && ctx.Err() == nil {
		batch := batches[len(batches)-1]
		batches = batches[:len(batches)-1]
		if size := min(describeLength(batch), n.describeSize); size < len(batch) {
			batches = append(batches, batch[size:])
			batch = batch[:size]
		}
		done, err := s.describeBatch(ctx, n, batch)
		switch {
		case err == nil:
			out = append(out, done...)
			most = max(most, len(batch))
			n.describeSize = min(n.describeLimit, 2*n.describeSize)
		case !isTooLarge(err): // the rest, in smaller parts where it took too long, in the next wave
			n.describeSize = max(1, len(batch)/2)
			batches = nil
		case len(batch) == 1:
			out = append(out, description{group: batch[0].group, tooLarge: true})
		default:
			tooMany = true
			batches = append(batches, batch[len(batch)/2:], batch[:len(batch)/2])
		}
	}
	if tooMany {
		n.describeLimit = min(n.describeLimit, most)
		n.describeSize = min(n.describeSize, n.describeLimit)
	}
	return out
}

func (s *Sampler) describeBatch(ctx context.Context, n *node, batch []describeTarget) ([]description, error) {
	switch batch[0].kind {
	case kindConsumer:
		return s.describeConsumers(ctx, n, batch)
	case kindShare:
		return s.describeShares(ctx, n, batch)
	case kindStreams:
		return s.describeStreams(ctx, n, batch)
	}
	return s.describeClassic(ctx, n, batch)
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
		out = append(out, description{group: t.group, listed: t.state, members: members, said: said})
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
		out = append(out, description{group: t.group, listed: t.state, members: members, said: said})
	}
	return out, nil
}
