package kafka

import (
	"slices"
	"strings"
	"time"

	"kafka_burndown_exporter/internal/lag"
)

// group is what is remembered of one admitted group between waves.
type group struct {
	id            string
	raw           string
	entry         *entry // nil: expected, and no broker lists it
	seen          uint64 // the wave it was last listed, held or expected in
	expected      []string
	readCommitted bool

	// In this wave:
	commitsAt time.Time
	err       lag.Reason
	fetched   bool // an answer about its offsets, or a final error, has come
	untold    bool // its broker does not tell the offsets of such a group
	waits     bool // it is a share group whose turn it is not
	resume    lag.Resume
	// unlistable: its broker refuses to list groups, and nothing else says whether it has members.
	unlistable bool

	commits commits  // as read last
	had     []string // topics that the group has commits on, as far as one can tell, sorted
	lost    []string // those of them that are not in the answer of this wave

	share *shareGroup // nil for others

	members        *lag.Members
	said           *membership
	subscribed     []string // topics of the newest description that could tell them, as long as the group exists
	descriptions   int      // successful ones, up to 2
	describedState string   // as listed when it was described last
	describedAt    time.Time
	tooLargeAt     time.Time // when its description was more than can be read
}

// fetchable reports whether there are committed offsets to fetch. Share groups have none (KIP-932): asked for them they
// answer with none, which would read as nothing consumed.
func (g *group) fetchable() bool {
	return g.entry != nil && g.entry.typ != lag.GroupShare
}

func (g *group) fail(why lag.Reason) { g.err, g.fetched = why, true }

func (g *group) sample() lag.GroupSample {
	out := lag.GroupSample{
		ID: g.id, Coordinator: -1, Expected: g.expected, ReadCommitted: g.readCommitted, Members: g.members,
		CommitsAt: g.commitsAt, Err: g.err,
	}
	if !g.commitsAt.IsZero() {
		out.Commits, out.Err = g.withLost(), lag.ReasonNone
	}
	if e := g.entry; e != nil {
		out.Type, out.ProtocolType, out.State = e.typ, e.protocolType, g.state()
		out.Coordinator, out.ListedAt = e.coordinator, e.listedAt
	}
	out.Untold, out.Waits, out.Unlistable = g.untold, g.waits, g.unlistable
	if g.share != nil {
		out.Every, out.Resume = g.share.every, g.resume
	}
	return out
}

// withLost are the commits, and the topics of which they are not known.
func (g *group) withLost() []lag.TopicCommits {
	if len(g.lost) == 0 {
		return g.commits.topics
	}
	all := slices.Clone(g.commits.topics)
	for _, name := range g.lost {
		all = append(all, lag.TopicCommits{Topic: name})
	}
	slices.SortFunc(all, func(a, b lag.TopicCommits) int { return strings.Compare(a.Topic, b.Topic) })
	return all
}

// state is as listed or, where that is newer, as described.
func (g *group) state() string {
	e := g.entry
	if g.members != nil && (e.state == "" || g.members.At.After(e.listedAt)) && g.members.State != "" {
		return g.members.State
	}
	return e.state
}

// wants are the topics that the members subscribe to; nobody does while there are none.
func (g *group) wants() []string {
	if g.entry == nil || g.state() == stateEmpty || g.state() == stateDead {
		return nil
	}
	return g.subscribed
}

// tooLarge reports whether the group's description was more than can be read, a while ago at most.
func (g *group) tooLarge(now time.Time) bool { return now.Sub(g.tooLargeAt) < tooLargePause }

// due reports whether the group is to be described: where it may have changed, and after the refresh time, which is every
// wave unless it is longer than an interval.
func (g *group) due(now time.Time, cfg Config) bool {
	if g.tooLarge(now) {
		return false
	}
	return g.changed() || cfg.MembersRefresh <= cfg.Interval || now.Sub(g.describedAt) >= cfg.MembersRefresh
}

// changed reports whether a description is needed at once: in the first two waves the group is seen, when its state has
// changed since, and always where listing does not tell the state.
func (g *group) changed() bool {
	return g.descriptions < 2 || g.entry.state == "" || g.entry.state != g.describedState
}
