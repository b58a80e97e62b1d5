package lag

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
)

// reference computes lag, backlog and counters the plain way: from the whole of the last two waves, with maps.
type reference struct {
	produced, consumed, lost map[string]float64 // by group, and by group/topic
	pairs                    map[string]refPair // by group/topic/partition
}

type refPair struct{ committed, end, start int64 }

func newReference() *reference {
	return &reference{map[string]float64{}, map[string]float64{}, map[string]float64{}, map[string]refPair{}}
}

// wave takes a wave in of which everything could be read.
func (r *reference) wave(w *world) (lag, lagMax, backlog map[string]float64) {
	lag, lagMax, backlog = map[string]float64{}, map[string]float64{}, map[string]float64{}
	for id, g := range w.groups {
		for name, commits := range g.commits {
			for i, p := range w.topics[name].parts {
				r.partition(fmt.Sprintf("%s/%s/%d", id, name, i), []string{id, id + "/" + name},
					refPair{commits[i], p.end, p.start}, lag, lagMax, backlog)
			}
		}
	}
	return lag, lagMax, backlog
}

func (r *reference) partition(key string, levels []string, p refPair, lag, lagMax, backlog map[string]float64) {
	old, seen := r.pairs[key]
	r.pairs[key] = p
	for _, level := range levels {
		if seen {
			r.produced[level] += float64(p.end - old.end)
		}
		if p.committed < 0 {
			backlog[level] += float64(p.end - p.start)
			continue
		}
		n := float64(max(0, p.end-max(p.committed, p.start)))
		lag[level] += n
		lagMax[level] = max(lagMax[level], n)
		backlog[level] += n
		if seen && old.committed >= 0 && p.committed >= old.committed {
			r.consumed[level] += float64(max(0, p.committed-max(old.committed, old.start)))
			if p.committed < p.start {
				r.lost[level] += float64(max(0, p.start-max(p.committed, old.start)))
			}
		}
	}
}

// TestAgainstReference: on random histories without failures the tracker and the plain computation agree.
func TestAgainstReference(t *testing.T) {
	for seed := range uint64(30) {
		rnd := rand.New(rand.NewPCG(seed, 7))
		s, ref := newStory(t), newReference()
		for i := range 3 {
			topic := s.topic(fmt.Sprint("t", i))
			for range 1 + rnd.IntN(5) {
				topic.parts = append(topic.parts, simPartition{end: rnd.Int64N(1000)})
			}
		}
		for i := range 4 {
			g := s.group(fmt.Sprint("g", i))
			g.describe(s.world, 1, "t0", "t1", "t2")
			for _, name := range slices.Sorted(maps.Keys(s.topics)) {
				topic := s.topics[name]
				g.commits[name] = make([]int64, len(topic.parts))
				for p := range topic.parts {
					g.commits[name][p] = rnd.Int64N(topic.parts[p].end+2) - 1
				}
			}
		}
		for range 60 {
			randomStep(rnd, s.world)
			s.observe()
			lag, lagMax, backlog := ref.wave(s.world)
			for i := range s.snap.Groups {
				g := &s.snap.Groups[i]
				compareLevel(s, g.ID, &g.Signals, ref, lag, lagMax, backlog)
				for j := range g.Topics {
					gt := &g.Topics[j]
					compareLevel(s, g.ID+"/"+gt.Topic, &gt.Signals, ref, lag, lagMax, backlog)
				}
			}
			if t.Failed() {
				t.Fatalf("seed %d", seed)
			}
		}
	}
}

// randomStep produces, consumes, resets backwards and deletes.
func randomStep(rnd *rand.Rand, w *world) {
	for _, name := range slices.Sorted(maps.Keys(w.topics)) {
		topic := w.topics[name]
		for i := range topic.parts {
			p := &topic.parts[i]
			p.end += rnd.Int64N(100)
			if rnd.IntN(20) == 0 {
				p.start += rnd.Int64N(p.end - p.start + 1)
			}
			for _, id := range slices.Sorted(maps.Keys(w.groups)) {
				c := &w.groups[id].commits[name][i]
				switch rnd.IntN(12) {
				case 0, 1, 2, 3, 4, 5:
					*c += rnd.Int64N(p.end - *c + 1)
				case 6:
					if *c > 0 {
						*c = rnd.Int64N(*c + 1)
					}
				}
			}
		}
	}
}

func compareLevel(s *story, level string, got *Signals, ref *reference, lag, lagMax, backlog map[string]float64) {
	s.Helper()
	if got.Partitions > 0 {
		s.want(level+" lag", got.Lag, lag[level])
		s.want(level+" lag_max", got.LagMax, lagMax[level])
	}
	s.want(level+" backlog", got.Backlog, backlog[level])
	s.want(level+" produced", got.Produced, ref.produced[level])
	s.want(level+" consumed", got.Consumed, ref.consumed[level])
	s.want(level+" lost", got.Lost, ref.lost[level])
}
