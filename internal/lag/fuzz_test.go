package lag

import (
	"fmt"
	"math"
	"slices"
	"testing"
	"time"
)

// FuzzObserve feeds waves as no sane cluster would send them: clocks that jump, offsets at the edge of int64, ids
// twice, lists out of order, arrays of unequal length.
func FuzzObserve(f *testing.F) {
	f.Add([]byte("commit, end, start"))
	f.Add([]byte{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 200, 201, 202, 203, 204, 205})
	long := make([]byte, 4096)
	for i := range long {
		long[i] = byte(i * i >> 3)
	}
	f.Add(long)
	f.Fuzz(func(t *testing.T, data []byte) {
		in := &bytesIn{data: data}
		opt := testOptions()
		opt.IncludeAbandoned = in.one(4)
		tracker := NewTracker(opt)
		check := &checker{T: t, last: map[string][5]float64{}}
		clock := t0
		for range 80 {
			w := in.wave(&clock)
			snap := tracker.Observe(w)
			check.snapshot(snap)
			for _, q := range tracker.Queries(int(in.next()) - 1) {
				a := OffsetAtTime{TimeQuery: q, Offset: in.offset()}
				if in.one(3) {
					a.Timestamp = q.At.Add(time.Duration(in.next()) * 10 * time.Second)
				}
				in.points = append(in.points, a)
			}
			for _, tp := range tracker.topics {
				for i := range tp.parts {
					checkHistory(t, &tp.parts[i].hist)
				}
			}
			if len(in.data) == 0 {
				break
			}
		}
		check.unchanged()
	})
}

// bytesIn makes waves of bytes; after the last byte everything is 0.
type bytesIn struct {
	data    []byte
	points  []OffsetAtTime
	members [4]*Members
}

func (b *bytesIn) next() byte {
	if len(b.data) == 0 {
		return 0
	}
	v := b.data[0]
	b.data = b.data[1:]
	return v
}

func (b *bytesIn) one(in byte) bool { return b.next()%in == 1 }

func (b *bytesIn) offset() int64 {
	v := int64(b.next())
	switch v {
	case 255:
		return math.MaxInt64
	case 254:
		return math.MinInt64
	case 253:
		return -1
	case 252:
		return 1 << 40
	}
	return v * 8
}

func (b *bytesIn) wave(clock *time.Time) *Wave {
	step := 10 * time.Second
	switch v := b.next(); v {
	case 255:
		step = -time.Hour
	case 254:
		step = 1 << 62
	case 253:
		step = 0
	case 252:
		step = 40 * time.Second
	}
	*clock = clock.Add(step)
	w := &Wave{Began: *clock, Ended: clock.Add(time.Second), Points: b.points}
	b.points = nil
	for range b.next() % 4 {
		s := TopicSample{Name: fmt.Sprint("t", b.next()%3), Foreign: b.one(8), AppendTime: b.one(4)}
		s.ID[0] = b.next() % 3
		for range b.next() % 5 {
			ps := PartitionSample{End: b.offset(), Start: b.offset() / 4, StableEnd: b.offset(), Err: Reason(b.next() % 6)}
			ps.EndAt = clock.Add(time.Duration(b.next()%8) * 100 * time.Millisecond)
			s.Partitions = append(s.Partitions, ps)
		}
		w.Topics = append(w.Topics, s)
	}
	for range b.next() % 4 {
		w.Groups = append(w.Groups, b.group(*clock))
	}
	return w
}

func (b *bytesIn) group(now time.Time) GroupSample {
	n := b.next() % 4
	s := GroupSample{
		ID: fmt.Sprint("g", n), State: []string{"Stable", "Empty", "", "PreparingRebalance"}[b.next()%4],
		ProtocolType: []string{"consumer", ""}[b.next()%2], ListedAt: now, ReadCommitted: b.one(3),
		Err: Reason(b.next() % 6), Members: b.members[n],
	}
	if b.one(6) {
		s.ListedAt, s.Expected = time.Time{}, []string{"t1", "t9"}
	}
	if !b.one(4) {
		s.CommitsAt = now.Add(100 * time.Millisecond)
		for range b.next() % 4 {
			c := TopicCommits{Topic: fmt.Sprint("t", b.next()%3)}
			for range b.next() % 5 {
				c.Partitions = append(c.Partitions, int32(b.next()%6)-1)
				c.Offsets = append(c.Offsets, b.offset())
			}
			if b.one(9) {
				c.Offsets = nil
			}
			s.Commits = append(s.Commits, c)
		}
	}
	if b.one(3) {
		m := &Members{At: now, State: s.State, Count: int(b.next()%3) - 1, Opaque: b.one(5)}
		for i := range int(b.next() % 3) {
			m.Topics = append(m.Topics, fmt.Sprint("t", i))
		}
		b.members[n], s.Members = m, m
	}
	return s
}

