package lag

import (
	"fmt"
	"math"
	"testing"
	"time"
)

// committer reads a partition as it is written to, and commits what it read every period, first after phase.
type committer struct {
	group, topic  string
	partition     int
	period, phase time.Duration
}

// due is the newest commit at or before a time since the story began.
func (c committer) due(at time.Duration) (commit time.Duration, any bool) {
	if at < c.phase {
		return 0, false
	}
	return c.phase + (at-c.phase)/c.period*c.period, true
}

const perSecond = 200

// runCommitters writes perSecond to every partition and takes waves for as long as told; check is called after each.
// Before the story every committer had committed one period before its phase.
func (s *story) runCommitters(all []committer, lasts time.Duration, check func(at time.Duration)) {
	s.Helper()
	const before = 100_000_000
	at := func(d time.Duration) int64 { return before + int64(d.Seconds()*perSecond) }
	for _, c := range all {
		s.groups[c.group].commits[c.topic][c.partition] = at(c.phase - c.period)
	}
	for s.now.Sub(t0) < lasts {
		now := s.now.Sub(t0)
		for _, topic := range s.topics {
			for i := range topic.parts {
				topic.parts[i].end = at(now)
			}
		}
		for _, c := range all {
			if d, any := c.due(now); any {
				s.groups[c.group].commits[c.topic][c.partition] = at(d)
			}
		}
		s.observe()
		check(now)
	}
}

func periods() []time.Duration {
	return []time.Duration{
		time.Second, 5 * time.Second, 12 * time.Second, 31 * time.Second, 45 * time.Second, time.Minute, 100 * time.Second,
		155 * time.Second, 5 * time.Minute, 10 * time.Minute, 30 * time.Minute,
	}
}

// TestRareCommitsAreConsumption: whatever the commit period, and whoever commits, what is read is consumption, the group
// keeps up, and nothing stands still.
func TestRareCommitsAreConsumption(t *testing.T) {
	for _, kind := range []struct {
		name, state, protocol string
		typ                   GroupType
	}{
		{"with members", stateStable, "consumer", GroupClassic},
		{"assigning itself", stateEmpty, "", GroupClassic},
	} {
		for _, period := range periods() {
			for _, phase := range []time.Duration{min(period, 10*time.Second), period / 7, period / 2, period} {
				t.Run(fmt.Sprint(kind.name, ", every ", period, " from ", phase), func(t *testing.T) {
					s := newStory(t)
					s.topic("t", 0)
					g := s.group("g", 0)
					g.state, g.protocol, g.typ = kind.state, kind.protocol, kind.typ
					c := committer{"g", "t", 0, period, phase}
					s.runCommitters([]committer{c}, max(8*period, 20*time.Minute), func(at time.Duration) {
						s.healthy(at, []committer{c})
					})
					if !Known(s.in("g").ConsumerRate) {
						t.Error("no rate in the end")
					}
				})
			}
		}
	}
}

// healthy checks what is published of a group "g" that reads as it is written to.
func (s *story) healthy(at time.Duration, all []committer) {
	s.Helper()
	g := s.in("g")
	s.want("resets", g.ResetsEnd+g.ResetsBackward, 0)
	s.want("stalled", g.PartitionsStalled, 0)
	if g.BurndownSeconds > 60 || g.BurndownMaxSeconds > 60 {
		s.Errorf("at %v: burndown %v, worst %v", at, g.BurndownSeconds, g.BurndownMaxSeconds)
	}
	consumed, known := 0.0, true
	for _, c := range all {
		first := 0
		if d, any := c.due(at); any {
			consumed += (d - (c.phase - c.period)).Seconds() * perSecond
			first = int((d-c.phase)/c.period) + 1
		}
		known = known && first >= 3 && at-c.phase > 130*time.Second
	}
	if math.Abs(g.Consumed-consumed) > 1 {
		s.Errorf("at %v: consumed %v, want %v", at, g.Consumed, consumed)
	}
	// What the first commit covers is not known, and a window from the second on has to be full.
	if want := perSecond * float64(len(all)); known && !(g.ConsumerRate > 0.7*want && g.ConsumerRate < 1.35*want) {
		s.Errorf("at %v: consumer rate %v, want %v", at, g.ConsumerRate, want)
	}
	if s.Failed() {
		s.FailNow()
	}
}

