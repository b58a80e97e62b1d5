package kafka

import (
	"maps"
	"slices"
	"strings"
	"time"

	"kafka_burndown_exporter/internal/lag"
)

// listed is one group as one broker lists it.
type listed struct {
	typ          lag.GroupType
	protocolType string
	state        string // empty where the broker does not tell (below Kafka 2.6)
}

// listing is one broker's answer to ListGroups.
type listing struct {
	broker int32
	at     time.Time
	// complete is false when the broker did not answer or answered with an error code: then what it does not list
	// may still be there.
	complete bool
	// refused: it answers with an error code that is not a passing one.
	refused bool
	groups  map[string]listed // by the raw name
}

// entry is one group in the directory.
type entry struct {
	raw string
	listed
	coordinator int32 // the broker to ask
	listedAt    time.Time
	// fresh is true when a broker listed the group in this wave. An entry that is not is held.
	fresh bool

	// byName is true when no broker lists the group, and one described it when asked for it by its name.
	byName bool

	// unlisted is true where the broker that listed the group last answered in full in this wave, and nobody lists it.
	unlisted bool
	// missed is true when the group was unlisted in the last wave, and its coordinator said that it has no such group.
	missed bool

	// contested is true where several brokers listed the group in this wave and it is not known which of them is right: one
	// that is cut off from the controller does not know that it has been replaced.
	contested bool
	round     *int    // of the listing that it was last taken from
	rivals    []claim // what the other brokers of that round said

	confirmed, refused int32 // who last answered as the coordinator, and who said that it is not; -1: nobody

	answered int32 // who answered last, whoever refused since
	moved    bool  // in this wave another broker answered than before
}

// claim is what one broker says of a group.
type claim struct {
	broker int32
	at     time.Time
	listed
}

// directory knows which broker coordinates which group. It is pure: what the brokers answered comes in, it decides.
// Groups are keyed by their raw names.
type directory map[string]*entry

// merge takes over the listings of one wave, in the order of broker ids. No group is forgotten for not being listed: while
// a coordinator moves, or the partition of the offsets topic has no leader, nobody lists its groups.
func (d directory) merge(lists []listing, owner func(raw string) int32) {
	complete := map[int32]bool{}
	for _, l := range lists {
		complete[l.broker] = l.complete
	}
	for _, e := range d {
		e.fresh, e.contested, e.moved = false, false, false
	}
	d.add(lists, owner)
	for _, e := range d {
		e.unlisted = !e.fresh && complete[e.coordinator]
		e.missed = e.missed && e.unlisted
	}
}

// dismiss forgets the groups that are unlisted and gone, as a coordinator which listed all its groups says, for the second
// wave in a row: the first time it may have begun to load them after it had listed what it had.
func (d directory) dismiss(gone func(e *entry) bool) {
	for raw, e := range d {
		if !e.unlisted {
			continue
		}
		was := e.missed
		if e.missed = gone(e); was && e.missed {
			delete(d, raw)
		}
	}
}

// add takes over listings without removing what they lack. owner says who coordinates a group, -1 where it does not know.
func (d directory) add(lists []listing, owner func(raw string) int32) {
	round := new(int)
	var contested []*entry
	for _, l := range lists {
		for raw, g := range l.groups {
			e := d[raw]
			if e == nil {
				e = &entry{raw: strings.Clone(raw), coordinator: -1, confirmed: -1, refused: -1, answered: -1}
				d[e.raw] = e
			}
			c := claim{l.broker, l.at, g}
			switch {
			case e.round == round:
				if len(e.rivals) == 0 {
					contested = append(contested, e)
				}
				e.rivals = append(e.rivals, c)
			case !e.fresh || e.prefers(l.broker):
				e.take(c)
				e.round, e.rivals = round, nil
			}
		}
	}
	for _, e := range contested {
		e.settle(owner)
	}
}

// take makes a broker's claim the one that counts.
func (e *entry) take(c claim) {
	e.listed, e.coordinator, e.listedAt = c.listed, c.broker, c.at
	e.fresh, e.unlisted, e.missed, e.contested, e.byName = true, false, false, false, false
}

// settle decides between the brokers that list the group: the owner is right, and who said that it is not the coordinator
// is wrong.
func (e *entry) settle(owner func(raw string) int32) {
	claims := append([]claim{{e.coordinator, e.listedAt, e.listed}}, e.rivals...)
	right := owner(e.raw)
	var open []claim
	for _, c := range claims {
		if c.broker == right {
			e.take(c)
			return
		}
		if c.broker != e.refused {
			open = append(open, c)
		}
	}
	if len(open) == 1 {
		e.take(open[0])
		return
	}
	e.contested = true
}

// prefers reports whether a broker that lists the group once more in a wave is a better coordinator than the one chosen so
// far: the one that answered as such last, else any rather than one that refused.
func (e *entry) prefers(broker int32) bool {
	switch {
	case broker == e.coordinator, broker == e.confirmed:
		return true
	case e.coordinator == e.confirmed:
		return false
	}
	return e.coordinator == e.refused
}

// confirm notes that a broker answered for the group.
func (e *entry) confirm(broker int32) {
	if e == nil { // of a group that nobody lists
		return
	}
	e.moved = e.answered >= 0 && e.answered != broker
	e.confirmed, e.answered = broker, broker
	if e.refused == broker {
		e.refused = -1
	}
}

// refuse notes that a broker said it does not coordinate the group.
func (e *entry) refuse(broker int32) {
	if e == nil {
		return
	}
	e.refused = broker
	if e.confirmed == broker {
		e.confirmed = -1
	}
}

// sorted returns the entries in the order of their raw names.
func (d directory) sorted() []*entry {
	return slices.SortedFunc(maps.Values(d), func(a, b *entry) int { return strings.Compare(a.raw, b.raw) })
}
