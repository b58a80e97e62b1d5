package plant

import (
	"math"
	"testing"
	"time"

	"kafka_burndown_exporter/internal/lag"
	"kafka_burndown_exporter/lab/scenario"
)

// sharing is a plant of one share group on two partitions, with pods of 50 messages/s that take 100 at a time.
func sharing(t *testing.T, rate float64, replicas int, change func(*scenario.Service)) (*Plant, *Group) {
	return small(t, rate, replicas, func(sc *scenario.Scenario) {
		sc.Topics[0].Partitions = 2
		svc := &sc.Services[0]
		svc.GroupType, svc.Fetch, svc.LockTimeout, svc.Replicas.Max = "share", 100, 30*time.Second, 40
		if change != nil {
			change(svc)
		}
	})
}

// conserved holds the accounts of a share group: every record is done, waits, is taken or is locked, and no range twice.
func conserved(t *testing.T, g *Group) {
	t.Helper()
	for _, p := range g.parts {
		held := 0.0
		for _, l := range p.locked {
			held += l.size()
		}
		for _, m := range g.members {
			for _, x := range m.batch.pieces {
				if x.p == p && !m.batch.late {
					held += x.size()
				}
			}
		}
		if math.Abs(held-p.out) > 1e-3 {
			t.Fatalf("partition %d: %v records are held, counted %v", p.number, held, p.out)
		}
		if p.committed < -1e-3 || p.committed > *p.end+1e-3 || p.pos > *p.end+1e-3 {
			t.Fatalf("partition %d: committed %v, position %v, end %v", p.number, p.committed, p.pos, *p.end)
		}
	}
}

func TestShareMembersAreMoreThanPartitions(t *testing.T) {
	p, g := sharing(t, 240, 5, nil)
	for step := range 300 {
		p.Advance(step)
		conserved(t, g)
	}
	if g.Lag() > 250 || g.Idle() != 0 {
		t.Errorf("lag %v, %d idle: five pods of 50/s carry 240/s of two partitions", g.Lag(), g.Idle())
	}
	if p, g := sharing(t, 240, 4, nil); true {
		steps(p, 0, 300)
		if lag := g.Lag(); math.Abs(lag-40*300) > 250 {
			t.Errorf("lag %v, want what four pods leave of 300 s", lag)
		}
	}
}

// Each partition is shared by as many members as are needed for all to have one: with fewer members than partitions, one
// member may have more than the others.
func TestShareAssignment(t *testing.T) {
	for _, c := range []struct {
		partitions, members int
		want                []int // partitions of each member
	}{{2, 5, []int{2, 1, 1, 1, 1}}, {4, 3, []int{2, 1, 1}}, {3, 3, []int{1, 1, 1}}, {1, 4, []int{1, 1, 1, 1}}} {
		g := &Group{}
		for i := range c.partitions {
			g.parts = append(g.parts, &partition{number: i})
		}
		for range c.members {
			g.members = append(g.members, &member{})
		}
		g.deal()
		shared := map[*partition]int{}
		for i, m := range g.members {
			if i < len(c.want) && len(m.parts) > 2 || len(m.parts) < 1 {
				t.Errorf("%d members on %d partitions: member %d has %d", c.members, c.partitions, i, len(m.parts))
			}
			for _, p := range m.parts {
				shared[p]++
			}
		}
		total := 0
		for i, m := range g.members {
			total += len(m.parts)
			if d := len(m.parts) - c.want[i]; d > 1 || d < -1 {
				t.Errorf("%d members on %d partitions: member %d has %d, want about %d", c.members, c.partitions, i, len(m.parts), c.want[i])
			}
		}
		for _, p := range g.parts {
			if want := (c.members + c.partitions - 1) / c.partitions; shared[p] != want {
				t.Errorf("%d members on %d partitions: partition %d is shared by %d, want %d", c.members, c.partitions, p.number, shared[p], want)
			}
		}
	}
}

func TestShareMemberJoinsWithoutAPause(t *testing.T) {
	p, g := sharing(t, 90, 2, nil)
	steps(p, 0, 10)
	g.ScaleTo(10, 4)
	for step := 10; step < 30; step++ {
		p.Advance(step)
		if g.consumed < 80 || !g.stable(step) {
			t.Fatalf("step %d: %v consumed of 90, stable %v", step, g.consumed, g.stable(step))
		}
	}
	if g.Members() != 4 {
		t.Errorf("%d members", g.Members())
	}
}

// What a crashed member had taken is handed out again at once, and the member is counted until its session times out.
func TestShareCrashHandsBackAtOnce(t *testing.T) {
	p, g := sharing(t, 95, 2, func(svc *scenario.Service) { svc.SessionTimeout = 10 * time.Second })
	steps(p, 0, 100)
	g.factor = 0.1 // so that both hold something
	steps(p, 100, 104)
	g.factor = 1
	taken := 0.0
	for _, x := range g.members[0].batch.pieces {
		taken += x.size()
	}
	g.crash(104, 1)
	conserved(t, g)
	if taken < 40 || g.repeated != taken || g.Members() != 2 {
		t.Fatalf("%v taken by the one that crashed, %v handed out again, %d members", taken, g.repeated, g.Members())
	}
	g.ScaleTo(104, 4)
	for step := 104; step < 300; step++ {
		p.Advance(step)
		conserved(t, g)
	}
	if g.Lag() > 150 || g.lost != 0 || g.Age(299) > 4 || g.Members() != 4 {
		t.Errorf("lag %v, %v lost, age %v, %d members", g.Lag(), g.lost, g.Age(299), g.Members())
	}
}

