package lag

import (
	"fmt"
	"testing"
	"time"
)

// benchWave is groups × 200 partitions of one topic each, every commit and end moving.
func benchWave(groups int) (*Wave, func()) {
	const partitions = 200
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
			c.Partitions[p], c.Offsets[p] = int32(p), 900
		}
		w.Groups = append(w.Groups, GroupSample{
			ID: fmt.Sprintf("group-%06d", i), State: "Stable", ProtocolType: "consumer", ListedAt: t0, CommitsAt: t0,
			Commits: []TopicCommits{c}, Members: &Members{At: t0, State: "Stable", Count: 3, Topics: []string{name}},
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
				g.Commits[0].Offsets[p] += int64(100 + p)
			}
		}
	}
}

func BenchmarkObserve(b *testing.B) {
	for _, groups := range []int{500, 5000} {
		b.Run(fmt.Sprintf("%d-group-partitions", groups*200), func(b *testing.B) {
			w, next := benchWave(groups)
			tracker := NewTracker(testOptions())
			for range 15 {
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
