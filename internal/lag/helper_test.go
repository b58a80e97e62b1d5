package lag

import (
	"math"
	"slices"
	"strings"
	"testing"
	"time"
)

// t0 is when the stories begin.
var t0 = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

func testOptions() Options { return Defaults() }

// world is a cluster that a story changes between waves; the zero value of a part is left out of the wave.
type world struct {
	now    time.Time
	topics map[string]*simTopic
	groups map[string]*simGroup
	points []OffsetAtTime
}

type simTopic struct {
	id     [16]byte
	parts  []simPartition
	hidden bool

	appendTime bool
}

type simPartition struct {
	start, end int64
	stable     int64 // 0: as end
	down       Reason
}

type simGroup struct {
	state, protocol string
	typ             GroupType
	commits         map[string][]int64 // by partition, -1: none
	down            Reason
	unlisted        bool
	expected        []string
	readCommitted   bool
	members         *Members
	listedAt        time.Time
	untold, waits   bool
	every           time.Duration
	resume          Resume
}

func newWorld() *world {
	return &world{now: t0, topics: map[string]*simTopic{}, groups: map[string]*simGroup{}}
}

// topic adds a topic with these end offsets.
func (w *world) topic(name string, ends ...int64) *simTopic {
	t := &simTopic{}
	for _, e := range ends {
		t.parts = append(t.parts, simPartition{end: e})
	}
	w.topics[name] = t
	return t
}

// group adds a Stable group of one member with these commits on topic "t".
func (w *world) group(id string, commits ...int64) *simGroup {
	g := &simGroup{state: "Stable", protocol: "consumer", typ: GroupClassic, commits: map[string][]int64{}}
	if len(commits) > 0 {
		g.commits["t"] = commits
	}
	g.describe(w, 1, "t")
	w.groups[id] = g
	return g
}

// describe replaces the group's member description.
func (g *simGroup) describe(w *world, members int, topics ...string) {
	slices.Sort(topics)
	g.members = &Members{At: w.now, State: g.state, Count: members, Assignor: "range", Topics: topics}
}

func (w *world) wave() *Wave {
	out := &Wave{Began: w.now, Ended: w.now.Add(time.Second), Points: w.points}
	w.points = nil
	for name, t := range w.topics {
		if t.hidden {
			continue
		}
		s := TopicSample{Name: name, ID: t.id, AppendTime: t.appendTime}
		for i, p := range t.parts {
			ps := PartitionSample{
				Leader: int32(i % 3), Preferred: int32(i % 3), Replicas: 3, InSync: 3,
				End: p.end, EndAt: w.now.Add(500 * time.Millisecond), Start: p.start, StableEnd: p.end,
			}
			if p.stable > 0 {
				ps.StableEnd = p.stable
			}
			if p.down != ReasonNone {
				ps.End, ps.StableEnd, ps.EndAt, ps.Err = NoOffset, NoOffset, time.Time{}, p.down
			}
			s.Partitions = append(s.Partitions, ps)
		}
		out.Topics = append(out.Topics, s)
	}
	slices.SortFunc(out.Topics, func(a, b TopicSample) int { return strings.Compare(a.Name, b.Name) })
	for id, g := range w.groups {
		out.Groups = append(out.Groups, g.sample(w, id))
	}
	slices.SortFunc(out.Groups, func(a, b GroupSample) int { return strings.Compare(a.ID, b.ID) })
	return out
}

func (g *simGroup) sample(w *world, id string) GroupSample {
	s := GroupSample{
		ID: id, Type: g.typ, ProtocolType: g.protocol, State: g.state, Coordinator: 1, Members: g.members,
		Expected: g.expected, ReadCommitted: g.readCommitted, ListedAt: w.now, CommitsAt: w.now,
		Untold: g.untold, Waits: g.waits, Every: g.every, Resume: g.resume,
	}
	if g.unlisted {
		s.ListedAt = time.Time{}
	}
	if !g.listedAt.IsZero() {
		s.ListedAt = g.listedAt
	}
	if g.down != ReasonNone {
		s.CommitsAt, s.Err = time.Time{}, g.down
		return s
	}
	for topic, offsets := range g.commits {
		c := TopicCommits{Topic: topic}
		for p, o := range offsets {
			if o >= 0 {
				c.Partitions, c.Offsets = append(c.Partitions, int32(p)), append(c.Offsets, o)
			}
		}
		if len(c.Partitions) > 0 {
			s.Commits = append(s.Commits, c)
		}
	}
	slices.SortFunc(s.Commits, func(a, b TopicCommits) int { return strings.Compare(a.Topic, b.Topic) })
	return s
}

// story runs a world through a tracker.
type story struct {
	*testing.T
	*world
	tracker *Tracker
	snap    *Snapshot
}

func newStory(t *testing.T) *story { return newStoryWith(t, testOptions()) }

func newStoryWith(t *testing.T, opt Options) *story {
	return &story{T: t, world: newWorld(), tracker: NewTracker(opt)}
}

// observe takes one wave now, then moves the clock on by the interval.
func (s *story) observe() *story {
	s.Helper()
	s.snap = s.tracker.Observe(s.wave())
	s.now = s.now.Add(s.tracker.opt.Interval)
	return s
}

// run takes n waves, with change before each.
func (s *story) run(n int, change func()) *story {
	s.Helper()
	for range n {
		if change != nil {
			change()
		}
		s.observe()
	}
	return s
}

func (s *story) in(id string) *Group {
	s.Helper()
	for i := range s.snap.Groups {
		if s.snap.Groups[i].ID == id {
			return &s.snap.Groups[i]
		}
	}
	s.Fatalf("no group %q in the snapshot", id)
	return nil
}

func (s *story) on(id, topic string) *GroupTopic {
	s.Helper()
	g := s.in(id)
	for i := range g.Topics {
		if g.Topics[i].Topic == topic {
			return &g.Topics[i]
		}
	}
	s.Fatalf("group %q has no topic %q", id, topic)
	return nil
}

// want compares one value; Absent equals Absent.
func (s *story) want(what string, got, want float64) {
	s.Helper()
	if math.IsNaN(want) != math.IsNaN(got) || math.Abs(got-want) > 1e-6*math.Max(1, math.Abs(want)) {
		s.Errorf("at %v: %s = %v, want %v", s.snap.Began.Sub(t0), what, got, want)
	}
}
