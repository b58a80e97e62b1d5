package faults

import (
	"math"
	"slices"
	"sort"
	"sync"
	"time"
)

// instant is a time in nanoseconds since the epoch.
type instant int64

const never = instant(math.MaxInt64)

func now() instant { return instant(time.Now().UnixNano()) }

func (i instant) add(d time.Duration) instant { return i + instant(d) }

func (i instant) seconds() float64 { return float64(i) / 1e9 }

// step says that a value became another between sent, when the driver asked for it, and acked, when Kafka had confirmed it:
// never, where it did not say.
type step struct {
	value       int64
	sent, acked instant
}

// history is one value over time, with one writer: its steps are in the order of sent.
type history struct {
	mu    sync.Mutex
	steps []step
}

// begin notes that the value is asked for from now on; done completes it.
func (h *history) begin(value int64) (done func(ok bool)) {
	h.mu.Lock()
	defer h.mu.Unlock()
	i := len(h.steps)
	h.steps = append(h.steps, step{value: value, sent: now(), acked: never})
	return func(ok bool) {
		h.mu.Lock()
		defer h.mu.Unlock()
		if ok {
			h.steps[i].acked = now()
		}
	}
}

// last is the newest value, asked for or confirmed.
func (h *history) last() int64 {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.steps) == 0 {
		return 0
	}
	return h.steps[len(h.steps)-1].value
}

// confirmed is the newest value that Kafka had confirmed by then, of a history that only rises: 0 before the first.
func (h *history) confirmed(by instant) int64 {
	h.mu.Lock()
	defer h.mu.Unlock()
	i := sort.Search(len(h.steps), func(i int) bool { return h.steps[i].acked > by })
	if i == 0 {
		return 0
	}
	return h.steps[i-1].value
}

// possible is the greatest value that can have been true by then, of a history that only rises.
func (h *history) possible(by instant) int64 {
	h.mu.Lock()
	defer h.mu.Unlock()
	i := sort.Search(len(h.steps), func(i int) bool { return h.steps[i].sent > by })
	if i == 0 {
		return 0
	}
	return h.steps[i-1].value
}

// passed is the step with which a history that only rises went beyond value; ok is false where it has not.
func (h *history) passed(value int64) (s step, ok bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	i := sort.Search(len(h.steps), func(i int) bool { return h.steps[i].value > value })
	if i == len(h.steps) {
		return step{}, false
	}
	return h.steps[i], true
}

// seen are the values that somebody can have read at some time between the two, whatever the history does. initial is what
// was there before the first step.
func (h *history) seen(from, to instant, initial int64) (values []int64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	n := sort.Search(len(h.steps), func(i int) bool { return h.steps[i].sent > to })
	for i := n - 1; i >= 0; i-- {
		values = append(values, h.steps[i].value)
		if h.steps[i].acked <= from { // everything before it was replaced by then
			return values
		}
	}
	return append(values, initial)
}

// firstMove is when the value first became another; ok is false where it never did.
func (h *history) firstMove() (at instant, ok bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for i := range h.steps {
		if h.steps[i].value != h.steps[0].value {
			return h.steps[i].sent, true
		}
	}
	return 0, false
}

// moved reports whether the value can have changed between the two.
func (h *history) moved(from, to instant) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	n := sort.Search(len(h.steps), func(i int) bool { return h.steps[i].sent > to })
	for i := n - 1; i >= 0; i-- {
		if h.steps[i].acked >= from {
			return true
		}
		if h.steps[i].sent < from {
			break
		}
	}
	return false
}

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

// now is the life that is there.
func (t *topic) now() *life {
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

// span is what a number can have been.
type span struct{ low, high float64 }

func (s span) plus(o span) span { return span{s.low + o.low, s.high + o.high} }

func (s span) or(o span) span { return span{min(s.low, o.low), max(s.high, o.high)} }

func (s span) has(v float64) bool { return v >= s.low && v <= s.high }

// wider is the span with room on both sides.
func (s span) wider(by float64) span { return span{s.low - by, s.high + by} }

// ends are what the end of a partition can have been; ok is false where no life has it.
func (t *topic) ends(p int, from, to instant) (s span, ok bool) {
	for _, l := range t.at(from, to) {
		parts := l.partitions()
		if p >= len(parts) {
			continue
		}
		one := span{float64(parts[p].end.confirmed(from)), float64(parts[p].end.possible(to))}
		if ok {
			one = one.or(s)
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
		one := span{float64(parts[p].start.confirmed(from)), float64(parts[p].start.possible(to))}
		if ok {
			one = one.or(s)
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
			if !slices.Contains(h.seen(from, to, noCommit), noCommit) {
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

// truth is everything that the driver knows.
type truth struct {
	mu     sync.Mutex
	topics map[string]*topic
	groups map[string]*group
}

func newTruth() *truth { return &truth{topics: map[string]*topic{}, groups: map[string]*group{}} }

func (t *truth) topic(name string) *topic {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.topics[name]
}

func (t *truth) group(name string) *group {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.groups[name]
}

func (t *truth) addTopic(name string) *topic {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.topics[name] == nil {
		t.topics[name] = &topic{name: name}
	}
	return t.topics[name]
}

func (t *truth) addGroup(g *group) *group {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.groups[g.name] = g
	return g
}
