package lag

import (
	"slices"
	"time"

	"kafka_burndown_exporter/internal/pilot"
)

// desire lets the group's pilot decide on this wave.
func (w *worker) desire(st *step, g *group, s *GroupSample, out *Group) {
	if g.pilot == nil {
		return
	}
	if !st.waits || !g.decided {
		g.decided, g.decision = true, g.pilot.Observe(w.observation(st, g, s, out))
	}
	out.Decided, out.Decision = true, g.decision
}

// man gives a group its pilot.
func (t *Tracker) man(g *group, s *GroupSample) {
	if t.opt.Pilot == nil || g.pilot != nil || s.Untold {
		return
	}
	g.pilot = pilot.New(t.opt.Pilot(g.id))
	if state, ok := t.restored[g.id]; ok {
		g.pilot.Restore(state)
		delete(t.restored, g.id)
	}
}

// observation fills the worker's observation with what the wave read of the group. Only pairs of this wave count: the
// pilot holds its decision where others are missing.
func (w *worker) observation(st *step, g *group, s *GroupSample, out *Group) *pilot.Observation {
	t, o := w.t, &w.seen
	*o = pilot.Observation{
		At: t.epoch.Add(time.Duration(t.now)), Topics: o.Topics[:0], Partitions: o.Partitions[:0],
		Members: out.Members, Stable: out.State == stateStable, Assignor: assignorOf(s.Type, g.assignor),
		Ceiling: out.UsefulMembers,
	}
	if st.read {
		o.At = t.epoch.Add(time.Duration(st.at))
	}
	var assigned []Assigned
	var topics []string // that the description numbers sub-topologies of
	var subtopology []int32
	if m := g.members; m != nil && out.Members > 0 {
		if len(m.Subtopology) == len(m.Topics) {
			topics, subtopology = m.Topics, m.Subtopology
		}
		o.DescribedAt = t.epoch.Add(time.Duration(t.nanos(m.At)))
		o.Replicas = m.Replicas
		assigned = m.Assigned
	}
	if s.ProtocolType == "" && !s.ListedAt.IsZero() {
		o.Members = -1 // whoever commits assigns partitions to itself, and nobody can tell how many do
	}
	for _, gt := range g.topics {
		if gt.abandoned && !t.opt.IncludeAbandoned {
			continue
		}
		tp := pilot.Topic{Name: gt.name, Partitions: len(gt.parts)}
		if i, ok := slices.BinarySearch(topics, gt.name); ok {
			tp.Subtopology = int(subtopology[i])
		}
		o.Topics = append(o.Topics, tp)
		from := len(o.Partitions)
		for i := range gt.parts {
			o.Partitions = append(o.Partitions, gt.parts[i].observed(st))
		}
		for len(assigned) > 0 && assigned[0].Topic < gt.name {
			assigned = assigned[1:]
		}
		if len(assigned) > 0 && assigned[0].Topic == gt.name {
			held := o.Partitions[from:]
			for i, p := range assigned[0].Partitions {
				if p >= 0 && int(p) < len(held) {
					held[p].Member = assigned[0].Members[i]
				}
			}
		}
	}
	return o
}

// assignorOf is how a group's partitions are spread. Share and streams groups name only what their broker computes.
func assignorOf(t GroupType, name string) pilot.Assignor {
	switch t {
	case GroupShare:
		return pilot.Shared
	case GroupStreams:
		return pilot.Tasks
	}
	return pilot.AssignorNamed(name)
}

// observed is the partition as the pilot sees it.
func (p *partition) observed(st *step) pilot.Partition {
	out := pilot.Partition{End: pilot.Unknown, Committed: pilot.Unknown, Start: pilot.Unknown, Member: pilot.NoMember}
	if !st.read || p.at != st.at || p.class == classNone {
		return out
	}
	out.End, out.Start = p.end, p.start
	switch {
	case p.class == classUncommitted && (st.resume == ResumeLatest || p.end <= p.start):
		out.Committed = p.end
	case p.class == classUncommitted && st.resume == ResumeEarliest:
		out.Committed = pilot.NoCommit
	case p.class == classUncommitted:
	case p.residue:
		out.Committed, out.End = p.committed, p.committed
	default:
		out.Committed = min(p.committed, p.end)
	}
	return out
}

// Behind reports whether a group had messages to read and has not read to their end since.
func (t *Tracker) Behind(id string) bool {
	g := t.groups[id]
	return g != nil && g.isBehind
}

// Restore gives pilots what was learned before a restart, by group. Groups that are not seen keep it until they are.
func (t *Tracker) Restore(states map[string]pilot.State) { t.restored = states }

// Learned is what the pilots have learned, by group, with what was restored and not taken up yet.
func (t *Tracker) Learned() map[string]pilot.State {
	out := make(map[string]pilot.State, len(t.groups))
	for id, s := range t.restored {
		out[id] = s
	}
	for id, g := range t.groups {
		if g.pilot != nil {
			out[id] = g.pilot.Save()
		}
	}
	return out
}
