package lag

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestLagIsEndMinusCommitted(t *testing.T) {
	s := newStory(t)
	s.topic("t", 100, 200, 300)
	s.group("g", 90, 200, 0)
	s.observe()
	g, gt := s.in("g"), s.on("g", "t")
	s.want("lag", g.Lag, 310)
	s.want("lag_max", g.LagMax, 300)
	s.want("backlog", g.Backlog, 310)
	s.want("log2x7", g.LagLog2x7, 7*math.Log2(310))
	s.want("partitions with lag", g.PartitionsWithLag, 2)
	s.want("current offset sum", gt.CurrentOffsetSum, 290)
	s.want("lag sum", gt.LagSum, 310)
	if d := cmp.Diff([]int64{10, 0, 300}, gt.Lag); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]int32{0, 1, 2}, gt.Partition); d != "" {
		t.Error(d)
	}
	if !g.Complete || !g.SampleAt.Equal(t0) {
		t.Errorf("complete %v, sampled at %v", g.Complete, g.SampleAt)
	}
}

func TestRetentionPassesTheCommit(t *testing.T) {
	s := newStory(t)
	topic := s.topic("t", 1000)
	g := s.group("g", 100)
	s.observe()
	s.want("lag", s.in("g").Lag, 900)
	topic.parts[0].start = 400
	s.observe()
	s.want("lag counts what is still there", s.in("g").Lag, 600)
	s.want("lost", s.in("g").Lost, 300)
	s.want("consumed", s.in("g").Consumed, 0)
	g.commits["t"][0] = 500
	s.observe()
	s.want("consumed is measured from the log start", s.in("g").Consumed, 100)
	s.want("lost once", s.in("g").Lost, 300)
	topic.parts[0].start = 700
	g.commits["t"][0] = 600
	s.observe()
	s.want("consumed before it was deleted", s.in("g").Consumed, 200)
	s.want("lost", s.in("g").Lost, 400)
}

func TestUncommittedPartitionsWithholdNothing(t *testing.T) {
	s := newStory(t)
	topic := s.topic("t", 100, 500)
	topic.parts[1].start = 200
	g := s.group("g", 40, -1)
	s.observe()
	in := s.in("g")
	s.want("lag", in.Lag, 60)
	s.want("uncommitted messages", in.UncommittedMessages, 300)
	s.want("backlog", in.Backlog, 360)
	if in.Partitions != 1 || in.PartitionsUncommitted != 1 || !in.Complete || in.UsefulMembers != 2 {
		t.Errorf("%+v", in)
	}
	if d := cmp.Diff([]int32{0}, s.on("g", "t").Partition); d != "" {
		t.Error(d)
	}
	topic.parts[1].end = 510
	g.commits["t"][1] = 505
	s.observe()
	s.want("the first commit is no consumption", s.in("g").Consumed, 0)
	s.want("what arrives on an uncommitted partition is produced", s.in("g").Produced, 10)
	s.want("lag", s.in("g").Lag, 65)
	if d := cmp.Diff([]int32{0, 1}, s.on("g", "t").Partition); d != "" {
		t.Error(d)
	}
}

func TestNothingCommitted(t *testing.T) {
	s := newStory(t)
	s.topic("t", 100, 50)
	s.group("g")
	s.observe()
	g := s.in("g")
	for name, v := range map[string]float64{
		"lag": g.Lag, "lag_max": g.LagMax, "lag_log2x7": g.LagLog2x7, "lag_seconds": g.LagSeconds,
		"burndown": g.BurndownSeconds, "burndown_max": g.BurndownMaxSeconds, "consumer_rate": g.ConsumerRate,
		"lag_sum": s.on("g", "t").LagSum, "current_offset_sum": s.on("g", "t").CurrentOffsetSum,
	} {
		s.want(name, v, Absent)
	}
	s.want("backlog", g.Backlog, 150)
	s.want("consumed", g.Consumed, 0)
	s.want("produced", g.Produced, 0)
	s.want("partitions with lag", g.PartitionsWithLag, 0)
	if g.PartitionsUncommitted != 2 || !g.Complete {
		t.Errorf("uncommitted %d, complete %v", g.PartitionsUncommitted, g.Complete)
	}
}

