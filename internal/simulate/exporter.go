package simulate

import (
	"slices"
	"strings"
	"time"

	"kafka_burndown_exporter/internal/lag"
	"kafka_burndown_exporter/internal/scale"
)

// exporter samples the plant as the real one samples Kafka, through the same tracker.
type exporter struct {
	plant   *plant
	tracker *lag.Tracker
	start   time.Time
	topics  []int // indices of the plant's topics, by name
	groups  []int
	brokers []lag.Broker
	newest  *lag.Snapshot
}

// trackerOptions are the exporter's defaults with the scenario's intervals.
func trackerOptions(interval, window time.Duration) lag.Options {
	return lag.Options{
		Interval: interval, MaxAge: 3 * interval, RateWindow: window, StallWindow: 5 * time.Minute,
		LagResidual: 1, BurndownCap: 86_400, Log2x7Max: scale.DefaultLog2x7Max,
	}
}

func newExporter(p *plant) *exporter {
	pipe := &p.sc.Pipeline
	e := &exporter{plant: p, start: p.sc.Start, tracker: lag.NewTracker(trackerOptions(pipe.SampleInterval, pipe.RateWindow)),
		brokers: []lag.Broker{{ID: 1, Address: "kafka:9092", Up: true}}}
	for i := range p.topics {
		e.topics = append(e.topics, i)
	}
	slices.SortFunc(e.topics, func(a, b int) int {
		return strings.Compare(p.topics[a].topic.Name, p.topics[b].topic.Name)
	})
	for i := range p.groups {
		e.groups = append(e.groups, i)
	}
	slices.SortFunc(e.groups, func(a, b int) int { return strings.Compare(p.groups[a].svc.Group, p.groups[b].svc.Group) })
	return e
}

func (e *exporter) at(step int) time.Time { return e.start.Add(e.plant.time(step)) }

// sample is one wave.
func (e *exporter) sample(step int) {
	now := e.at(step)
	w := &lag.Wave{Began: now, Ended: now, Brokers: e.brokers}
	for _, i := range e.topics {
		w.Topics = append(w.Topics, e.topic(e.plant.topics[i], now))
	}
	for _, i := range e.groups {
		w.Groups = append(w.Groups, e.group(e.plant.groups[i], step, now))
	}
	e.newest = e.tracker.Observe(w)
}

func (e *exporter) topic(l *topicLog, now time.Time) lag.TopicSample {
	out := lag.TopicSample{Name: l.topic.Name, Partitions: make([]lag.PartitionSample, len(l.end))}
	unread := int(e.plant.partial*float64(len(l.end)) + 0.999)
	for p := range l.end {
		s := lag.PartitionSample{Leader: 1, Preferred: 1, Replicas: 1, InSync: 1, Start: floor64(l.start[p]),
			StableEnd: lag.NoOffset, End: floor64(l.end[p]), EndAt: now}
		if p < unread {
			s.End, s.Err = lag.NoOffset, lag.ReasonLeader
		}
		out.Partitions[p] = s
	}
	return out
}

func (e *exporter) group(g *group, step int, now time.Time) lag.GroupSample {
	out := lag.GroupSample{ID: g.svc.Group, Type: lag.GroupClassic, ProtocolType: "consumer", State: "Stable",
		Coordinator: 1, ListedAt: now, CommitsAt: now}
	switch {
	case len(g.members) == 0:
		out.State = "Empty"
	case !g.stable(step):
		out.State = "PreparingRebalance"
	}
	for from := 0; from < len(g.parts); {
		l := g.parts[from].log
		c := lag.TopicCommits{Topic: l.topic.Name, Partitions: make([]int32, len(l.end)), Offsets: make([]int64, len(l.end))}
		for i := range l.end {
			p := g.parts[from+i]
			c.Partitions[i], c.Offsets[i] = int32(p.number), min(floor64(p.committed), floor64(l.end[p.number]))
		}
		out.Commits = append(out.Commits, c)
		from += len(l.end)
	}
	slices.SortFunc(out.Commits, func(a, b lag.TopicCommits) int { return strings.Compare(a.Topic, b.Topic) })
	m := &lag.Members{At: now, State: out.State, Count: len(g.members), Assignor: g.svc.Assignor}
	if len(g.members) > 0 {
		m.Topics = append(m.Topics, g.svc.Topics...)
		slices.Sort(m.Topics)
	} else {
		m.Assignor = ""
	}
	out.Members = m
	return out
}

// snapshot is what a scrape gets: the newest sample while it lives.
func (e *exporter) snapshot(step int) *lag.Snapshot {
	if e.newest == nil || e.at(step).After(e.newest.Expires) {
		return nil
	}
	return e.newest
}
