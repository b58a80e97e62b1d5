package lag

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"slices"
	"sync"
	"sync/atomic"

	"kafka_burndown_exporter/internal/pilot"
)

// chunk is how many groups a worker takes at a time; fewer than two chunks are not worth a second worker.
const chunk = 16

// job is one group of the wave; its snapshot has the job's index.
type job struct {
	g *group
	s *GroupSample
}

// worker takes in some of a wave's groups, side by side with others. It writes to its groups and to what is its own
// below, and reads the rest of the tracker.
type worker struct {
	t       *Tracker
	commits []int64 // scratch: the commits of one group and topic by partition
	wishes  []wish
	wishOf  []int32 // index+1 into wishes, by the wave's topic partitions
	seen    pilot.Observation

	// Of one wave:
	topics        slab[GroupTopic]
	offsets       slab[int64]
	held, unknown int
	clamped       int64
}

// observeGroups takes the groups of a wave in, on all processors. Every group is worked out for itself, so that the
// result does not depend on who does it.
func (t *Tracker) observeGroups(samples []GroupSample, snap *Snapshot) {
	jobs := t.jobsOf(samples)
	defer clear(jobs) // the wave's memory is used again
	snap.Groups = make([]Group, len(jobs))
	workers := t.workersFor(len(jobs))
	var next atomic.Int64
	run := func(w *worker) {
		for {
			end := int(next.Add(chunk))
			for i := end - chunk; i < min(end, len(jobs)); i++ {
				w.observeGroup(jobs[i].g, jobs[i].s, &snap.Groups[i])
			}
			if end >= len(jobs) {
				return
			}
		}
	}
	together(len(workers), func(i int) { run(workers[i]) })
	for _, w := range workers {
		snap.HeldPartitions += w.held
		snap.UnknownPartitions += w.unknown
		t.clamped += w.clamped
	}
	t.gather(workers)
}

// jobsOf finds or begins what is remembered of each group; one that a wave names twice counts once.
func (t *Tracker) jobsOf(samples []GroupSample) []job {
	jobs := t.jobs[:0]
	for i := range samples {
		s := &samples[i]
		g := t.groups[s.ID]
		if g == nil {
			g = &group{id: s.ID, created: t.began, window: newWindow(t.slots)}
			t.groups[s.ID] = g
		} else if g.wave == t.wave {
			continue
		}
		g.wave = t.wave
		t.man(g, s)
		jobs = append(jobs, job{g, s})
	}
	t.jobs = jobs
	return jobs
}

func (t *Tracker) workersFor(jobs int) []*worker {
	procs := t.procs
	if procs == 0 {
		procs = runtime.GOMAXPROCS(0)
	}
	n := max(1, min(procs, jobs/chunk))
	for len(t.workers) < n {
		t.workers = append(t.workers, &worker{t: t})
	}
	workers := t.workers[:n]
	for _, w := range workers {
		*w = worker{t: t, commits: w.commits, wishes: w.wishes[:0], seen: w.seen, wishOf: slices.Grow(w.wishOf[:0], t.size)[:t.size]}
		clear(w.wishOf)
	}
	return workers
}

// together runs fn(0) to fn(n-1) at the same time. A panic in one of them becomes the caller's.
func together(n int, fn func(int)) {
	var wg sync.WaitGroup
	caught := make([]any, n)
	for i := 1; i < n; i++ {
		wg.Go(func() {
			defer func() {
				if p := recover(); p != nil {
					caught[i] = fmt.Sprintf("%v\n%s", p, debug.Stack())
				}
			}()
			fn(i)
		})
	}
	defer func() { // whatever fn(0) does
		wg.Wait()
		for _, p := range caught {
			if p != nil {
				panic(p)
			}
		}
	}()
	fn(0)
}
