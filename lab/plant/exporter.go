package plant

import (
	"slices"
	"strings"
	"time"

	"kafka_burndown_exporter/internal/lag"
)

// Exporter samples the plant as the real one samples Kafka, through the same tracker.
type Exporter struct {
	plant   *Plant
	tracker *lag.Tracker
	topics  []int // indices of the plant's topics, by name
	groups  []int
	inSnap  map[*Group]int // position in the snapshot's groups
	brokers []lag.Broker
	newest  *lag.Snapshot
	// wave is used again for every sample: the tracker keeps nothing of it but members.
	wave lag.Wave
	from [][]int // by group: where in its partitions each of the commits' topics begins
}

// trackerOptions are the exporter's defaults with the scenario's intervals.
func trackerOptions(interval, window time.Duration) lag.Options {
	opt := lag.Defaults().Every(interval)
	opt.RateWindow = window
	return opt
}

// NewExporter samples nothing before Begin.
func NewExporter(p *Plant) *Exporter {
	e := &Exporter{plant: p, brokers: []lag.Broker{{ID: 1, Address: "kafka:9092", Up: true}}, inSnap: map[*Group]int{}}
	for i := range p.topics {
		e.topics = append(e.topics, i)
	}
	slices.SortFunc(e.topics, func(a, b int) int {
		return strings.Compare(p.topics[a].topic.Name, p.topics[b].topic.Name)
	})
	for i := range p.Groups {
		e.groups = append(e.groups, i)
	}
	slices.SortFunc(e.groups, func(a, b int) int { return strings.Compare(p.Groups[a].Service.Group, p.Groups[b].Service.Group) })
	for at, i := range e.groups {
		e.inSnap[p.Groups[i]] = at
	}
	e.prepare()
	return e
}

// Begin makes the tracker, with pilots where somebody reads what they decide: most of a run's time would be theirs.
func (e *Exporter) Begin(pilots bool) {
	pipe := &e.plant.Scenario.Pipeline
	opt := trackerOptions(pipe.SampleInterval, pipe.RateWindow)
	if pilots {
		opt.Pilot = e.plant.pilots()
	}
	e.tracker = lag.NewTracker(opt)
}

// prepare lays the wave out: everything in it that does not change.
func (e *Exporter) prepare() {
	w := &e.wave
	w.Brokers = e.brokers
	for _, i := range e.topics {
		l := e.plant.topics[i]
		t := lag.TopicSample{Name: l.topic.Name, Partitions: make([]lag.PartitionSample, len(l.end))}
		for p := range t.Partitions {
			t.Partitions[p] = lag.PartitionSample{Leader: 1, Preferred: 1, Replicas: 1, InSync: 1, StableEnd: lag.NoOffset}
		}
		w.Topics = append(w.Topics, t)
	}
	for _, i := range e.groups {
		g := e.plant.Groups[i]
		s := lag.GroupSample{ID: g.Service.Group, Coordinator: 1}
		s.Type, s.ProtocolType = g.kind()
		if g.Service.IsShare() && g.Service.OffsetReset == "latest" {
			s.Resume = lag.ResumeLatest
		}
		order := make([]int, len(g.logs))
		starts := make([]int, len(g.logs))
		for k, at := 0, 0; k < len(g.logs); k++ {
			order[k], starts[k] = k, at
			at += len(g.logs[k].end)
		}
		slices.SortFunc(order, func(a, b int) int { return strings.Compare(g.logs[a].topic.Name, g.logs[b].topic.Name) })
		var from []int
		for _, k := range order {
			n := len(g.logs[k].end)
			c := lag.TopicCommits{Topic: g.logs[k].topic.Name, Partitions: make([]int32, n), Offsets: make([]int64, n)}
			for p := range c.Partitions {
				c.Partitions[p] = int32(p)
			}
			s.Commits = append(s.Commits, c)
			from = append(from, starts[k])
		}
		w.Groups = append(w.Groups, s)
		e.from = append(e.from, from)
	}
}

