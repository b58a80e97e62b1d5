package lag

import (
	"slices"
	"sort"
	"time"

	"kafka_burndown_exporter/internal/pilot"
	"kafka_burndown_exporter/internal/scale"
)

// group is what is remembered of one consumer group.
type group struct {
	id      string
	wave    uint64 // the last one that named it
	created time.Time
	read    bool // its commits were read, at readAt the last time
	readAt  int64
	membership
	window
	level
	backward, end float64
	pilot         *pilot.Pilot
	decision      pilot.Decision // its last one
	decided       bool
	lone          bool          // while it was Empty its commits moved, and nobody joined since: somebody assigns its partitions itself
	topics        []*groupTopic // sorted by name
	// gone are topics that it used when its commits were last read, and that did not exist when they were looked for.
	gone []string
}

// groupTopic is what is remembered of one topic of a group.
type groupTopic struct {
	name    string
	topic   *topic
	gen     uint32
	created time.Time
	level
	parts  []partition // indexed by partition
	ring   []uint32    // consumed increments, slots per partition; nil before the first commit
	period uint8       // the longest commit period among its partitions, encoded
	best   float32     // the best rate of one of its partitions
	ids    []int32     // the counted partitions as published; replaced, never modified

	used      uint64 // the last wave that gave a reason to show it
	commits   int    // index+1 into the wave's commits
	missing   uint8  // successive member descriptions that do not name it
	abandoned bool
}

// observeGroup takes the wave in for one group and fills what is published of it.
func (w *worker) observeGroup(g *group, s *GroupSample, out *Group) {
	t := w.t
	*out = Group{
		ID: s.ID, Type: s.Type, ProtocolType: s.ProtocolType, State: s.State, Coordinator: s.Coordinator,
		Created: g.created, Expected: s.Expected != nil, Untold: s.Untold,
	}
	t.observeMembers(g, s, out)
	if s.Untold {
		publishUntold(out, s.ListedAt)
		return
	}
	t.assignTopics(g, s)
	g.abandon(s)
	st := w.newStep(g, s)
	total := sums{}
	out.Topics = w.topics.cut(len(g.topics), block/32)
	for i, gt := range g.topics {
		one := w.observeGroupTopic(&st, gt, s, &out.Topics[i])
		w.held += one.held
		w.unknown += one.unknowns()
		if t.opt.IncludeAbandoned || !gt.abandoned && !g.suspects(gt) {
			total.add(&one)
		}
	}
	g.lone = st.unattended && (g.lone || total.moved)
	t.publishGroup(&st, &total, out)
	if g.untold(s, total.counted > 0) {
		out.Backlog, out.UncommittedMessages = Absent, Absent
	}
	w.desire(&st, g, s, out)
}

// publishUntold leaves a group with its state, info and members: its lag cannot be read.
func publishUntold(out *Group, listed time.Time) {
	out.SampleAt = listed
	out.Signals, out.Complete = absentSignals(), true
	out.LagLog2x7, out.BurndownMaxSeconds = Absent, Absent
	out.ResetsBackward, out.ResetsEnd = Absent, Absent
}

// newStep prepares the wave for the group's partitions. The window moves on only where some partition can follow.
func (w *worker) newStep(g *group, s *GroupSample) step {
	t := w.t
	st := step{
		t: t, w: w, g: g, read: !s.CommitsAt.IsZero(), reason: s.Err, stableE: s.ReadCommitted, resume: s.Resume,
		waits: s.Waits, maxAge: t.opt.MaxAge + s.Every,
		unattended: g.empty && s.ProtocolType != "",
		resides:    g.hasMembers && t.now-g.membersSince >= int64(t.opt.StallWindow),
	}
	if !st.read {
		if st.reason == ReasonNone || st.reason >= numReasons {
			st.reason = ReasonCoordinator
		}
		return st
	}
	st.at = t.nanos(s.CommitsAt)
	for _, gt := range g.topics {
		if st.anyFresh(gt.topic.parts) {
			st.slot = g.window.push(st.at, t.opt.RateWindow, t.opt.Interval)
			break
		}
	}
	return st
}

