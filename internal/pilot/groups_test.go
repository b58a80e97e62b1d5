package pilot

import "testing"

// TestSeveralTopics: with range the largest topic is the ceiling, and the first members hold more; balanced assignors
// have a ceiling of all partitions.
func TestSeveralTopics(t *testing.T) {
	for _, c := range []struct {
		assignor  Assignor
		low, high int
	}{{Range, 6, 6}, {Balanced, 8, 16}, {RoundRobin, 8, 16}} {
		w := newWorld(t, 6, 350, 2, 100)
		w.topic("u", 6, 300)
		w.topic("v", 4, 50)
		w.assignor, w.follow = c.assignor, true
		if c.assignor == Range {
			w.capacity = func(int) float64 { return 150 }
		}
		w.run(1500)
		w.settled("several topics", c.low, c.high)
	}
}

// TestTopicsComeAndGo: what is known of a topic stays while another is subscribed to, and a new one's offsets are not
// taken for production.
func TestTopicsComeAndGo(t *testing.T) {
	w := newWorld(t, 6, 250, 4, 100)
	w.run(600)
	w.topics = append([]Topic{{Name: "a", Partitions: 2}}, w.topics...)
	w.rates = append([]float64{5, 5}, w.rates...)
	w.end = append([]float64{1e9, 1e9}, w.end...)
	w.read = append([]float64{1e9, 1e9}, w.read...)
	w.done = append([]float64{1e9, 1e9}, w.done...)
	w.run(60)
	if d := w.decided; !d.Known || d.Rate > 300 || d.Behind > 10 || d.Members > 4 {
		t.Errorf("a topic came: %+v", d)
	}
	w.topics, w.rates, w.end, w.read, w.done = w.topics[1:], w.rates[2:], w.end[2:], w.read[2:], w.done[2:]
	w.run(60)
	if d := w.decided; !d.Known || d.Rate > 300 || d.Behind > 10 || d.Members > 4 {
		t.Errorf("a topic went: %+v", d)
	}
}

// TestPartitionsAreAdded: the ceiling grows with them.
func TestPartitionsAreAdded(t *testing.T) {
	w := newWorld(t, 4, 900, 4, 100)
	w.run(300)
	if d := w.decided; d.Members != 4 || d.Reason == ReasonRate {
		t.Errorf("at the ceiling: %+v", d)
	}
	w.topics = []Topic{{Name: "t", Partitions: 12}}
	for range 8 {
		w.rates = append(w.rates, 0)
		w.end, w.read, w.done = append(w.end, 0), append(w.read, 0), append(w.done, 0)
	}
	w.run(20)
	if d := w.decided; d.Members <= 4 {
		t.Errorf("eight partitions more: %+v", d)
	}
}

// TestSkew: a hot partition keeps others off its member.
func TestSkew(t *testing.T) {
	for assignor, want := range map[Assignor]int{
		Range: 5, RoundRobin: 4, // three with the hot one are too much, two are not
		Balanced: 4, // which others it shares a member with is not known
	} {
		w := newWorld(t, 10, 200, 3, 100)
		w.assignor, w.follow = assignor, true
		for i := range w.rates {
			w.rates[i] = 12
		}
		w.rates[2] = 84
		w.pilot.Restore(State{Capacity: 100, Variance: 0.001})
		w.run(900)
		if w.asked < want-1 || w.asked > want+1 || w.behind() > 60 {
			t.Errorf("assignor %d: %d replicas, want %d, behind by %.0f s: %+v", assignor, w.asked, want, w.behind(), w.decided)
		}
	}
}

// TestShareGroupsHaveNoCeiling: members share partitions, so that there may be more of them.
func TestShareGroupsHaveNoCeiling(t *testing.T) {
	w := newWorld(t, 2, 450, 2, 100)
	w.assignor, w.follow = Shared, true
	w.share()
	w.run(900)
	if w.asked < 5 || w.asked > 6 || w.behind() > 60 {
		t.Errorf("%d replicas, behind by %.0f s: %+v", w.asked, w.behind(), w.decided)
	}
	if c := w.decided.Capacity; c < 97 || c > 103 {
		t.Errorf("capacity %v", c)
	}
}

// TestShareGroupsWithFewMembersDoNotShare: while there are fewer members than partitions, each partition has one of them, so
// that of five members on eight partitions three have two.
func TestShareGroupsWithFewMembersDoNotShare(t *testing.T) {
	w := newWorld(t, 8, 100, 2, 50)
	w.assignor, w.follow = Shared, true
	w.run(900)
	w.settled("at 100/s", 2, 4)
	w.late = 0
	w.produce(240)
	w.run(2400)
	w.settled("at 240/s", 8, 10)
	if w.late > 240 {
		t.Errorf("late for %d s", w.late)
	}
	if c := w.decided.Capacity; c < 45 || c > 55 {
		t.Errorf("capacity %v, want 50", c)
	}
}

