package lag

import (
	"slices"
	"time"
)

// Group states that say something about members, as Kafka names them.
const (
	stateEmpty  = "Empty"
	stateDead   = "Dead"
	stateStable = "Stable"
)

// membership is what is remembered of a group's members.
type membership struct {
	members   *Members // the newest description
	pending   bool     // it has not been compared with the group's topics yet
	spacing   int64    // the greatest distance of two descriptions, ns
	described int      // descriptions that could tell which topics are abandoned
	assignor  string
	tasks     int // as told last

	subscribed   []string // as told last; kept while nobody is there, for the rebalance that follows
	subscription subscription
	deserted     bool // nobody was there when the group was last heard of

	absentAt int64 // when the group was last known not to exist
	absent   bool  // it was, and no broker has listed it since

	hasMembers   bool
	membersSince int64
	empty        bool  // in the newest wave
	emptySince   int64 // the wave from which on it was Empty without a break
}

// subscription is what is known of the topics that a group's members want.
type subscription uint8

const (
	subscriptionUnknown subscription = iota // no description since the group last was Empty told it
	subscriptionTold
	subscriptionHidden // descriptions of the group do not tell it
)

// observeMembers takes in the group's state and members and fills them in.
func (t *Tracker) observeMembers(g *group, s *GroupSample, out *Group) {
	m := &g.membership
	unlisted := m.unlisted(t, s)
	if unlisted {
		out.State = stateEmpty
	}
	out.InfoKnown = unlisted || !s.ListedAt.IsZero() && t.young(t.nanos(s.ListedAt))
	nobody := out.State == stateEmpty || out.State == stateDead
	m.describe(t, s.Members)
	if out.InfoKnown {
		m.deserted = nobody
	}
	if m.deserted {
		m.subscription = subscriptionUnknown
	}
	if unlisted {
		m.subscribed = nil
	}
	out.Assignor = m.assignor
	out.Members = t.memberCount(m, out, nobody)
	out.Processes = -1
	if out.Type == GroupStreams && out.Members >= 0 {
		switch {
		case out.Members == 0:
			out.Processes = 0
		case m.members.Processes > 0:
			out.Processes = m.members.Processes
		}
	}

	has := out.InfoKnown && !nobody && (out.State != "" || out.Members > 0)
	if has && !m.hasMembers {
		m.membersSince = t.now
	}
	m.hasMembers = has
	empty := out.InfoKnown && out.State == stateEmpty
	if empty && !m.empty {
		m.emptySince = t.now
	}
	m.empty = empty
}

// unlisted reports an expected group that is known not to exist. That none of the brokers that answered lists it is not
// enough: the commits of a group that may be on another broker, or not be seen, are not read.
func (m *membership) unlisted(t *Tracker, s *GroupSample) bool {
	switch {
	case !s.ListedAt.IsZero() || s.Expected == nil || s.Unlistable:
		m.absent = false
	case !s.CommitsAt.IsZero():
		m.absent, m.absentAt = true, t.nanos(s.CommitsAt)
	}
	return m.absent && t.young(m.absentAt)
}

func (m *membership) describe(t *Tracker, d *Members) {
	if d == nil || d == m.members {
		return
	}
	if m.members != nil {
		m.spacing = max(m.spacing, t.nanos(d.At)-t.nanos(m.members.At))
	}
	m.members, m.pending = d, true
	if d.Assignor != "" {
		m.assignor = d.Assignor
	}
	if d.Assignor != "" || d.Tasks > 0 {
		m.tasks = d.Tasks
	}
	// During a rebalance the coordinator of a classic group does not tell the subscriptions.
	if d.State != stateStable && len(d.Topics) == 0 {
		return
	}
	m.subscribed, m.subscription = d.Topics, subscriptionTold
	if len(d.Topics) == 0 && d.Opaque {
		m.subscription = subscriptionHidden
	}
}

// untold reports that the group has members, and perhaps topics that nothing is known of yet: then what its members
// still have to read is not known either. Where no description will ever tell, its commits do.
func (m *membership) untold(s *GroupSample, committed bool) bool {
	if m.deserted || m.subscription == subscriptionTold || s.Expected != nil {
		return false
	}
	hidden := m.subscription == subscriptionHidden || s.Type == GroupStreams // which older brokers cannot describe
	return !hidden || !committed
}

// memberCount is the number of members, -1 where nothing recent tells.
func (t *Tracker) memberCount(m *membership, out *Group, nobody bool) int {
	switch {
	case !out.InfoKnown:
		return -1
	case nobody:
		return 0
	case m.members == nil, !t.within(t.nanos(m.members.At), t.membersMaxAge(m)), m.members.Count < 0:
		return -1
	case m.members.Count == 0 && out.State != "":
		return -1 // described before somebody joined
	}
	return m.members.Count
}

func (t *Tracker) membersMaxAge(m *membership) time.Duration {
	if t.opt.MembersMaxAge > 0 {
		return t.opt.MembersMaxAge
	}
	return max(3*time.Duration(m.spacing), t.opt.MaxAge, 2*time.Minute)
}

// abandon compares a new member description with the group's topics: a topic that two in a row do not name is
// abandoned. A group without members abandons only what its --group.expect does not name.
func (g *group) abandon(s *GroupSample) {
	if g.empty {
		for _, gt := range g.topics {
			if slices.Contains(s.Expected, gt.name) {
				gt.missing, gt.abandoned = 0, false
			}
		}
	}
	d := g.members
	if !g.pending {
		return
	}
	named := d.Topics
	switch d.State {
	case stateStable:
	case stateEmpty:
		if s.Expected == nil {
			g.pending = false
			g.described++
			return
		}
		named = s.Expected
	default:
		g.pending = false
		return
	}
	g.pending = false
	g.described++
	for _, gt := range g.topics {
		switch {
		case slices.Contains(named, gt.name):
			gt.missing, gt.abandoned = 0, false
		case d.State == stateStable && d.Opaque:
			gt.missing = 0
		default:
			gt.missing = min(gt.missing+1, 2)
			gt.abandoned = gt.abandoned || gt.missing == 2
		}
	}
}

// suspects reports a topic that a group's first description does not name: the second decides.
func (g *group) suspects(gt *groupTopic) bool { return g.described == 1 && gt.missing == 1 }

// waits reports whether the totals wait for the second description.
func (g *group) waits() bool {
	return g.described == 1 && slices.ContainsFunc(g.topics, g.suspects)
}

// assignorStreams is how Kafka Streams names the assignor of its groups on the classic protocol.
const assignorStreams = "stream"

// usefulMembers is the ceiling on useful replicas, 0 where it is not known, and of share groups: there is none.
func (g *group) usefulMembers(t GroupType) int {
	if t == GroupShare {
		return 0
	}
	sum, largest := 0, 0
	for _, gt := range g.topics {
		if !gt.abandoned {
			if gt.topic.hidden {
				return 0
			}
			sum += len(gt.parts)
			largest = max(largest, len(gt.parts))
		}
	}
	switch {
	case t == GroupStreams, g.assignor == assignorStreams:
		// A task takes the same partition of each topic of its sub-topology.
		return min(max(largest, g.tasks), sum)
	case g.assignor == "", g.assignor == "range":
		return largest
	}
	return sum
}
