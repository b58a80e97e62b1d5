package lag

import (
	"testing"
	"time"
)

func TestCoordinatorDownHoldsPairsThenNot(t *testing.T) {
	s := newStory(t)
	topic := s.topic("t", 100, 100)
	g := s.group("g", 50, 100)
	s.observe()
	g.down = ReasonCoordinator
	topic.parts[0].end, topic.parts[1].end = 900, 900
	for i := range 3 {
		s.observe()
		in := s.in("g")
		s.want("a held pair keeps its own end", in.Lag, 50)
		if in.Complete || in.PartitionsHeld != 2 || s.snap.HeldPartitions != 2 || !in.SampleAt.Equal(t0) {
			t.Errorf("wave %d: complete %v, held %d, sampled %v", i, in.Complete, in.PartitionsHeld, in.SampleAt)
		}
	}
	s.observe()
	in, gt := s.in("g"), s.on("g", "t")
	s.want("lag", in.Lag, Absent)
	s.want("lag sum", gt.LagSum, Absent)
	s.want("produced", in.Produced, Absent)
	s.want("with lag, of those known", in.PartitionsWithLag, 0)
	if in.PartitionsUnknown[ReasonCoordinator] != 2 || in.Complete || len(gt.Partition) != 0 || in.UsefulMembers != 2 {
		t.Errorf("%+v", in)
	}
	g.down = ReasonNone
	g.commits["t"] = []int64{150, 100}
	s.observe()
	s.want("progress meanwhile counts", s.in("g").Consumed, 100)
	s.want("as does what was produced", s.in("g").Produced, 1600)
	s.want("one slot of 50 s", s.in("g").ConsumerRate, 2)
	if !s.in("g").Complete {
		t.Error("not complete again")
	}
}

func TestLeaderDownHoldsItsPartitionsOnly(t *testing.T) {
	s := newStory(t)
	topic := s.topic("t", 100, 100)
	g := s.group("g", 50, 50)
	s.observe()
	topic.parts[1].down = ReasonLeader
	s.run(3, func() { g.commits["t"][0] += 10; g.commits["t"][1] += 10 })
	in := s.in("g")
	s.want("no fresh commit joins a held end", in.Lag, 20+50)
	if in.PartitionsHeld != 1 || in.Complete {
		t.Errorf("held %d", in.PartitionsHeld)
	}
	s.want("rate of the one that is read", in.ConsumerRate, 1)
	s.run(1, func() { g.commits["t"][0] += 10; g.commits["t"][1] += 10 })
	s.want("lag", s.in("g").Lag, Absent)
	if s.in("g").PartitionsUnknown[ReasonLeader] != 1 {
		t.Error("not counted as unknown")
	}
	if end := s.snap.Topics[0].Partitions[1].End; end != NoOffset {
		t.Errorf("end %d of a leader that is away for 40 s", end)
	}
	s.want("produced of the topic", s.snap.Topics[0].Produced, Absent)

	topic.parts[1].down = ReasonNone
	topic.parts[1].end = 300
	s.run(1, func() { g.commits["t"][0] += 10; g.commits["t"][1] += 60 })
	s.want("progress while away counts", s.in("g").Consumed, 50+100)
	s.want("and is spread over the five slots", s.in("g").ConsumerRate, 1+2)
	s.want("lag", s.in("g").Lag, 0+150)
}

func TestProgressOfALongAbsenceFallsOutOfTheRate(t *testing.T) {
	s := newStory(t)
	topic := s.topic("t", 10000, 10000)
	g := s.group("g", 0, 0)
	s.run(2, nil)
	topic.parts[1].down = ReasonLeader
	s.run(23, nil)
	topic.parts[1].down = ReasonNone
	g.commits["t"][1] = 2400
	s.observe()
	s.want("counter", s.in("g").Consumed, 2400)
	s.want("rate: a hundred per slot", s.in("g").ConsumerRate, 10)
}

func TestAuthorizationIsTheReason(t *testing.T) {
	s := newStory(t)
	topic := s.topic("t", 100, 100)
	topic.parts[0].down = ReasonAuthorization
	s.group("g", 1, 1)
	s.observe()
	if n := s.in("g").PartitionsUnknown[ReasonAuthorization]; n != 1 {
		t.Errorf("%d unknown for authorization", n)
	}
}

func TestGroupNeverReadHasNoFalseZero(t *testing.T) {
	s := newStory(t)
	g := s.group("g")
	g.members = nil
	g.down = ReasonAuthorization
	s.observe()
	in := s.in("g")
	for name, v := range map[string]float64{"lag": in.Lag, "backlog": in.Backlog, "consumed": in.Consumed} {
		s.want(name, v, Absent)
	}
	if in.Complete || in.PartitionsUnknown[ReasonAuthorization] != 1 {
		t.Errorf("%+v", in)
	}
}

func TestEndReadBeforeTheCommitsMakesNoPair(t *testing.T) {
	s := newStory(t)
	s.topic("t", 100)
	s.group("g", 50)
	w := s.wave()
	w.Topics[0].Partitions[0].EndAt = w.Groups[0].CommitsAt.Add(-time.Millisecond)
	s.snap = s.tracker.Observe(w)
	s.want("lag", s.in("g").Lag, Absent)
	if s.in("g").PartitionsUnknown[ReasonLeader] != 1 {
		t.Error("not unknown")
	}
}

func TestUnknownLogStartMakesNoPair(t *testing.T) {
	s := newStory(t)
	topic := s.topic("t", 100)
	topic.parts[0].start = NoOffset
	s.group("g", 50)
	s.observe()
	s.want("lag", s.in("g").Lag, Absent)
}

func TestGroupThatLeavesTheWaveIsForgotten(t *testing.T) {
	s := newStory(t)
	topic := s.topic("t", 100)
	g := s.group("g", 50)
	s.observe()
	topic.parts[0].end = 200
	delete(s.groups, "g")
	s.observe()
	if len(s.snap.Groups) != 0 {
		t.Error("still published")
	}
	s.groups["g"] = g
	s.observe()
	s.want("its counters begin anew", s.in("g").Produced, 0)
	if !s.in("g").Created.Equal(t0.Add(20 * time.Second)) {
		t.Errorf("created %v", s.in("g").Created)
	}
}