// Records whose acknowledgement fails are locked until it times out, then they are handled again.
func TestShareFailingAcknowledgements(t *testing.T) {
	p, g := sharing(t, 40, 2, nil)
	steps(p, 0, 50)
	done := g.parts[0].committed + g.parts[1].committed
	g.noCommit = true
	for step := 50; step < 100; step++ {
		p.Advance(step)
		conserved(t, g)
	}
	if more := g.parts[0].committed + g.parts[1].committed - done; more > 1 || g.Lag() < 40*48 {
		t.Errorf("%v acknowledged, lag %v", more, g.Lag())
	}
	if age := g.Age(99); age < 48 || age > 52 {
		t.Errorf("age %v s: nothing is done since 50 s", age)
	}
	g.noCommit = false
	g.ScaleTo(100, 6)
	steps(p, 100, 300)
	if g.Lag() > 60 || g.lost != 0 {
		t.Errorf("lag %v, %v lost", g.Lag(), g.lost)
	}
}

// A member that takes longer than the lock works in vain: others get its records.
func TestShareLateAcknowledgementsAreInVain(t *testing.T) {
	p, g := sharing(t, 40, 1, nil)
	steps(p, 0, 50)
	done := g.parts[0].committed + g.parts[1].committed
	g.factor = 0.02 // a record a second: a batch takes 100 s
	for step := 50; step < 300; step++ {
		p.Advance(step)
		conserved(t, g)
	}
	if more := g.parts[0].committed + g.parts[1].committed - done; more > 150 || g.repeated == 0 {
		t.Errorf("%v records were acknowledged, %v handed out again", more, g.repeated)
	}
}

func TestShareRetentionLosesWhatNobodyTook(t *testing.T) {
	p, g := small(t, 80, 0, func(sc *scenario.Scenario) {
		sc.Topics[0].Retention = 30 * time.Second
		sc.Services[0].GroupType, sc.Services[0].Fetch, sc.Services[0].LockTimeout = "share", 100, 30*time.Second
	})
	steps(p, 0, 100)
	if math.Abs(g.lost-80*70) > 161 || g.Lag() > 80*32 {
		t.Errorf("lost %v, lag %v", g.lost, g.Lag())
	}
}

// The exporter sees a share group as the real one does: its lag counts what is taken and not acknowledged, nobody holds a
// partition, and there is no ceiling.
func TestExporterOfAShareGroup(t *testing.T) {
	p, g := sharing(t, 240, 6, nil)
	e := NewExporter(p)
	e.Begin(true)
	for step := range 200 {
		p.Advance(step)
		if step%10 == 0 {
			e.Sample(step)
		}
	}
	e.Sample(199)
	s := e.Of(g)
	if s.Type != lag.GroupShare || s.UsefulMembers != 0 || s.Members != 6 || s.State != "Stable" {
		t.Errorf("%+v", s)
	}
	if want := math.Floor(g.Lag()); s.Lag < want-1 || s.Lag > want+600 {
		t.Errorf("lag %v, %v are not handled and six members may have taken 100 each", s.Lag, want)
	}
	for _, o := range g.Offsets(nil) {
		if o.Committed >= 0 {
			t.Errorf("a share group has committed: %+v", o)
		}
	}
}

// A streams group's threads get its tasks: partitions of one number in the topics of a sub-topology go together, and the
// exporter counts threads as members, pods as processes, and the tasks as the ceiling.
func TestStreamsTasks(t *testing.T) {
	p, g := small(t, 80, 3, func(sc *scenario.Scenario) {
		sc.Topics = []scenario.Topic{{Name: "t", Partitions: 4}, {Name: "joined", Partitions: 4}, {Name: "again", Partitions: 3}}
		svc := &sc.Services[0]
		svc.GroupType, svc.Threads, svc.Topics = "streams", 2, []string{"t", "joined", "again"}
		svc.Subtopologies = [][]string{{"t", "joined"}, {"again"}}
	})
	if n := p.Scenario.Ceiling(g.Service); n != 7 || p.Scenario.UsefulReplicas(g.Service) != 4 {
		t.Errorf("%d tasks, %d replicas", n, p.Scenario.UsefulReplicas(g.Service))
	}
	e := NewExporter(p)
	e.Begin(true)
	for step := range 100 {
		p.Advance(step)
		if step%10 == 0 {
			e.Sample(step)
		}
	}
	owner := map[int]*member{}
	for _, part := range g.parts {
		if part.topic > 1 {
			continue
		}
		if was := owner[part.number]; was != nil && was != part.owner {
			t.Errorf("partitions %d of co-partitioned topics have different owners", part.number)
		}
		owner[part.number] = part.owner
	}
	s := e.Of(g)
	if s.Type != lag.GroupStreams || s.Members != 6 || s.Processes != 3 || s.UsefulMembers != 7 {
		t.Errorf("%+v", s)
	}
	if g.Lag() > 81 {
		t.Errorf("lag %v: a thread carries 25/s, and a task gets 20", g.Lag())
	}
}
