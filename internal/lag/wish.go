package lag

import (
	"cmp"
	"slices"
)

// wish is what the groups of one worker want to know of one topic partition's past.
type wish struct {
	topic     *topic
	partition int32
	missed    bool  // the history does not reach back to some group's message
	offset    int64 // of the message to ask about: that of the greatest lag, and where lags are equal the oldest
	lag       int64 // 0: none may be asked about now
}

// wish returns what the worker has noted of a partition.
func (w *worker) wish(tp *topic, partition int) *wish {
	i := &w.wishOf[tp.base+partition]
	if *i == 0 {
		w.wishes = append(w.wishes, wish{topic: tp, partition: int32(partition)})
		*i = int32(len(w.wishes))
	}
	return &w.wishes[*i-1]
}

func (w *wish) ask(offset, lag int64) {
	if lag > w.lag || lag == w.lag && offset < w.offset {
		w.offset, w.lag = offset, lag
	}
}

// need is a time query that would tell how old some partition's oldest unconsumed message is.
type need struct {
	topic     *topic
	partition int32
	at        int64
	lag       int64
}

// gather makes one need of each partition's wishes. What comes of it does not depend on which worker had which group.
func (t *Tracker) gather(workers []*worker) {
	all := workers[0]
	for _, w := range workers[1:] {
		for i := range w.wishes {
			from := &w.wishes[i]
			to := all.wish(from.topic, int(from.partition))
			to.missed = to.missed || from.missed
			to.ask(from.offset, from.lag)
		}
	}
	t.needs = t.needs[:0]
	for i := range all.wishes {
		w := &all.wishes[i]
		p := &w.topic.parts[w.partition]
		if w.missed {
			if p.sought+1 < t.wave {
				p.hist.rounds = 0
			}
			p.sought = t.wave
		}
		if w.lag == 0 {
			continue
		}
		if at, ok := t.wanted(p, w.offset); ok {
			t.needs = append(t.needs, need{w.topic, w.partition, at, w.lag})
		}
	}
}

// wanted is the time to ask about for the message at offset; ok is false where no answer would help now.
func (t *Tracker) wanted(p *topicPartition, offset int64) (at int64, ok bool) {
	if t.mustCheck(p) {
		return t.checkTime(p)
	}
	if p.belief == beliefFalse {
		return 0, false
	}
	if offset < p.hist.pts[0].end {
		return t.older(p, offset), true
	}
	p.soughtAt = t.now
	a, b := p.hist.stretch(offset)
	if a.rounds >= maxRounds {
		a.rounds = 0
	}
	return t.between(a, b, p.end, offset), true
}

// Queries returns the time queries whose answers the next wave should bring as Points, the worst lag first, at most
// limit of them.
func (t *Tracker) Queries(limit int) []TimeQuery {
	if limit <= 0 || len(t.needs) == 0 {
		return nil
	}
	needs := slices.Clone(t.needs)
	slices.SortFunc(needs, func(a, b need) int {
		return cmp.Or(cmp.Compare(b.lag, a.lag), cmp.Compare(a.topic.name, b.topic.name), cmp.Compare(a.partition, b.partition))
	})
	needs = needs[:min(limit, len(needs))]
	out := make([]TimeQuery, len(needs))
	for i, n := range needs {
		out[i] = TimeQuery{Topic: n.topic.name, Partition: n.partition, At: t.wall(n.at)}
	}
	return out
}
