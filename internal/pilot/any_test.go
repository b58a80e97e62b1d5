package pilot

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

// TestAnyObservations: whatever is observed, a decision that claims to be known is a number that can be.
func TestAnyObservations(t *testing.T) {
	for seed := range uint64(60) {
		r := rand.New(rand.NewPCG(seed, 1))
		p := New(Options{Objective: time.Duration(r.IntN(300)) * time.Second, MembersPerReplica: r.IntN(4)})
		if seed%3 == 0 {
			p.Restore(State{Capacity: r.ExpFloat64() * 100, Variance: r.Float64(), CommitPeriod: r.Float64() * 500})
		}
		o := &Observation{At: t0, Members: 2, Stable: true}
		anyTopics(r, o)
		for range 300 {
			anyStep(r, o)
			d := p.Observe(o)
			if math.IsNaN(d.Capacity) == (d.Capacity > 0) || math.IsInf(d.Capacity, 0) || d.Saturated < -1 || d.Saturated > max(0, o.Members) {
				t.Fatalf("seed %d: %+v of %+v", seed, d, o)
			}
			if !d.Known {
				continue
			}
			if d.Replicas < 0 || d.Members < 0 || d.Members > maxMembers+3 || !(d.Rate >= 0) || !(d.Behind >= 0) ||
				math.IsInf(d.Rate, 0) || math.IsInf(d.Behind, 0) || d.Reason >= numReasons || (d.Replicas == 0) != (d.Reason == ReasonIdle) && d.Reason != ReasonOffsets && d.Reason != ReasonMembers {
				t.Fatalf("seed %d: %+v", seed, d)
			}
		}
	}
}

func anyTopics(r *rand.Rand, o *Observation) {
	o.Topics, o.Partitions = nil, nil
	for i := range 1 + r.IntN(3) {
		n := 1 + r.IntN(12)
		o.Topics = append(o.Topics, Topic{Name: string(rune('a' + i)), Partitions: n, Subtopology: r.IntN(2)})
		for range n {
			o.Partitions = append(o.Partitions, Partition{End: r.Int64N(1e6), Member: NoMember})
		}
	}
	o.Assignor = Assignor(r.IntN(5))
	o.Ceiling = r.IntN(2) * len(o.Partitions)
}

func anyStep(r *rand.Rand, o *Observation) {
	o.At = o.At.Add(time.Duration(1+r.IntN(30_000)) * time.Millisecond)
	if r.IntN(40) == 0 {
		anyTopics(r, o)
	}
	if r.IntN(15) == 0 {
		o.Members = r.IntN(14) - 1
	}
	o.Stable = r.IntN(6) > 0
	o.Replicas = r.IntN(4)
	o.DescribedAt = o.At.Add(-time.Duration(r.IntN(30)) * time.Second)
	for i := range o.Partitions {
		q := &o.Partitions[i]
		q.End = max(q.End, 0) + r.Int64N(3)*r.Int64N(1000)
		q.Committed = max(q.Committed, 0) + r.Int64N(3)*r.Int64N(1000)
		q.Start = r.Int64N(q.End + 1)
		q.Member = int32(r.IntN(16) - 1)
		switch r.IntN(2000) {
		case 0:
			q.End = Unknown
		case 1:
			q.Committed = Unknown
		case 2:
			q.Committed, q.Start = NoCommit, Unknown
		case 3:
			q.End = 0
		case 4:
			q.Committed = r.Int64N(1e9)
		}
	}
}