// TestShareGroupsWithAHotPartition: what shares the hot one has to carry it.
func TestShareGroupsWithAHotPartition(t *testing.T) {
	w := newWorld(t, 4, 300, 1, 100)
	w.assignor, w.rates = Shared, []float64{270, 10, 10, 10}
	w.pilot.Restore(State{Capacity: 100, Variance: 0.001})
	w.run(300)
	// The hot one needs three members, which it has from nine on.
	if k := w.pilot.carries(300, 100); k != 9 {
		t.Errorf("%d members carry it, want 9: the heaviest has %.2f", k, w.pilot.balanced(4))
	}
	if k := w.pilot.carries(90, 100); k != 1 {
		t.Errorf("%d members carry 90/s, want 1", k)
	}
}

// share makes all members work on all partitions: one with the capacity of all.
func (w *world) share() {
	one := w.capacity(0)
	w.capacity = func(m int) float64 {
		if m > 1 {
			return 0
		}
		return one * float64(w.members) / 2
	}
	w.holds = func(i int) int { return i % 2 }
}

// TestStreamsTasks: partitions of one number in two co-partitioned topics are one task.
func TestStreamsTasks(t *testing.T) {
	w := newWorld(t, 4, 150, 1, 100)
	w.topic("u", 4, 150)
	w.assignor, w.ceiling, w.follow = Tasks, 4, true
	w.holds = func(i int) int { return i % 4 % w.members }
	w.run(900)
	w.settled("four tasks", 4, 4)
	if w.pilot.useful.ceiling != 4 {
		t.Errorf("ceiling %d", w.pilot.useful.ceiling)
	}
}

// TestAssignmentIsNotTold: what all members did together serves.
func TestAssignmentIsNotTold(t *testing.T) {
	w := newWorld(t, 12, 450, 3, 100)
	w.hidden, w.follow = true, true
	w.run(1200)
	w.settled("hidden assignment", 5, 6)
}

// TestStaticMembers: a member that restarts under its own id keeps its partitions, and the group does not rebalance. It
// is no reason to think that members can do less.
func TestStaticMembers(t *testing.T) {
	w := newWorld(t, 12, 560, 6, 100)
	w.pilot.Restore(State{Capacity: 100, Variance: 0.001})
	w.run(600)
	away := false
	w.capacity = func(m int) float64 {
		if away && m == 2 {
			return 0
		}
		return 100
	}
	away = true
	w.run(35)
	away = false
	w.run(300)
	if c := w.decided.Capacity; c < 95 || c > 105 {
		t.Errorf("capacity %.1f after a restart, want 100", c)
	}
	if w.decided.Members > 12 || w.behind() > 60 {
		t.Errorf("%+v", w.decided)
	}
}

// TestMembersPerReplica: three members a pod, told by the description or by the user.
func TestMembersPerReplica(t *testing.T) {
	for _, told := range []bool{true, false} {
		w := newWorld(t, 24, 700, 6, 50)
		w.perReplica, w.asked, w.follow = 3, 2, true
		if !told {
			w.pilot = New(Options{MembersPerReplica: 3})
		}
		w.run(1500)
		w.settled("three members a pod", 5, 8)
		if d := w.decided; d.Members < 14 || d.Replicas != (d.Members+2)/3 {
			t.Errorf("%+v", d)
		}
		if c := w.decided.Capacity; c < 48 || c > 52 {
			t.Errorf("capacity of a member %v, want 50", c)
		}
	}
}

func TestCountReplicas(t *testing.T) {
	host := func(h string, ids ...string) (c []Client) {
		for _, id := range ids {
			c = append(c, Client{ID: id, Host: h})
		}
		return c
	}
	join := func(parts ...[]Client) (c []Client) {
		for _, p := range parts {
			c = append(c, p...)
		}
		return c
	}
	for name, c := range map[string]struct {
		members []Client
		want    int
	}{
		"nobody":                      {nil, 0},
		"one":                         {host("a", "x"), 1},
		"one each":                    {join(host("a", "x"), host("b", "x")), 2},
		"threads":                     {join(host("a", "x-1", "x-2", "x-3"), host("b", "x-1", "x-2", "x-3")), 2},
		"behind one address":          {host("a", "x", "x", "x", "x"), 4},
		"threads behind one address":  {host("a", "x-1", "x-2", "x-1", "x-2"), 2},
		"one address, different ids":  {host("a", "x-1", "x-2"), 0},
		"two addresses, several pods": {join(host("a", "x", "x"), host("b", "x")), 3},
		"no host":                     {[]Client{{ID: "x"}}, 0},
		"streams":                     {[]Client{{Host: "a", Process: "p"}, {Host: "a", Process: "p"}, {Host: "a", Process: "q"}}, 2},
	} {
		if got := CountReplicas(c.members); got != c.want {
			t.Errorf("%s: %d, want %d", name, got, c.want)
		}
	}
}
