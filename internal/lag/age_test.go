package lag

import (
	"fmt"
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

func evenFlow(sec float64) float64 { return 1e9 + 50*sec }

func dailyWaves(sec float64) float64 { return 1e9 + 50*sec + 400_000*math.Sin(sec/13750) }

// bursts writes n messages within a second, at each of these times.
func bursts(n float64, at ...float64) func(float64) float64 {
	return func(sec float64) float64 {
		sum := 1e6
		for _, b := range at {
			sum += n * min(1, max(0, sec-b))
		}
		return math.Floor(sum)
	}
}

// TestAgeAfterARestart: from the first value that is published on, the age of a message from before the start is right
// within 5 % (or a second), however production went, and it is published soon.
func TestAgeAfterARestart(t *testing.T) {
	type testCase struct {
		name string
		at   func(float64) float64
		age  float64 // of the message, when the story begins
		soon int     // waves
	}
	var cases []testCase
	for _, age := range []float64{10, 60, 150, 200, 600, 3600, 5 * 3600, 100 * 3600, 160 * 3600} {
		cases = append(cases,
			testCase{"even flow", evenFlow, age, 16},
			testCase{"daily waves", dailyWaves, age, 16},
			testCase{"stopped since", func(sec float64) float64 { return evenFlow(min(sec, -age+5)) }, age, 16},
			testCase{"one burst", bursts(2000, -age-0.5), age, 16},
			testCase{"one burst, then a trickle", func(sec float64) float64 {
				return bursts(2000, -age-0.5)(sec) + math.Floor(max(0, sec+age)/30)
			}, age, 20},
			testCase{"several bursts", bursts(2000, -20*age, -3*age, -age-0.5, -age/2), age, 20},
			testCase{"a burst after a trickle", func(sec float64) float64 {
				return bursts(2000, -age-0.5)(sec) + math.Floor(min(sec, -age)/600)
			}, age, 16},
		)
	}
	for _, c := range cases {
		for _, seeded := range []bool{true, false} {
			t.Run(fmt.Sprint(c.name, " ", c.age, " s ago, seeded ", seeded), func(t *testing.T) {
				s := newStory(t)
				s.topic("t", 0)
				l := &writtenLog{at: c.at}
				wanted := l.end(t0.Add(-time.Duration(c.age * 1e9)))
				s.group("g", wanted)
				written := l.written(wanted)
				if seeded {
					s.seed(l)
				}
				known, queries := 0, 0
				for i := range 60 {
					l.write(s, 0)
					s.observe()
					queries += s.answer(l)
					got, want := s.in("g").LagSeconds, s.snap.Began.Add(500*time.Millisecond).Sub(written).Seconds()
					if Known(got) && math.Abs(got-want) > max(0.05*want, 1) {
						t.Fatalf("wave %d: age %v, want %v", i, got, want)
					}
					if Known(got) && known == 0 {
						known = i
					}
					if !Known(got) && known > 0 {
						t.Fatalf("wave %d: no longer known", i)
					}
				}
				if known == 0 || known > c.soon {
					t.Errorf("known from wave %d on, %d queries", known, queries)
				}
				if queries > 13 {
					t.Errorf("%d queries", queries)
				}
			})
		}
	}
}

// Produced 100, committed 20, started 10 s later.
func TestAgeOfAMessageFromJustBeforeTheStart(t *testing.T) {
	s := newStory(t)
	s.topic("t", 0)
	l := &writtenLog{at: func(sec float64) float64 { return math.Floor(100 * min(1, max(0, sec+10))) }}
	s.group("g", 20)
	s.seed(l)
	for i := range 100 {
		l.write(s, 0)
		s.observe()
		s.answer(l)
		got, want := s.in("g").LagSeconds, float64(10*i)+10.3
		if Known(got) && math.Abs(got-want) > 0.05*want {
			t.Fatalf("wave %d: age %v, want %v", i, got, want)
		}
	}
	if !Known(s.in("g").LagSeconds) {
		t.Error("never known")
	}
}

func TestClockJumpMakesTimestampsUnknown(t *testing.T) {
	s := newStory(t)
	s.topic("t", 0)
	l := &writtenLog{at: evenFlow}
	s.group("g", l.end(t0.Add(-time.Hour)))
	step := func() {
		l.write(s, 0)
		s.observe()
		s.answer(l)
	}
	for range 15 {
		step()
	}
	if !Known(s.in("g").LagSeconds) {
		t.Fatal("not known")
	}
	s.tracker.clock++ // as a jump of the clock does
	l.write(s, 0)
	s.observe()
	s.want("until it is checked", s.in("g").LagSeconds, Absent)
	l.skew = 600
	for range 15 {
		s.answer(l)
		l.write(s, 0)
		s.observe()
		s.want("it does not agree", s.in("g").LagSeconds, Absent)
	}
}

func TestJumpOfTheClock(t *testing.T) {
	now := time.Now()
	tracker := NewTracker(testOptions())
	for _, c := range []struct {
		what  string
		began time.Time
		want  uint32
	}{
		{"the first", now, 0}, {"10 s later", now.Add(10 * time.Second), 0},
		{"back by an hour, by a clock without steady time", now.Round(0).Add(-time.Hour), 1},
		{"10 s later", now.Round(0).Add(-time.Hour + 10*time.Second), 1},
	} {
		tracker.Observe(&Wave{Began: c.began, Ended: c.began})
		if tracker.clock != c.want {
			t.Errorf("%s: %d jumps, want %d", c.what, tracker.clock, c.want)
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
				s.points = append(s.points, OffsetAtTime{TimeQuery: q, Offset: offset})
			}
		}
		got := s.in("g").LagSeconds
		t.Logf("%v days ago: age %v found as %v with %d queries", days, age, got, queries)
		if !(got > age*0.95 && got < age*1.05) || queries > 16 {
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
	if q := s.tracker.Queries(10); q != nil {
		t.Errorf("nothing can be asked yet: %v", q)
	}
	s.run(3, nil)
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
			offset := int64(500)
			if q.At.After(t0) { // nothing was written since
				offset = NoOffset
			}
			s.points = append(s.points, OffsetAtTime{TimeQuery: q, Offset: offset})
		}
	}
	s.want("age", s.in("g").LagSeconds, Absent)
	if rounds != maxRounds+1 {
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
			s.points = append(s.points, OffsetAtTime{TimeQuery: TimeQuery{"t", 0, s.now.Add(-age)}, Offset: rnd.Int64N(3000) - 1})
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
