package lag

import (
	"math"
	"testing"
	"time"
)

func TestRatesNeedTwoSamples(t *testing.T) {
	s := newStory(t)
	topic := s.topic("t", 1000)
	g := s.group("g", 500)
	s.observe()
	s.want("consumer rate", s.in("g").ConsumerRate, Absent)
	s.want("producer rate", s.in("g").ProducerRate, Absent)
	topic.parts[0].end += 200
	g.commits["t"][0] += 100
	s.observe()
	s.want("consumer rate", s.in("g").ConsumerRate, 10)
	s.want("producer rate", s.in("g").ProducerRate, 20)
	s.want("of the topic", s.snap.Topics[0].ProducerRate, 20)
	s.want("consumed", s.in("g").Consumed, 100)
	s.want("produced", s.in("g").Produced, 200)
}

// TestRestartSeedsTheProducerRate: timestamps of one window ago are believed at once where the broker sets them, else
// when what is measured next agrees with them.
func TestRestartSeedsTheProducerRate(t *testing.T) {
	for _, appendTime := range []bool{true, false} {
		s := newStory(t)
		topic := s.topic("t", 10_000, 500)
		topic.appendTime = appendTime
		g := s.group("g", 9_000, 500)
		at := t0.Add(500*time.Millisecond - 2*time.Minute)
		s.points = []OffsetAtTime{
			{TimeQuery: TimeQuery{"t", 0, at}, Offset: 8_800},
			{TimeQuery: TimeQuery{"t", 1, at}, Offset: NoOffset},
		}
		s.observe()
		want := Absent
		if appendTime {
			want = 10
		}
		s.want("producer rate", s.in("g").ProducerRate, want)
		s.want("nothing is younger: rate 0", s.snap.Topics[0].ProducerRate, want)
		s.want("counters begin at 0", s.in("g").Produced, 0)
		s.want("counters begin at 0", s.snap.Topics[0].Produced, 0)
		topic.parts[0].end += 110
		g.commits["t"][0] += 100
		s.observe()
		s.want("over the whole window", s.in("g").ProducerRate, (1200*110/120.0+110)/120)
	}
}

// TestTimestampsThatAreNotTheTimeOfArrival: a rate that comes of them is not published, whoever set them.
func TestTimestampsThatAreNotTheTimeOfArrival(t *testing.T) {
	const rate = 200
	for _, c := range []struct {
		name       string
		appendTime bool
		skew       time.Duration
	}{
		{"ahead", false, 45 * time.Minute},
		{"old", false, -50 * time.Minute},
		{"a little ahead", false, time.Minute},
		{"a little old", false, -time.Minute},
		{"the broker's clock is ahead", true, 10 * time.Minute},
		{"the broker's clock is behind", true, -10 * time.Minute},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newStory(t)
			l := &writtenLog{skew: c.skew.Seconds(), at: func(sec float64) float64 { return 1e9 + rate*sec }}
			topic := s.topic("t", 0)
			topic.appendTime = c.appendTime
			g := s.group("g", 0)
			lagging := int64(150 * rate)
			s.seed(l)
			for i := range 60 {
				l.write(s, 0)
				g.commits["t"][0] = topic.parts[0].end - lagging
				s.observe()
				s.answer(l)
				in := s.in("g")
				if !c.appendTime || i > 0 {
					if v := in.ProducerRate; Known(v) && math.Abs(v-rate) > 0.05*rate {
						t.Errorf("wave %d: producer rate %v", i, v)
					}
				}
				if v := in.LagSeconds; Known(v) && math.Abs(v-150) > 0.05*150 {
					t.Errorf("wave %d: age %v", i, v)
				}
			}
			s.want("the rate, once it is measured", s.in("g").ProducerRate, rate)
			if v := s.in("g").LagSeconds; !Known(v) {
				t.Error("no age once it was measured")
			}
		})
	}
}

// TestNewTopicsRateIsOverTheWholeWindow: nothing was produced before, and that counts for as long as the window is.
func TestNewTopicsRateIsOverTheWholeWindow(t *testing.T) {
	s := newStory(t)
	topic := s.topic("t", 0)
	s.points = []OffsetAtTime{{TimeQuery: TimeQuery{"t", 0, t0.Add(500*time.Millisecond - 2*time.Minute)}, Offset: NoOffset}}
	s.observe()
	for i := range 12 {
		topic.parts[0].end += 120
		s.observe()
		s.want("producer rate", s.snap.Topics[0].ProducerRate, float64(i+1))
	}
	s.run(1, func() { topic.parts[0].end += 120 })
	s.want("producer rate", s.snap.Topics[0].ProducerRate, 12)
}

