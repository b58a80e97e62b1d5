package kafka

import (
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

	commits commits // as read last

	members        *lag.Members
	said           *membership
	subscribed     []string // topics of the newest description that could tell them, as long as the group exists
	descriptions   int      // successful ones, up to 2
	describedState string   // as listed when it was described last
	describedAt    time.Time
}

// fetchable reports whether there are offsets to fetch. Share groups keep theirs elsewhere (KIP-932): asked for
// committed offsets they answer with none, which would read as nothing consumed.
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
		out.Commits, out.Err = g.commits.topics, lag.ReasonNone
	}
	if e := g.entry; e != nil {
		out.Type, out.ProtocolType, out.State = e.typ, e.protocolType, g.state()
		out.Coordinator, out.ListedAt = e.coordinator, e.listedAt
	}
	return out
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

// due reports whether the group is to be described: where it may have changed, and after the refresh time, which is every
// wave unless it is longer than an interval.
func (g *group) due(now time.Time, cfg Config) bool {
	return g.changed() || cfg.MembersRefresh <= cfg.Interval || now.Sub(g.describedAt) >= cfg.MembersRefresh
}

// changed reports whether a description is needed at once: in the first two waves the group is seen, when its state has
// changed since, and always where listing does not tell the state.
func (g *group) changed() bool {
	return g.descriptions < 2 || g.entry.state == "" || g.entry.state != g.describedState
}