// TestCommitPeriodsMixedInOneGroup: two jobs of one group do not make each other's partitions look stuck or reset.
func TestCommitPeriodsMixedInOneGroup(t *testing.T) {
	s := newStory(t)
	s.topic("files", 0, 0)
	s.topic("checkpoints", 0, 0)
	s.topic("t", 0, 0, 0)
	g := s.group("g", 0, 0, 0)
	g.commits["files"], g.commits["checkpoints"] = make([]int64, 2), make([]int64, 2)
	g.describe(s.world, 3, "files", "checkpoints", "t")
	all := []committer{
		{"g", "t", 0, time.Second, time.Second}, {"g", "t", 1, 5 * time.Second, 2 * time.Second},
		{"g", "t", 2, 155 * time.Second, 100 * time.Second},
		{"g", "checkpoints", 0, 30 * time.Minute, 29 * time.Minute}, {"g", "checkpoints", 1, 30 * time.Minute, 4 * time.Minute},
		{"g", "files", 0, 7 * time.Minute, 3 * time.Minute}, {"g", "files", 1, 90 * time.Second, 9 * time.Second},
	}
	s.runCommitters(all, 4*time.Hour, func(at time.Duration) { s.healthy(at, all) })
}

// TestRareCommitterDies: a commit that does not come is a stall after three periods, and after the stall window where
// nobody is left to commit.
func TestRareCommitterDies(t *testing.T) {
	for _, c := range []struct {
		name     string
		state    string
		protocol string
		stalls   time.Duration // after its last commit
	}{
		{"its member hangs", stateStable, "consumer", 3 * 155 * time.Second},
		{"nobody sees it go", stateEmpty, "", 3 * 155 * time.Second},
		{"its members leave", stateEmpty, "consumer", 5 * time.Minute},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newStory(t)
			topic := s.topic("t", 0)
			g := s.group("g", 0)
			s.runCommitters([]committer{{"g", "t", 0, 155 * time.Second, 155 * time.Second}}, 1560*time.Second,
				func(time.Duration) {})
			last := s.now.Sub(t0) - 10*time.Second
			g.state, g.protocol = c.state, c.protocol
			stalled := time.Duration(0)
			for stalled == 0 && s.now.Sub(t0) < 2*time.Hour {
				topic.parts[0].end += 2000
				at := s.now.Sub(t0)
				s.observe()
				if s.in("g").PartitionsStalled == 1 {
					stalled = at - last
				}
			}
			if d := stalled - c.stalls; d < -20*time.Second || d > 20*time.Second {
				t.Errorf("stalled %v after the last commit, want %v", stalled, c.stalls)
			}
			s.want("burndown", s.in("g").BurndownSeconds, 86400)
			s.want("worst", s.in("g").BurndownMaxSeconds, 86400)
			s.want("rate", s.in("g").ConsumerRate, 0)
		})
	}
}

// TestStuckSinceBeforeTheStart: nothing is known of a group's commits when the exporter starts.
func TestStuckSinceBeforeTheStart(t *testing.T) {
	s := newStory(t)
	topic := s.topic("t", 1000)
	s.group("g", 0)
	s.run(180, func() {
		topic.parts[0].end += 10
		if s.snap != nil {
			s.want("not known to be stalled", s.in("g").PartitionsStalled, 0)
			s.want("nor how long a message waits", s.in("g").BurndownSeconds, Absent)
		}
	})
	s.run(2, nil)
	s.want("stalled", s.in("g").PartitionsStalled, 1)
	s.want("burndown", s.in("g").BurndownSeconds, 86400)
}

// TestResetOfARareCommitter: what could not have been read since the last commit was skipped.
func TestResetOfARareCommitter(t *testing.T) {
	for _, c := range []struct {
		name   string
		behind int64 // messages that wait when it commits for the last time
		resets float64
	}{
		{"it had read all", 0, 0},
		{"a backlog that it can have read", 50_000, 0},
		{"a backlog that nobody can have read", 3_000_000, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newStory(t)
			topic := s.topic("t", 10_000_000)
			g := s.group("g", 10_000_000-c.behind)
			for i := range 155 {
				topic.parts[0].end += 2000
				if i%15 == 14 && i < 154 {
					g.commits["t"][0] += 30_000
				}
				s.observe()
			}
			g.commits["t"][0] = topic.parts[0].end
			s.observe()
			s.want("resets", s.in("g").ResetsEnd, c.resets)
		})
	}
}

func TestWaitsAreKept(t *testing.T) {
	last := uint8(0)
	for d := time.Second; d < 29*time.Hour; d = d * 21 / 20 {
		code := encodeWait(int64(d))
		if code < last {
			t.Fatalf("%v: %d after %d", d, code, last)
		}
		last = code
		if got := time.Duration(decodeWait(code)); d > 2*time.Second && math.Abs(float64(got-d)) > 0.035*float64(d)+float64(tenth) {
			t.Errorf("%v is kept as %v", d, got)
		}
	}
	if last != 255 {
		t.Errorf("the longest is %d", last)
	}
	for w, want := range map[waits]uint8{
		{}: 0, {9}: 9, {9, 5}: 5, {5, 9}: 5, {1, 2, 3}: 2, {3, 1, 2}: 2, {2, 3, 1}: 2, {7, 7, 1}: 7, {1, 7, 7}: 7,
	} {
		if got := w.median(); got != want {
			t.Errorf("%v: %d, want %d", w, got, want)
		}
	}
}