func TestBurstyCommitsGiveAnEvenRate(t *testing.T) {
	s := newStory(t)
	topic := s.topic("t", 0)
	g := s.group("g", 0)
	wave := 0
	burst := func() { // a commit of 600 every 60 s
		topic.parts[0].end += 100
		if wave++; wave%6 == 0 {
			g.commits["t"][0] += 600
		}
	}
	s.run(13, burst)
	s.run(12, func() {
		burst()
		if s.snap != nil && wave > 14 {
			s.want("consumer rate", s.in("g").ConsumerRate, 10)
		}
	})
	s.want("producer rate", s.in("g").ProducerRate, 10)
}

func TestRateIsOverThePartitionsOwnTime(t *testing.T) {
	s := newStory(t)
	s.topic("t", 1_000_000, 1_000_000)
	g := s.group("g", 0, -1)
	s.run(13, nil)
	g.commits["t"][1] = 1000
	s.observe()
	s.want("its first commit", s.in("g").ConsumerRate, 0)
	g.commits["t"][1] = 3000
	s.observe()
	s.want("its first slot", s.in("g").ConsumerRate, 200)
}

func TestLateWavesCoverTheTimeTheyTook(t *testing.T) {
	s := newStory(t)
	s.topic("t", 1_000_000)
	g := s.group("g", 0)
	s.observe()
	s.now = s.now.Add(30 * time.Second) // 40 s since the wave before
	g.commits["t"][0] = 400
	s.observe()
	s.want("consumer rate", s.in("g").ConsumerRate, 10)
}

func TestEachLevelCountsForItself(t *testing.T) {
	s := newStory(t)
	a := s.topic("a", 100)
	s.topic("b", 100)
	g := s.group("g")
	g.commits["a"], g.commits["b"] = []int64{10}, []int64{20}
	g.describe(s.world, 1, "a", "b")
	s.observe()
	g.commits["a"][0], g.commits["b"][0] = 60, 50
	s.observe()
	s.want("group", s.in("g").Consumed, 80)
	s.want("topic", s.on("g", "a").Consumed, 50)
	a.hidden = true
	s.observe()
	s.want("a topic that goes takes nothing away", s.in("g").Consumed, 80)
	a.hidden = false
	a.parts[0].end = 500
	g.commits["a"][0] = 400
	s.observe()
	s.want("nor does it bring anything", s.in("g").Consumed, 80)
	s.want("its own counter begins anew", s.on("g", "a").Consumed, 0)
}

func TestCompactedGapsAreMessages(t *testing.T) {
	s := newStory(t)
	s.topic("t", 1000)
	g := s.group("g", 0)
	s.observe()
	g.commits["t"][0] = 990 // the reader skips what compaction removed
	s.observe()
	s.want("consumed", s.in("g").Consumed, 990)
	s.want("lag", s.in("g").Lag, 10)
	s.want("no reset", s.in("g").ResetsEnd, 0)
}

// TestRateAfterALongGapWaitsForItsWindow: commits in bursts give 0 or too much over one slot; over the window they give
// the rate.
func TestRateAfterALongGapWaitsForItsWindow(t *testing.T) {
	s := newStory(t)
	topic := s.topic("t", 0)
	g := s.group("g", 0)
	wave := 0
	flow := func() { // 100/s, committed every other wave
		topic.parts[0].end += 1000
		if wave++; wave%2 == 0 {
			g.commits["t"][0] = topic.parts[0].end
		}
	}
	s.run(14, flow)
	s.want("before", s.in("g").ConsumerRate, 100)
	g.down = ReasonCoordinator
	s.run(30, flow)
	g.down = ReasonNone
	s.run(1, flow)
	s.want("the counter knows all of it", s.in("g").Consumed, 100*10*44)
	for range 12 {
		s.want("after the gap", s.in("g").ConsumerRate, Absent)
		s.run(1, flow)
	}
	s.want("once the window is covered", s.in("g").ConsumerRate, 100)
	s.run(1, flow)
	s.want("and from then on", s.in("g").ConsumerRate, 100)
}

// TestPartitionThatComesBackLaterThanTheRest: what it consumed in a gap belongs to the gap, however few samples there were.
func TestPartitionThatComesBackLaterThanTheRest(t *testing.T) {
	s := newStory(t)
	topic := s.topic("t", 10_000, 10_000)
	g := s.group("g", 0, 0)
	flow := func() {
		for p := range 2 {
			g.commits["t"][p] += 100 // 10/s
		}
	}
	s.run(15, flow)
	s.want("before", s.in("g").ConsumerRate, 20)
	topic.parts[0].down, topic.parts[1].down = ReasonLeader, ReasonLeader
	s.run(10, flow)
	topic.parts[0].down = ReasonNone
	s.run(1, flow)
	topic.parts[1].down = ReasonNone
	for range 15 {
		s.run(1, flow)
		s.want("after", s.in("g").ConsumerRate, 20)
	}
}
