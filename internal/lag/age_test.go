package lag

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

func TestAgeFromTheHistory(t *testing.T) {
	s := newStory(t)
	topic := s.topic("t", 1000)
	g := s.group("g", 1000)
	s.observe()
	s.want("nothing to read", s.in("g").LagSeconds, 0)
	s.run(360, func() { topic.parts[0].end += 100 })
	s.want("an hour", s.in("g").LagSeconds, 3600)
	g.commits["t"][0] += 18_000
	s.observe()
	s.want("half an hour read", s.in("g").LagSeconds, 1800+10)
	if n := len(s.tracker.topics["t"].parts[0].hist.pts); n > 30 {
		t.Errorf("%d points for an even flow", n)
	}
}

func TestAgeIsTheWorstPartitions(t *testing.T) {
	s := newStory(t)
	topic := s.topic("t", 100, 100)
	s.group("g", 100, 100)
	s.run(2, nil)
	topic.parts[0].end++
	s.run(3, nil)
	topic.parts[1].end++
	s.run(3, nil)
	s.want("age", s.in("g").LagSeconds, 60)
}

// TestAgeErrorStaysSmall: over two days of even and uneven production every age read off the history, up to a day, is
// within 5 % or the distance of two waves.
func TestAgeErrorStaysSmall(t *testing.T) {
	var rnd *rand.Rand
	for name, produce := range map[string]func(i int) int64{
		"even":          func(int) int64 { return 100 },
		"noisy":         func(int) int64 { return rnd.Int64N(200) },
		"waves":         func(i int) int64 { return int64(1000 + 1000*math.Sin(float64(i)/300)) },
		"on and off":    func(i int) int64 { return int64((i / 60) % 2 * 1000) },
		"bursts":        func(int) int64 { return max(0, rnd.Int64N(30)-28) * rnd.Int64N(100_000) },
		"heavy-tailed":  func(int) int64 { return int64(math.Exp(rnd.Float64() * 12)) },
		"now and again": func(int) int64 { return max(0, rnd.Int64N(100)-98) },
	} {
		t.Run(name, func(t *testing.T) {
			rnd = rand.New(rand.NewPCG(1, 2))
			var h history
			var ats, ends []int64
			end, worst := int64(0), 0.0
			for i := range 2 * 8640 {
				end += produce(i)
				at := int64(i) * int64(10*time.Second)
				h.push(at, end, 0, testOptions())
				ats, ends = append(ats, at), append(ends, end)
				if i%500 == 499 {
					checkHistory(t, &h)
					worst = max(worst, ageError(&h, ats, ends))
				}
			}
			if !(worst <= 0.05) {
				t.Errorf("error %.3f", worst)
			}
			t.Logf("%d points, worst error %.4f", len(h.pts), worst)
		})
	}
}

// ageError is the worst relative error of the ages of the last day.
func ageError(h *history, ats, ends []int64) float64 {
	tr, n := NewTracker(testOptions()), len(ats)
	tr.now = ats[n-1]
	tp := &topic{parts: []topicPartition{{end: ends[n-1], hist: *h}}}
	w := &worker{t: tr, wishOf: make([]int32, 1)}
	worst := 0.0
	for i := max(1, n-8640); i < n-1; i++ {
		if ends[i] == ends[i-1] {
			continue
		}
		got, want := w.age(tp, 0, ends[i-1], tr.now, 1), float64(tr.now-ats[i-1])/1e9
		if e := math.Abs(got - want); !(e <= 10) {
			worst = max(worst, e/want)
		}
	}
	return worst
}

// TestAgeAfterARestartIsBracketed: time queries find a message from before the exporter started.
func TestAgeAfterARestartIsBracketed(t *testing.T) {
	const rate = 50
	for name, offsetAt := range map[string]func(age float64) float64{
		"even flow":     func(age float64) float64 { return 1e8 - rate*age },
		"daily waves":   func(age float64) float64 { return 1e8 - rate*age - 100_000*math.Sin(age/13750) },
		"stopped since": func(age float64) float64 { return 1e8 - rate*max(0, age-7200) },
	} {
		for _, age := range []float64{200, 3600, 5 * 3600, 100 * 3600, 125 * 3600} {
			s := newStory(t)
			topic := s.topic("t", int64(1e8))
			wanted := offsetAt(age)
			if wanted > 1e8-1 {
				continue
			}
			s.group("g", int64(wanted))
			rounds := 0
			for range 8 {
				s.observe()
				if Known(s.in("g").LagSeconds) {
					break
				}
				for _, q := range s.tracker.Queries(10) {
					rounds++
					offset := int64(math.Min(1e8, math.Max(0, offsetAt(s.now.Sub(q.At).Seconds()))))
					if offset >= topic.parts[0].end {
						offset = NoOffset
					}
					s.points = append(s.points, OffsetAtTime{q, offset})
				}
			}
			got := s.in("g").LagSeconds
			if rounds > 2*maxRounds || !(got > age*0.9 && got < age*1.1) {
				t.Errorf("%s: age %v found as %v in %d rounds", name, age, got, rounds)
			}
			t.Logf("%s: age %v found as %v in %d rounds", name, age, got, rounds)
		}
	}
}

