package kafka

import (
	"cmp"
	"context"
	"strings"
	"sync"
	"time"

	"github.com/IBM/sarama"
	"github.com/twmb/franz-go/pkg/kmsg"

	"kafka_burndown_exporter/internal/lag"
)

// maxFindCoordinator bounds the FindCoordinator requests of a wave. They are a last resort: listing says nearly always
// where a group is.
const maxFindCoordinator = 5

// resolveAbsent decides about groups that no broker lists.
//
// An expected group is asked for at the broker that coordinates it all the same: there are systems that list only groups
// which are in use, and brokers that refuse to list any. Where it describes the group, that is as good as listed. Where it
// has commits of it, they count.
//
// Without either the group is read as having no commits when that broker has listed its groups in full and says that it
// does not have this one. That no broker lists it is not enough, even if all have answered: while the partition of the
// offsets topic that its commits are in has no leader, nobody knows of the group, and it would seem to have the whole log
// unread. Then it is not read in this wave. A group that the user has no right to see is not listed either: it is unknown,
// not absent.
//
// A group whose broker has left the cluster for longer than a value may be held is forgotten when the broker that
// coordinates it now has answered and does not list it.
func (s *Sampler) resolveAbsent(ctx context.Context, lists []listing) {
	c := &absence{s: s, ctx: ctx, lists: map[int32]listing{}, all: len(lists) > 0, budget: maxFindCoordinator, found: map[string]int32{}}
	for _, l := range lists {
		c.lists[l.broker] = l
		c.all = c.all && l.complete
	}
	c.never = sync.OnceValue(func() bool { return c.all && s.neverHadGroups(ctx) })
	c.resolveExpected()
	now := time.Now()
	for raw, e := range s.directory {
		_, known := s.nodes[e.coordinator]
		left := !known || s.nodes[e.coordinator].gone
		if e.fresh || !left || now.Sub(e.listedAt) <= s.cfg.MaxAge {
			continue
		}
		if c.lists[c.find(raw)].complete {
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
	byBroker := map[int32]listing{}
	all := len(lists) > 0
	for _, l := range lists {
		byBroker[l.broker] = l
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
		speaks := said
		if s.coordinators.held() { // one that has been replaced, or is not yet the coordinator, knows of no group
			right := s.coordinators.of(e.raw)
			speaks = sightings{right: said[right]}
		}
		return !s.wanted(e.raw) || speaks.missing(e.raw, byBroker) || all && now.Sub(e.listedAt) > forgetAfter*s.cfg.MaxAge
	})
}

// wanted reports whether a group is one of this shard that the filters admit.
func (s *Sampler) wanted(raw string) bool {
	n := s.groupNames.of(raw)
	return n.admitted && n.own
}

// absence is what is found out about groups that no broker lists in one wave.
type absence struct {
	s      *Sampler
	ctx    context.Context
	lists  map[int32]listing // by broker
	all    bool              // all brokers listed their groups in full
	never  func() bool       // the cluster never had a group
	budget int
	found  map[string]int32
	said   sightings
}

// find asks for the coordinator of a group, -1 where it is not known.
func (c *absence) find(raw string) int32 {
	if broker, ok := c.found[raw]; ok {
		return broker
	}
	if c.budget == 0 || c.ctx.Err() != nil {
		return -1
	}
	c.budget--
	c.found[raw] = -1
	if broker, ok := c.s.findCoordinator(c.ctx, raw); ok {
		c.found[raw] = broker
	}
	return c.found[raw]
}

// resolveExpected decides about the expected groups that no broker lists, or whose broker refuses to list groups.
func (c *absence) resolveExpected() {
	var absent []*group
	for _, g := range c.s.groups {
		if g.expected != nil && (g.entry == nil || g.entry.byName && !g.entry.fresh) {
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
	c.said = c.s.sightings(c.ctx, raw)
	c.s.reportForbidden(c.said, absent)
	ask := map[int32][]*group{}
	for _, g := range absent {
		broker := c.coordinator(g.raw)
		switch {
		case c.said.forbidden(g.raw):
			g.fail(lag.ReasonAuthorization)
		case c.describes(broker, g):
		case c.s.hasAnswered(broker): // others would keep all commits waiting
			ask[broker] = append(ask[broker], g)
		default:
			c.settle(g, broker)
		}
	}
	for broker, groups := range ask {
		n := c.s.nodes[broker]
		outcome := newFetchOutcome()
		c.s.fetchLane(c.ctx, n, n.coordinator, groups, n.shape(), outcome)
		n.refuse(outcome.shape)
		c.s.reportFailed(apiOffsetFetch, n, outcome)
		for _, g := range groups {
			if !g.fetched || outcome.has(g.id) {
				g.unlistable = c.lists[broker].refused
				g.fail(cmp.Or(g.err, lag.ReasonCoordinator))
				continue
			}
			c.settle(g, broker)
		}
	}
}

// hasAnswered reports whether a broker has answered in this wave.
func (s *Sampler) hasAnswered(broker int32) bool {
	n := s.nodes[broker]
	return n != nil && !n.gone && n.answered.Load()
}

// coordinator is the broker to ask about a group: the one that has to be, or says it is, or is said to be. -1: not known.
func (c *absence) coordinator(raw string) int32 {
	if right := c.s.coordinators.of(raw); right >= 0 {
		return right
	}
	var speak []int32
	for broker, groups := range c.said {
		if a, spoke := groups[raw]; spoke && (a.Err == sarama.ErrNoError || a.Err == sarama.ErrGroupIDNotFound) {
			speak = append(speak, broker)
		}
	}
	switch {
	case len(speak) == 1:
		return speak[0]
	case len(speak) == 0 && c.never(): // asking for it would create the offsets topic
		return -1
	}
	return c.find(raw)
}

// describes takes a group that its coordinator describes for one that it lists.
func (c *absence) describes(broker int32, g *group) bool {
	a, spoke := c.said[broker][g.raw]
	if !spoke || a.Err != sarama.ErrNoError || a.State == stateDead || a.State == "" {
		return false
	}
	e := c.s.directory[g.raw]
	if e == nil {
		e = &entry{raw: g.raw, confirmed: -1, refused: -1}
		c.s.directory[g.raw] = e
	}
	now := time.Now()
	e.take(claim{broker, now, listed{protocolType: strings.ToValidUTF8(a.ProtocolType, "\uFFFD"), state: strings.ToValidUTF8(a.State, "\uFFFD")}})
	e.byName = true
	g.entry = e
	g.members, g.said = c.s.classicMembers(&a, g.said, now)
	g.describedAt, g.describedState, g.descriptions = now, e.state, min(2, g.descriptions+1)
	if len(g.members.Topics) > 0 || g.members.State == stateStable {
		g.subscribed = g.members.Topics
	}
	return true
}

// settle decides about a group that no broker lists or describes, after its commits were asked for where its coordinator
// is known.
func (c *absence) settle(g *group, broker int32) {
	list := c.lists[broker]
	g.unlistable = list.refused
	switch {
	case !g.commitsAt.IsZero() && len(g.commits.topics) > 0:
		return // they are what is known
	case g.fetched && list.refused && c.isNoShareGroup(broker, g): // the coordinator itself has none
		g.haveNone()
		return
	}
	right := c.s.coordinators.of(g.raw)
	g.commitsAt = time.Time{}
	switch {
	case right >= 0 && !c.lists[right].complete: // whatever a broker says that it is not the coordinator of
		g.fail(lag.ReasonCoordinator)
	case c.said.missing(g.raw, c.lists), c.never(), c.silent(g.raw):
		g.haveNone()
	default:
		g.fail(lag.ReasonCoordinator)
	}
}

// haveNone reads the group as having no commits.
func (g *group) haveNone() {
	g.commits.clear()
	g.commitsAt, g.err, g.fetched = time.Now(), lag.ReasonNone, true
}

// silent reports that a group's coordinator listed its groups in full and said nothing of this one: what it said itself
// outweighs what others say of it.
func (c *absence) silent(raw string) bool {
	broker := c.find(raw)
	_, spoke := c.said[broker][raw]
	return c.lists[broker].complete && !spoke && len(c.said) > 0
}

// isNoShareGroup asks whether a group without commits is a share group, which has none.
func (c *absence) isNoShareGroup(broker int32, g *group) bool {
	n := c.s.nodes[broker]
	if _, ok := c.s.newest(n, keyDescribeShare); !ok {
		return true
	}
	r := kmsg.NewPtrShareGroupDescribeRequest()
	r.GroupIDs = []string{g.raw}
	answer, err := askOwn[*kmsg.ShareGroupDescribeResponse](c.ctx, c.s, n, n.coordinator, apiDescribeShare, r)
	return err == nil && len(answer.Groups) == 1 && sarama.KError(answer.Groups[0].ErrorCode) == sarama.ErrGroupIDNotFound
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
