package lag

import (
	"math"
	"time"
)

// topic is what is remembered of one topic.
type topic struct {
	name    string
	wave    uint64 // the last one that named it
	shown   uint64 // the last one that published it
	id      [16]byte
	gen     uint32 // counts recreations: pairs of an earlier generation are void
	created time.Time
	hidden  bool
	// appendTime: the broker sets the timestamps.
	appendTime bool
	parts      []topicPartition
	base       int // how many partitions the topics before it have in this wave

	produced float64
}

// topicPartition is what is remembered of one partition of a topic, with what this wave read of it.
type topicPartition struct {
	end, start int64 // newest known, NoOffset before the first
	endAt      int64 // when end was read
	movedAt    int64 // the wave that saw the end move last
	// cutAt is when the log was cut last, and counted the highest end until then: what lies before it has been counted. 0:
	// never, or the broker does not tell whether it is another log.
	cutAt, counted int64
	rate           float64
	hist           history
	// tail is the newest stretch of the history, copied to where the group's partitions pass by anyway.
	tail struct{ a, b point }

	fresh  bool  // end was read in this wave
	stable int64 // of this wave
	err    Reason
	sought uint64 // the last wave that missed older history
	// soughtAt is when older history was asked for last.
	soughtAt int64

	// What is thought of the timestamps, since when, and by which clock.
	belief    belief
	seeded    bool // the sampler's look back below has not been judged
	clock     uint32
	checkedAt int64
	seedAt    int64
	seedEnd   int64
}

func (t *Tracker) observeTopic(s *TopicSample) {
	tp := t.topics[s.Name]
	if tp == nil {
		tp = &topic{name: s.Name, id: s.ID, created: t.began, hidden: s.Hidden}
		t.topics[s.Name] = tp
	} else if tp.wave == t.wave {
		return
	}
	tp.wave, tp.appendTime = t.wave, s.AppendTime
	var none [16]byte
	if s.ID != tp.id && s.ID != none {
		if tp.id != none {
			tp.gen++
			tp.parts = nil
		}
		tp.id = s.ID
	}
	if s.Hidden != tp.hidden {
		tp.gen++
		tp.parts, tp.hidden = nil, s.Hidden
	}
	tp.resize(len(s.Partitions))
	for i := range s.Partitions {
		tp.produced += t.observePartition(&tp.parts[i], &s.Partitions[i], tp.id != none)
	}
}

func (tp *topic) resize(n int) {
	if n < len(tp.parts) {
		clear(tp.parts[n:])
		tp.parts = tp.parts[:n]
		return
	}
	for len(tp.parts) < n {
		tp.parts = append(tp.parts, topicPartition{end: NoOffset, start: NoOffset, rate: Absent})
	}
}

// observePartition takes in what the leader said and returns what was produced since it was last heard. same tells that it
// is of the same log.
func (t *Tracker) observePartition(p *topicPartition, s *PartitionSample, same bool) float64 {
	p.fresh, p.stable, p.err = false, NoOffset, s.Err
	if s.Start >= 0 {
		p.start = s.Start
	}
	if s.End < 0 {
		return 0
	}
	at := t.ended
	if !s.EndAt.IsZero() {
		at = t.nanos(s.EndAt)
	}
	produced := 0.0
	switch {
	case p.end == NoOffset:
		p.movedAt = t.now
	case s.End < p.end: // truncated, or recreated under a broker that tells no topic ID
		p.movedAt = t.now
		if same {
			p.cutAt, p.counted = t.now, max(p.counted, p.end)
		}
		p.hist.truncate(s.End)
		p.seeded = false
		if s.Start < 0 { // that of the log before says nothing of this one
			p.start = NoOffset
		}
	case s.End > p.end:
		p.movedAt = t.now
		produced = float64(max(0, s.End-max(p.end, p.counted)))
	}
	p.fresh, p.end, p.endAt = true, s.End, at
	if s.StableEnd >= 0 {
		p.stable = min(s.StableEnd, s.End)
	}
	p.hist.push(at, s.End, p.start, t.opt)
	return produced
}

// learn puts the answers to time queries into the histories.
func (t *Tracker) learn(points []OffsetAtTime) {
	var tp *topic
	for i := range points {
		q := &points[i]
		if tp == nil || tp.name != q.Topic {
			tp = t.topics[q.Topic]
		}
		if tp == nil || tp.wave != t.wave || q.Partition < 0 || int(q.Partition) >= len(tp.parts) {
			continue
		}
		t.learnAt(tp, &tp.parts[q.Partition], q)
	}
}

// publishTopics works the producer rates out, which the groups need too, and publishes the topics.
func (t *Tracker) publishTopics(w *Wave, snap *Snapshot) {
	partitions := 0
	for i := range w.Topics {
		if !w.Topics[i].Foreign {
			partitions += len(w.Topics[i].Partitions)
		}
	}
	slab := slab[TopicPartition]{free: make([]TopicPartition, partitions)}
	snap.Topics = make([]Topic, 0, len(w.Topics))
	t.size = 0
	for i := range w.Topics {
		s := &w.Topics[i]
		tp := t.topics[s.Name]
		tp.base = t.size
		t.size += len(tp.parts)
		for j := range tp.parts {
			if p := &tp.parts[j]; p.fresh {
				if p.seeded {
					t.judgeSeed(p)
				}
				p.rate = p.hist.rate(t.opt.RateWindow)
				p.tail.a, p.tail.b = p.hist.tail()
			}
		}
		if s.Foreign || tp.shown == t.wave || len(tp.parts) != len(s.Partitions) {
			continue
		}
		tp.shown = t.wave
		snap.Topics = append(snap.Topics, t.topicSnapshot(tp, s, slab.cut(len(tp.parts), block)))
	}
}

// topicSnapshot is what is published of a topic, its partitions in parts.
func (t *Tracker) topicSnapshot(tp *topic, s *TopicSample, parts []TopicPartition) Topic {
	out := Topic{Name: tp.name, Produced: tp.produced, Created: tp.created, Partitions: parts}
	for i := range tp.parts {
		p, m := &tp.parts[i], &s.Partitions[i]
		o := TopicPartition{
			Leader: m.Leader, Preferred: m.Preferred, Replicas: m.Replicas, InSync: m.InSync,
			End: NoOffset, Start: NoOffset,
		}
		if p.end >= 0 && t.young(p.endAt) {
			o.End, o.Start = p.end, p.start
			out.ProducerRate += p.rate
		} else {
			out.Produced, out.ProducerRate = Absent, Absent
		}
		out.Partitions[i] = o
	}
	if math.IsInf(out.ProducerRate, 0) {
		out.ProducerRate = Absent
	}
	return out
}