func TestCommitBeyondTheEndIsHeldThenUncommitted(t *testing.T) {
	s := newStory(t)
	topic := s.topic("t", 1000)
	g := s.group("g", 1000)
	s.observe()
	topic.parts[0].end = 50 // truncated
	s.observe()
	s.want("lag is held", s.in("g").Lag, 0)
	if s.in("g").PartitionsHeld != 1 || s.in("g").Partitions != 1 {
		t.Errorf("held %d, counted %d", s.in("g").PartitionsHeld, s.in("g").Partitions)
	}
	s.observe()
	s.want("the commit points at nothing", s.in("g").Lag, Absent)
	s.want("backlog", s.in("g").Backlog, 50)
	if s.snap.ClampedNegatives != 0 || s.in("g").PartitionsUncommitted != 1 {
		t.Errorf("clamped %d, uncommitted %d", s.snap.ClampedNegatives, s.in("g").PartitionsUncommitted)
	}
	g.commits["t"][0] = 30
	s.observe()
	s.want("lag after the first commit", s.in("g").Lag, 20)
	s.want("consumed", s.in("g").Consumed, 0)
	s.want("no reset", s.in("g").ResetsBackward, 0)
}

func TestTopicDeletedAndRecreated(t *testing.T) {
	s := newStory(t)
	topic := s.topic("t", 1000)
	topic.id[0] = 1
	g := s.group("g", 800)
	s.observe()
	topic.hidden = true
	s.observe()
	if n := len(s.in("g").Topics); n != 0 || !s.in("g").Complete {
		t.Errorf("%d topics of a deleted one", n)
	}
	topic.hidden = false
	topic.id[0] = 2
	topic.parts[0].end = 900
	s.observe()
	s.want("lag of the new topic", s.in("g").Lag, 100)
	s.want("produced", s.in("g").Produced, 0)

	topic.id[0] = 3 // between two waves
	topic.parts[0].end = 5000
	g.commits["t"][0] = 900
	s.observe()
	s.want("a new topic brings nothing from the old", s.in("g").Produced, 0)
	s.want("consumed", s.in("g").Consumed, 0)
	s.want("produced on the topic", s.snap.Topics[0].Produced, 0)
	topic.parts[0].end += 7
	s.observe()
	s.want("produced", s.in("g").Produced, 7)
}

func TestRecreatedTopicIsNotHeld(t *testing.T) {
	s := newStory(t)
	topic := s.topic("t", 1000)
	topic.id[0] = 1
	g := s.group("g", 800)
	s.observe()
	topic.id[0] = 2
	g.down = ReasonCoordinator
	s.observe()
	s.want("lag", s.in("g").Lag, Absent)
	if n := s.in("g").PartitionsUnknown[ReasonCoordinator]; n != 1 {
		t.Errorf("%d unknown, want 1", n)
	}
}

func TestPartitionsAdded(t *testing.T) {
	s := newStory(t)
	topic := s.topic("t", 100)
	g := s.group("g", 100)
	s.observe()
	topic.parts = append(topic.parts, simPartition{end: 40, down: ReasonLeader})
	s.observe()
	s.want("lag while the new partition is unknown", s.in("g").Lag, Absent)
	topic.parts[1].down = ReasonNone
	s.observe()
	s.want("backlog", s.in("g").Backlog, 40)
	s.want("produced before it was seen", s.in("g").Produced, 0)
	g.commits["t"] = []int64{100, 10}
	s.observe()
	s.want("lag", s.in("g").Lag, 30)
	if s.in("g").UsefulMembers != 2 {
		t.Errorf("useful members %d", s.in("g").UsefulMembers)
	}
}

func TestReadCommittedGroupsReadToTheLastStableOffset(t *testing.T) {
	s := newStory(t)
	topic := s.topic("t", 100)
	topic.parts[0].stable = 60
	g := s.group("g", 50)
	g.readCommitted = true
	s.group("dirty", 50)
	s.observe()
	s.want("lag to the last stable offset", s.in("g").Lag, 10)
	s.want("lag to the high watermark", s.in("dirty").Lag, 50)
	if end := s.snap.Topics[0].Partitions[0].End; end != 100 {
		t.Errorf("current offset %d, want the high watermark", end)
	}
	g.commits["t"][0] = 80 // a reader that does not wait for transactions
	s.run(3, nil)
	s.want("lag beyond it", s.in("g").Lag, 0)
	if s.in("g").Partitions != 1 {
		t.Error("a commit below the high watermark is a commit")
	}
}