// TestAgeOfATopicThatStoodStillForDays: when four queries did not reach back far enough, a few more do, later.
func TestAgeOfATopicThatStoodStillForDays(t *testing.T) {
	for _, days := range []float64{2, 5, 20} {
		s := newStory(t)
		topic := s.topic("t", 1e8)
		stopped, age := days*86400, days*86400*1.1
		offsetAt := func(age float64) int64 { return int64(1e8 - 50*max(0, age-stopped)) }
		s.group("g", offsetAt(age))
		queries := 0
		for range 300 {
			s.observe()
			age += 10
			stopped += 10
			for _, q := range s.tracker.Queries(10) {
				queries++
				offset := max(0, offsetAt(s.now.Sub(q.At).Seconds()))
				if offset >= topic.parts[0].end {
					offset = NoOffset
				}
				s.points = append(s.points, OffsetAtTime{q, offset})
			}
		}
		got := s.in("g").LagSeconds
		t.Logf("%v days ago: age %v found as %v with %d queries", days, age, got, queries)
		if !(got > age*0.8 && got < age*1.2) || queries > 2*maxRounds {
			t.Errorf("%v days ago: age %v found as %v with %d queries", days, age, got, queries)
		}
	}
}

func TestQueriesAreForTheWorstLagsFirst(t *testing.T) {
	s := newStory(t)
	s.topic("t", 1000, 1000, 1000, 1000)
	s.group("g", 1000, 900, 100, 500)
	s.group("h", 1000, 0, 1000, 1000)
	s.observe()
	q := s.tracker.Queries(2)
	if len(q) != 2 || q[0].Partition != 1 || q[1].Partition != 2 {
		t.Errorf("%v", q)
	}
	if n := len(s.tracker.Queries(100)); n != 3 {
		t.Errorf("%d queries, want one for each lagging partition", n)
	}
	if s.tracker.Queries(0) != nil {
		t.Error("queries beyond the limit")
	}
}

func TestMessageOlderThanAnyAnswerStaysAbsent(t *testing.T) {
	s := newStory(t)
	s.topic("t", 1000)
	s.group("g", 0)
	rounds := 0
	for range 20 {
		s.observe()
		for _, q := range s.tracker.Queries(10) {
			rounds++
			s.points = append(s.points, OffsetAtTime{q, 500})
		}
	}
	s.want("age", s.in("g").LagSeconds, Absent)
	if rounds != maxRounds {
		t.Errorf("%d rounds", rounds)
	}
}

// TestTimestampsMayLie: answers out of order and from the future neither break the order of the history nor make an
// age negative.
func TestTimestampsMayLie(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 4))
	s := newStory(t)
	topic := s.topic("t", 1000)
	s.group("g", 100)
	for range 200 {
		topic.parts[0].end += rnd.Int64N(20)
		for range 5 {
			age := time.Duration(rnd.Int64N(int64(48*time.Hour)) - int64(time.Hour))
			s.points = append(s.points, OffsetAtTime{TimeQuery{"t", 0, s.now.Add(-age)}, rnd.Int64N(3000) - 1})
		}
		s.observe()
		if v := s.in("g").LagSeconds; v < 0 {
			t.Fatalf("age %v", v)
		}
		checkHistory(t, &s.tracker.topics["t"].parts[0].hist)
	}
}

func checkHistory(t *testing.T, h *history) {
	t.Helper()
	if len(h.pts) > maxPoints || cap(h.pts) > maxPoints {
		t.Fatalf("%d points, room for %d", len(h.pts), cap(h.pts))
	}
	for i := 1; i < len(h.pts); i++ {
		if a, b := h.pts[i-1], h.pts[i]; a.at >= b.at || a.end > b.end {
			t.Fatalf("points %d and %d out of order: %v, %v", i-1, i, a, b)
		}
	}
}