func (t *Tracker) publishGroup(st *step, total *sums, out *Group) {
	g := st.g
	if st.read {
		g.read, g.readAt = true, st.at
	}
	// An abandoned topic tells nothing of the totals.
	nothing := total.counted+total.uncommittedN+total.unknowns() == 0
	if nothing && !(g.read && t.within(g.readAt, st.maxAge)) {
		total.unknown[st.reason]++ // at least one
		st.w.unknown++
	}
	g.backward += total.backward
	g.end += total.end
	complete := total.unknowns() == 0
	known := complete && (t.opt.IncludeAbandoned || !g.waits())
	g.level.update(total, t.now, known)
	out.Signals = g.level.signals(total, st, known)
	out.Complete = complete && total.held == 0 && (st.read || !nothing)
	out.ResetsBackward, out.ResetsEnd = g.backward, g.end
	switch {
	case total.any:
		out.SampleAt = t.wall(total.oldest)
	case g.read:
		out.SampleAt = t.wall(g.readAt)
	}
	out.LagLog2x7, out.BurndownMaxSeconds = Absent, Absent
	if Known(out.Lag) {
		out.LagLog2x7 = scale.Log2x7(out.Lag, t.opt.Log2x7Max)
		out.BurndownMaxSeconds = total.burndown.get(t.opt.BurndownCap)
	}
	out.UsefulMembers = g.usefulMembers(out.Type)
}

// assignTopics makes g.topics the existing topics that the group has a commit on, subscribes to or is expected on.
// While its commits cannot be read, those it had before stay, and come back where a topic was created again.
func (t *Tracker) assignTopics(g *group, s *GroupSample) {
	read := !s.CommitsAt.IsZero()
	for _, gt := range g.topics {
		gt.commits = 0
		if !read {
			gt.used = t.wave
		}
	}
	at := 0
	if read {
		g.gone = g.gone[:0]
		for i := range s.Commits {
			if gt := t.use(g, s.Commits[i].Topic, &at); gt != nil {
				gt.commits = i + 1
			} else {
				g.gone = append(g.gone, s.Commits[i].Topic)
			}
		}
	} else {
		for _, name := range g.gone { // one that was created again
			t.use(g, name, &at)
		}
	}
	subscribed := g.subscribed
	if g.deserted {
		subscribed = nil
	}
	for _, names := range [2][]string{subscribed, s.Expected} {
		at := 0
		for _, name := range names {
			t.use(g, name, &at)
		}
	}
	g.topics = slices.DeleteFunc(g.topics, func(gt *groupTopic) bool {
		used, exists := gt.used == t.wave, gt.topic.wave == t.wave
		if used && !exists && !slices.Contains(g.gone, gt.name) {
			g.gone = append(g.gone, gt.name)
		}
		return !used || !exists
	})
	for _, gt := range g.topics {
		t.fit(gt)
	}
}

// use marks a topic as used in this wave, or adds it; nil where no such topic exists. at is where the search begins:
// names mostly come in order.
func (t *Tracker) use(g *group, name string, at *int) *groupTopic {
	i := *at
	if i >= len(g.topics) || g.topics[i].name != name {
		i = sort.Search(len(g.topics), func(i int) bool { return g.topics[i].name >= name })
	}
	*at = i + 1
	if i < len(g.topics) && g.topics[i].name == name {
		g.topics[i].used = t.wave
		return g.topics[i]
	}
	tp := t.topics[name]
	if tp == nil || tp.wave != t.wave {
		return nil
	}
	gt := &groupTopic{name: tp.name, topic: tp, gen: tp.gen, created: t.began, used: t.wave}
	g.topics = slices.Insert(g.topics, i, gt)
	return gt
}

// fit brings the state of a group's topic to the topic's partitions; a recreated topic begins anew.
func (t *Tracker) fit(gt *groupTopic) {
	n := len(gt.topic.parts)
	if gt.gen != gt.topic.gen {
		gt.gen = gt.topic.gen
		clear(gt.parts)
	}
	if n == len(gt.parts) {
		return
	}
	parts := make([]partition, n)
	copy(parts, gt.parts)
	gt.parts = parts
	if gt.ring != nil {
		ring := make([]uint32, n*t.slots)
		copy(ring, gt.ring)
		gt.ring = ring
	}
}
