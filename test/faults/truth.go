package faults

import (
	"slices"
	"sync"
	"time"

	"kafka_burndown_exporter/test/truth"
)

// What the driver knows is kept in these.
type (
	instant = truth.Instant
	history = truth.History
	span    = truth.Span
)

const never = truth.Never

func now() instant { return truth.Now() }

// partition is the truth of one partition of one life of a topic.
type partition struct {
	end, start history
}

// life is one life of a topic: a topic that is deleted and created again has two. It can have been there from born on, was
// there for certain from alive to dying, and was gone at dead.
type life struct {
	born, alive, dying, dead instant
	mu                       sync.Mutex
	parts                    []*partition
	grown                    instant // when partitions were added last
}

func (l *life) partitions() []*partition {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.parts
}

// grow adds partitions.
func (l *life) grow(n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for len(l.parts) < n {
		l.parts = append(l.parts[:len(l.parts):len(l.parts)], &partition{})
	}
	l.grown = now()
}

// topic is the truth of one topic.
type topic struct {
	name  string
	mu    sync.Mutex
	lives []*life
}

// at are the lives that can have been read between the two.
func (t *topic) at(from, to instant) (lives []*life) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, l := range t.lives {
		if l.born <= to && l.dead >= from {
			lives = append(lives, l)
		}
	}
	return lives
}

// present is the life that is there.
func (t *topic) present() *life {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.lives[len(t.lives)-1]
}

func (t *topic) begin(n int) *life {
	l := &life{born: now(), alive: never, dying: never, dead: never}
	l.grow(n)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.lives = append(t.lives, l)
	return l
}

// ends are what the end of a partition can have been; ok is false where no life has it.
func (t *topic) ends(p int, from, to instant) (s span, ok bool) {
	for _, l := range t.at(from, to) {
		parts := l.partitions()
		if p >= len(parts) {
			continue
		}
		one := within(float64(parts[p].end.Confirmed(from)), float64(parts[p].end.Possible(to)))
		if ok {
			one = one.Or(s)
		}
		s, ok = one, true
	}
	return s, ok
}

// starts are what the log start of a partition can have been.
func (t *topic) starts(p int, from, to instant) (s span, ok bool) {
	for _, l := range t.at(from, to) {
		parts := l.partitions()
		if p >= len(parts) {
			continue
		}
		one := within(float64(parts[p].start.Confirmed(from)), float64(parts[p].start.Possible(to)))
		if ok {
			one = one.Or(s)
		}
		s, ok = one, true
	}
	return s, ok
}

// noCommit stands for a partition without one.
const noCommit = int64(-1)

// group is the truth of one consumer group.
type group struct {
	name string
	// uses are the topics it reads; it commits on the first committed partitions of each (0: all).
	uses    []string
	partial int
	// period is how often it commits.
	period time.Duration
	// members is what the number of members can have been; nil: the group never had any.
	members *history
	// floor is the least number of replicas that carries what is produced, 0: not known.
	floor float64
	// backward and end count its resets.
	backward, end history

	mu      sync.Mutex
	commits map[string][]*history // by topic and partition
	born    instant
}

// mayBeGone reports whether it can have been without any commit at some time between the two, and so not listed.
func (g *group) mayBeGone(from, to instant) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, list := range g.commits {
		for _, h := range list {
			if !slices.Contains(h.Seen(from, to, noCommit), noCommit) {
				return false
			}
		}
	}
	return true
}

func newGroup(name string, period time.Duration, uses ...string) *group {
	return &group{name: name, period: period, uses: uses, commits: map[string][]*history{}, born: now()}
}

// on are the histories of its commits on a topic, of at least n partitions.
func (g *group) on(topic string, n int) []*history {
	g.mu.Lock()
	defer g.mu.Unlock()
	for len(g.commits[topic]) < n {
		g.commits[topic] = append(g.commits[topic], &history{})
	}
	return g.commits[topic]
}

// known is everything that the driver knows.
type known struct {
	mu     sync.Mutex
	topics map[string]*topic
	groups map[string]*group
}

func newKnown() *known { return &known{topics: map[string]*topic{}, groups: map[string]*group{}} }

func (t *known) topic(name string) *topic {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.topics[name]
}

func (t *known) group(name string) *group {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.groups[name]
}

func (t *known) addTopic(name string) *topic {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.topics[name] == nil {
		t.topics[name] = &topic{name: name}
	}
	return t.topics[name]
}

func (t *known) addGroup(g *group) *group {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.groups[g.name] = g
	return g
}

// within is the span between two numbers.
func within(low, high float64) span { return span{Low: low, High: high} }
