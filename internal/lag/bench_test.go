package lag

import (
	"fmt"
	"testing"
	"time"

	"kafka_burndown_exporter/internal/pilot"
)

// benchWave is groups × partitions of one topic each, every end moving, and every commit unless dead.
func benchWave(groups, partitions int, dead bool) (*Wave, func()) {
	topics := max(groups/10, 1)
	w := &Wave{Began: t0, Ended: t0.Add(time.Second)}
	for i := range topics {
		s := TopicSample{Name: fmt.Sprintf("topic-%06d", i), Partitions: make([]PartitionSample, partitions)}
		for p := range s.Partitions {
			s.Partitions[p] = PartitionSample{End: 1000, EndAt: t0, StableEnd: NoOffset}
		}
		w.Topics = append(w.Topics, s)
	}
	for i := range groups {
		name := w.Topics[i%topics].Name
		c := TopicCommits{Topic: name, Partitions: make([]int32, partitions), Offsets: make([]int64, partitions)}
		for p := range partitions {
			c.Partitions[p], c.Offsets[p] = int32(p), 1000
		}
		w.Groups = append(w.Groups, GroupSample{
			ID: fmt.Sprintf("group-%06d", i), State: "Stable", ProtocolType: "consumer", ListedAt: t0, CommitsAt: t0,
			Commits: []TopicCommits{c}, Members: &Members{At: t0, State: "Stable", Count: 3, Topics: []string{name},
				Assigned: []Assigned{{Topic: name, Partitions: c.Partitions, Members: spread(partitions, 3)}}},
		})
	}
	return w, func() {
		w.Began, w.Ended = w.Began.Add(10*time.Second), w.Ended.Add(10*time.Second)
		for i := range w.Topics {
			for p := range w.Topics[i].Partitions {
				ps := &w.Topics[i].Partitions[p]
				ps.End += int64(100 + p)
				ps.EndAt = w.Began
			}
		}
		for i := range w.Groups {
			g := &w.Groups[i]
			g.ListedAt, g.CommitsAt = w.Began, w.Began
			for p := range g.Commits[0].Offsets {
				if dead {
					break
				}
				g.Commits[0].Offsets[p] += int64(100 + p)
			}
		}
	}
}

// spread deals partitions out to members.
func spread(partitions, members int) []int32 {
	out := make([]int32, partitions)
	for p := range out {
		out[p] = int32(p % members)
	}
	return out
}

// A sample takes memory for its snapshot and for histories that grow, by the slab: none for a single partition.
func TestObserveAllocatesNothingPerPartition(t *testing.T) {
	const groups = 20
	allocs := func(partitions int) float64 {
		w, next := benchWave(groups, partitions, false)
		tracker := NewTracker(testOptions())
		for range 60 {
			tracker.Observe(w)
			next()
		}
		return testing.AllocsPerRun(5, func() {
			tracker.Observe(w)
			next()
		})
	}
	small, large := allocs(10), allocs(1000)
	t.Logf("%v allocations at 10 partitions a group, %v at 1000", small, large)
	if large > small+groups*1000/100 {
		t.Error("that is more than one for a hundred partitions")
	}
}

func BenchmarkObserve(b *testing.B) {
	for _, c := range []struct {
		groups int
		dead   bool // nothing is consumed: every partition lags by all of its history
		pilots bool
	}{{500, false, false}, {500, false, true}, {500, true, false}, {500, true, true}, {5000, false, false}, {5000, false, true}} {
		b.Run(fmt.Sprintf("%d-group-partitions/dead=%v/pilots=%v", c.groups*200, c.dead, c.pilots), func(b *testing.B) {
			w, next := benchWave(c.groups, 200, c.dead)
			opt := testOptions()
			if c.pilots {
				opt.Pilot = func(string) pilot.Options { return pilot.Options{} }
			}
			tracker := NewTracker(opt)
			for range 60 {
				tracker.Observe(w)
				next()
			}
			b.ReportAllocs()
			b.ResetTimer()
			for b.Loop() {
				tracker.Observe(w)
				b.StopTimer()
				next()
				b.StartTimer()
			}
		})
	}
}
