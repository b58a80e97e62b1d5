package lag

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// TestWorkersAgree: what is published, and asked for next, does not depend on how many workers take a wave in.
func TestWorkersAgree(t *testing.T) {
	queries := 0
	for seed := range uint64(3) {
		rnd := rand.New(rand.NewPCG(seed, 11))
		s := newStory(t)
		alone, together := s.tracker, NewTracker(s.tracker.opt)
		alone.procs, together.procs = 1, 5
		for i := range 4 {
			topic := s.topic(fmt.Sprint("t", i))
			for range 1 + rnd.IntN(8) {
				topic.parts = append(topic.parts, simPartition{end: 1000 + rnd.Int64N(1000)})
			}
		}
		for i := range 5 * chunk {
			g := s.group(fmt.Sprintf("g%03d", i))
			for _, name := range s.names() {
				if rnd.IntN(2) == 0 {
					g.commits[name] = make([]int64, len(s.topics[name].parts))
				}
			}
		}
		for wave := range 12 {
			s.evolve(rnd)
			w := s.wave()
			want, got := alone.Observe(w), together.Observe(w)
			if diff := cmp.Diff(want, got, cmpopts.EquateNaNs()); diff != "" {
				t.Fatalf("seed %d, wave %d: one worker -, five +:\n%s", seed, wave, diff)
			}
			asked := alone.Queries(1000)
			if diff := cmp.Diff(asked, together.Queries(1000)); diff != "" {
				t.Fatalf("seed %d, wave %d: queries, one worker -, five +:\n%s", seed, wave, diff)
			}
			queries += len(asked)
			for _, q := range asked {
				s.points = append(s.points, OffsetAtTime{TimeQuery: q, Offset: s.topics[q.Topic].parts[q.Partition].end - rnd.Int64N(2000)})
			}
			s.now = s.now.Add(s.tracker.opt.Interval)
		}
	}
	if queries == 0 {
		t.Error("no age was asked for: the shared part of the workers was not reached")
	}
}

// evolve changes ends, starts and commits, and makes some unreadable.
func (s *story) evolve(rnd *rand.Rand) {
	names := s.names()
	for _, name := range names {
		for i := range s.topics[name].parts {
			p := &s.topics[name].parts[i]
			p.end += rnd.Int64N(300)
			p.down = ReasonNone
			switch rnd.IntN(20) {
			case 0:
				p.down = ReasonLeader
			case 1:
				p.end = max(p.start, p.end-500)
			case 2:
				p.start = min(p.end, p.start+200)
			}
		}
	}
	for _, id := range slices.Sorted(maps.Keys(s.groups)) {
		g := s.groups[id]
		g.down = ReasonNone
		if rnd.IntN(25) == 0 {
			g.down = ReasonCoordinator
		}
		for _, name := range names {
			for i := range g.commits[name] {
				if c := &g.commits[name][i]; rnd.IntN(3) > 0 {
					*c = min(s.topics[name].parts[i].end+rnd.Int64N(3)-1, *c+rnd.Int64N(400))
				}
			}
		}
	}
}

func (s *story) names() []string { return slices.Sorted(maps.Keys(s.topics)) }

// TestWorkerPanics: a panic on a worker's own goroutine must not end the process.
func TestWorkerPanics(t *testing.T) {
	for i := range 3 {
		finished := make([]bool, 3)
		func() {
			defer func() {
				if p := recover(); p == nil || !strings.Contains(fmt.Sprint(p), "out of luck") {
					t.Errorf("recovered %v from worker %d", p, i)
				}
			}()
			together(3, func(k int) {
				if k == i {
					panic("out of luck")
				}
				finished[k] = true
			})
		}()
		finished[i] = true
		if slices.Contains(finished, false) {
			t.Errorf("worker %d panicked: the others were not waited for: %v", i, finished)
		}
	}
}