// Sample is one wave.
func (e *Exporter) Sample(step int) {
	now := e.plant.At(step)
	w := &e.wave
	w.Began, w.Ended = now, now
	for k, i := range e.topics {
		e.topic(e.plant.topics[i], now, w.Topics[k].Partitions)
	}
	for k, i := range e.groups {
		e.group(e.plant.Groups[i], step, now, &w.Groups[k], e.from[k])
	}
	e.newest = e.tracker.Observe(w)
}

func (e *Exporter) topic(l *topicLog, now time.Time, out []lag.PartitionSample) {
	unread := int(e.plant.partial*float64(len(out)) + 0.999)
	for p := range out {
		s := &out[p]
		s.Start, s.End, s.EndAt, s.Err = floor64(l.start[p]), floor64(l.end[p]), now, lag.ReasonNone
		if p < unread {
			s.End, s.Err = lag.NoOffset, lag.ReasonLeader
		}
	}
}

func (e *Exporter) group(g *Group, step int, now time.Time, out *lag.GroupSample, from []int) {
	out.State, out.ListedAt, out.CommitsAt = "Stable", now, now
	switch {
	case len(g.members) == 0:
		out.State = "Empty"
	case !g.stable(step):
		out.State = g.unstable()
	}
	for k := range out.Commits {
		offsets := out.Commits[k].Offsets
		for i := range offsets {
			p := g.parts[from[k]+i]
			offsets[i] = min(floor64(p.committed), floor64(*p.end))
		}
	}
	out.Members = g.described(now, out, from)
}

// kind is the group's type and protocol type, as Kafka lists them.
func (g *Group) kind() (lag.GroupType, string) {
	switch {
	case g.Service.IsShare():
		return lag.GroupShare, "share"
	case g.Service.IsStreams():
		return lag.GroupStreams, "streams"
	}
	return lag.GroupClassic, "consumer"
}

// unstable is the state of the group in a rebalance.
func (g *Group) unstable() string {
	if g.Service.IsStreams() {
		return "Reconciling"
	}
	return "PreparingRebalance"
}

// described are the group's members as the exporter reads them.
func (g *Group) described(now time.Time, out *lag.GroupSample, from []int) *lag.Members {
	m := &lag.Members{At: now, State: out.State, Count: len(g.members)}
	if len(g.members) == 0 {
		return m
	}
	m.Topics, m.Replicas = g.sorted, (len(g.members)+g.Service.MembersPerPod()-1)/g.Service.MembersPerPod()
	switch {
	case g.Service.IsShare():
		m.Assignor = "simple"
		if len(g.members) > len(g.parts) { // as read by the exporter: partitions that are shared have no holder
			return m
		}
	case g.Service.IsStreams():
		m.Assignor, m.Processes, m.Tasks = streamsAssignor, m.Replicas, len(g.units)
		for _, name := range g.sorted {
			m.Subtopology = append(m.Subtopology, int32(g.Service.SubtopologyOf(name)))
		}
	default:
		m.Assignor = g.Service.Assignor
	}
	m.Assigned = g.assigned(out.Commits, from)
	return m
}

// Snapshot is what a scrape gets: the newest sample while it lives.
func (e *Exporter) Snapshot(step int) *lag.Snapshot {
	if e.newest == nil || e.plant.At(step).After(e.newest.Expires) {
		return nil
	}
	return e.newest
}

// Of is a group's part of the newest sample, nil before the first.
func (e *Exporter) Of(g *Group) *lag.Group {
	if e.newest == nil || e.inSnap[g] >= len(e.newest.Groups) {
		return nil
	}
	return &e.newest.Groups[e.inSnap[g]]
}

// assigned is who holds which partition of the group, by the topics of its commits; from says where in the group's
// partitions each of them begins.
func (g *Group) assigned(commits []lag.TopicCommits, from []int) []lag.Assigned {
	number := make(map[*member]int32, len(g.members))
	for i, m := range g.members {
		number[m] = int32(i)
	}
	out := make([]lag.Assigned, len(commits))
	for k := range commits {
		a := lag.Assigned{Topic: commits[k].Topic}
		for i, p := range commits[k].Partitions {
			if m, ok := number[g.parts[from[k]+i].owner]; ok {
				a.Partitions, a.Members = append(a.Partitions, p), append(a.Members, m)
			}
		}
		out[k] = a
	}
	return out
}