// checker holds the invariants of any sequence of snapshots.
type checker struct {
	*testing.T
	last  map[string][5]float64 // counters by level
	snaps []*Snapshot
	texts []string
}

func (c *checker) snapshot(s *Snapshot) {
	c.snaps, c.texts = append(c.snaps, s), append(c.texts, fmt.Sprintf("%+v", *s))
	seen := map[string][5]float64{}
	for i := range s.Groups {
		g := &s.Groups[i]
		if i > 0 && s.Groups[i-1].ID >= g.ID {
			c.Fatalf("groups out of order: %q, %q", s.Groups[i-1].ID, g.ID)
		}
		c.numbers(g.ID, g.LagLog2x7, g.BurndownMaxSeconds)
		key := fmt.Sprint(g.ID, g.Created)
		c.level(key, &g.Signals, [2]float64{g.ResetsBackward, g.ResetsEnd}, seen)
		if g.Complete && (g.PartitionsHeld > 0 || count(g.PartitionsUnknown) > 0) {
			c.Fatalf("%s is complete: %+v", g.ID, g)
		}
		for j := range g.Topics {
			c.topic(key, &g.Topics[j], seen)
		}
	}
	for i := range s.Topics {
		c.numbers(s.Topics[i].Name, s.Topics[i].Produced, s.Topics[i].ProducerRate)
	}
	c.last = seen
}

func (c *checker) topic(group string, gt *GroupTopic, seen map[string][5]float64) {
	key := fmt.Sprint(group, "/", gt.Topic, gt.TopicCreated)
	c.level(key, &gt.Signals, [2]float64{}, seen)
	if len(gt.Lag) != gt.Partitions || len(gt.Committed) != len(gt.Lag) || len(gt.Partition) != len(gt.Lag) {
		c.Fatalf("%s: arrays of %d, %d, %d", key, len(gt.Lag), len(gt.Committed), len(gt.Partition))
	}
	sum, worst := 0.0, 0.0
	for i, lag := range gt.Lag {
		c.numbers(key, float64(lag), float64(gt.Committed[i]))
		sum, worst = sum+float64(lag), max(worst, float64(lag))
	}
	if !slices.IsSorted(gt.Partition) || len(slices.Compact(slices.Clone(gt.Partition))) != len(gt.Partition) {
		c.Fatalf("%s: partitions %v", key, gt.Partition)
	}
	if known := count(gt.PartitionsUnknown) == 0 && gt.Partitions > 0; known != Known(gt.Signals.Lag) ||
		known && (math.Abs(gt.Signals.Lag-sum) > sum*1e-12 || gt.LagMax != worst || gt.LagSum != gt.Signals.Lag) {
		c.Fatalf("%s: lag %v of %v: %+v", key, gt.Signals.Lag, gt.Lag, gt)
	}
}

func (c *checker) level(key string, s *Signals, resets [2]float64, seen map[string][5]float64) {
	totals := []float64{
		s.Lag, s.LagMax, s.Backlog, s.UncommittedMessages, s.LagSeconds, s.BurndownSeconds, s.ProducerRate,
		s.ConsumerRate, s.Produced, s.Consumed, s.Lost,
	}
	c.numbers(key, append(totals, s.PartitionsWithLag, s.PartitionsStalled, resets[0], resets[1])...)
	if count(s.PartitionsUnknown) > 0 && slices.ContainsFunc(totals, Known) {
		c.Fatalf("%s: a total of partial data: %+v", key, s)
	}
	now := [5]float64{s.Produced, s.Consumed, s.Lost, resets[0], resets[1]}
	for i, before := range c.last[key] {
		if now[i] < before {
			c.Fatalf("%s: counter %d went from %v to %v", key, i, before, now[i])
		}
		if !Known(now[i]) {
			now[i] = before
		}
	}
	seen[key] = now
}

func (c *checker) numbers(key string, values ...float64) {
	for i, v := range values {
		if v < 0 || math.IsInf(v, 0) {
			c.Fatalf("%s: value %d is %v", key, i, v)
		}
	}
}

func (c *checker) unchanged() {
	for i, s := range c.snaps {
		if got := fmt.Sprintf("%+v", *s); got != c.texts[i] {
			c.Fatalf("snapshot %d was modified:\n%s\n%s", i, c.texts[i], got)
		}
	}
}

func count(unknown [numReasons]int) (n int) {
	for _, u := range unknown {
		n += u
	}
	return n
}
