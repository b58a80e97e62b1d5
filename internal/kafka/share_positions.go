package kafka

import (
	"slices"
	"strings"
	"time"

	"github.com/IBM/sarama"

	"kafka_burndown_exporter/internal/lag"
)

// shareGroup is what is remembered of a share group's offsets.
//
// A share group commits nothing. Its coordinator tells how many records of a partition are not done: its lag, against the
// end at that moment. The end less the lag is where a consumer group would be that is equally far. That moment lies between
// two reads of the end: one before the lag is asked for (the floor) and that of the wave. So the position lies between the
// floor less the lag and the end less the lag. The lower bound is what counts, unless the group is known to be further: then
// the position stays, and it goes back only where no end explains it, which is a reset.
type shareGroup struct {
	topics []shareTopic  // as answered last
	known  bool          // an answer came
	turn   time.Time     // its last one
	every  time.Duration // how often its turn comes, 0: in every wave
	resume resume
}

func (g *shareGroup) partitions() (n int) {
	if !g.known {
		return assumedSharePartitions
	}
	for _, t := range g.topics {
		n += len(t.offsets)
	}
	return n
}

// before is what was known of a partition before.
func (g *shareGroup) before(topic string, partition int32) (o shareOffset, ok bool) {
	i, ok := slices.BinarySearchFunc(g.topics, topic, func(t shareTopic, name string) int { return strings.Compare(t.text, name) })
	if !ok {
		return o, false
	}
	of := g.topics[i].offsets
	j, ok := slices.BinarySearchFunc(of, partition, func(o shareOffset, p int32) int { return int(o.partition) - int(p) })
	if !ok {
		return o, false
	}
	return of[j], true
}

// takeShare takes an answer in. Until the ends are known its commits are those that are safe.
func (g *group) takeShare(f *folder, topics []shareTopic) {
	for i := range topics {
		t := &topics[i]
		for j := range t.offsets {
			o := &t.offsets[j]
			if old, ok := g.share.before(t.text, o.partition); ok {
				o.reached, o.since = old.reached, old.since
			}
		}
	}
	g.share.topics, g.share.known = topics, true
	g.foldShare(f, func(o *shareOffset, _ *shareTopic) int64 { return max(o.start, o.reached) })
}

// isInitialised reports whether the group has begun on the partition; where the answer is an error it may have.
func (o *shareOffset) isInitialised() bool { return o.start >= 0 || o.code != sarama.ErrNoError }

// foldShare makes the commits of positions, NoOffset where there is none.
func (g *group) foldShare(f *folder, position func(*shareOffset, *shareTopic) int64) {
	f.begin(&g.commits)
	for i := range g.share.topics {
		t := &g.share.topics[i]
		f.read = f.read[:0]
		for j := range t.offsets {
			o := &t.offsets[j]
			f.read = append(f.read, commit{partition: o.partition, offset: position(o, t)})
		}
		f.topic(&g.commits, t.name)
	}
	_ = f.finish(&g.commits) // no answer was read, so none has failed
}

// settleShares makes positions of the lags, now that the ends are known.
func (s *Sampler) settleShares() {
	f := folder{names: s.topicNames}
	for _, g := range s.groups {
		if g.share == nil || g.commitsAt.IsZero() {
			continue
		}
		if why := s.settleShare(&f, g); why != lag.ReasonNone {
			g.commitsAt = time.Time{}
			g.fail(why)
		}
	}
}

// settleShare makes the positions of one group, and says why they are not known where they are not.
func (s *Sampler) settleShare(f *folder, g *group) (failed lag.Reason) {
	g.resume = g.share.resume.from
	attended := g.state() != stateEmpty && g.state() != stateDead
	g.foldShare(f, func(o *shareOffset, st *shareTopic) int64 {
		t, end := s.topics.byName[st.text], lag.NoOffset
		if t != nil && int(o.partition) < len(t.sample) {
			end = t.sample[o.partition].End
		}
		switch {
		case !o.isInitialised():
			if o.begins(attended, end) && g.resume == lag.ResumeLatest {
				g.resume = lag.ResumeUnknown
			}
			return lag.NoOffset
		case end < 0: // no lag follows, whatever is said here
			return max(o.start, o.reached, 0)
		case o.code != sarama.ErrNoError:
			failed = reasonOf(o.code)
			return 0
		case o.lag < 0:
			failed = lag.ReasonCoordinator
			return 0
		}
		return o.settle(t.floor(o.partition, s.seen), end)
	})
	return failed
}

// begins notes where the end was when members were first seen on a partition that is not initialised, and reports whether
// it moved since. The broker initialises a partition when its first record is done, which is long after the members began
// to read: whether they began before what came since is not known.
func (o *shareOffset) begins(attended bool, end int64) (moved bool) {
	switch {
	case !attended:
		o.since = lag.NoOffset
	case o.since < 0:
		o.since = end
	}
	return o.since >= 0 && end >= 0 && end != o.since
}

// floor is the end that was read before the share groups were, NoOffset where it was not.
func (t *topic) floor(partition int32, wave uint64) int64 {
	if int(partition) < len(t.parts) && t.parts[partition].floorWave == wave {
		return t.parts[partition].floor
	}
	return lag.NoOffset
}

// settle is the position, between the floor and the end.
func (o *shareOffset) settle(floor, end int64) int64 {
	most := max(0, end-o.lag)
	least := o.start
	if floor >= 0 {
		least = max(least, floor-o.lag)
	}
	o.reached = min(max(least, min(o.reached, most)), most)
	return o.reached
}
