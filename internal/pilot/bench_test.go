package pilot

import (
	"runtime"
	"testing"
	"time"
)

// fleet is groups × partitions of one topic each, with members.
type fleet struct {
	pilots []*Pilot
	o      Observation
	wave   int64
}

func newFleet(groups, partitions, members int) *fleet {
	f := &fleet{}
	for range groups {
		f.pilots = append(f.pilots, New(Options{}))
	}
	f.o = Observation{Topics: []Topic{{Name: "t", Partitions: partitions}}, Members: members, Stable: true, Assignor: Range,
		Partitions: make([]Partition, partitions)}
	for i := range f.o.Partitions {
		f.o.Partitions[i] = Partition{Start: Unknown, Member: int32(rangeOf(i, partitions, members))}
	}
	return f
}

// next is one wave for all of them; what happened differs from group to group and wave to wave.
func (f *fleet) next() {
	f.wave++
	f.o.At = t0.Add(time.Duration(f.wave) * 10 * time.Second)
	for g, p := range f.pilots {
		for i := range f.o.Partitions {
			q := &f.o.Partitions[i]
			q.End = f.wave*1000 + (f.wave+int64(i+g))%37*10
			q.Committed = q.End - (f.wave*int64(1+i%3)+int64(g))%50*10
		}
		p.Observe(&f.o)
	}
}

// BenchmarkObserve is a sample of 100 000 group-partitions.
func BenchmarkObserve(b *testing.B) {
	for name, f := range map[string]*fleet{
		"500x200": newFleet(500, 200, 50), "500x200full": newFleet(500, 200, 200), "20000x5": newFleet(20_000, 5, 2),
		"1x100000": newFleet(1, 100_000, 1000),
	} {
		b.Run(name, func(b *testing.B) {
			for range 70 {
				f.next()
			}
			b.ReportAllocs()
			b.ResetTimer()
			for range b.N {
				f.next()
			}
		})
	}
}

// TestMemory: 100 000 group-partitions take at most 10 MB.
func TestMemory(t *testing.T) {
	for _, members := range []int{20, 100} {
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		f := newFleet(500, 200, members)
		for range 70 {
			f.next()
		}
		runtime.GC()
		runtime.ReadMemStats(&after)
		mb := float64(after.HeapAlloc-before.HeapAlloc) / 1e6
		t.Logf("%d members a group: %.1f MB", members, mb)
		if mb > 10 {
			t.Errorf("%d members a group: %.1f MB", members, mb)
		}
		runtime.KeepAlive(f)
	}
}

// TestObserveAllocatesNothing once topics and members stand.
func TestObserveAllocatesNothing(t *testing.T) {
	f := newFleet(1, 200, 50)
	for range 70 {
		f.next()
	}
	if n := testing.AllocsPerRun(100, f.next); n > 0 {
		t.Errorf("%v allocations", n)
	}
}
