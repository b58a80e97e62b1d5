package kafka

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"kafka_burndown_exporter/internal/lag"
)

// sample makes the steps of a wave in their order: groups, then all committed offsets, and only after the last of those
// the ends. A broker that misses the end of a step is left out of this wave from there on.
func (s *Sampler) sample(ctx context.Context, began time.Time) (*lag.Wave, error) {
	for _, n := range s.nodes {
		n.answered.Store(false)
	}
	s.wentBack.Store(false)
	if s.metadataDue() {
		if err := s.refreshMetadata(ctx); err != nil && len(s.nodes) == 0 {
			return nil, err
		}
	}
	for _, t := range s.topics.sorted {
		t.resetSample()
	}
	nodes := s.liveNodes()
	othersCtx, cancelOthers := context.WithDeadline(ctx, began.Add(s.deadline/2))
	defer cancelOthers()
	others := s.askOthers(othersCtx)

	listCtx, cancel := context.WithDeadline(ctx, began.Add(s.deadline/4))
	roll := s.callRoll(othersCtx)
	lists := s.list(listCtx, nodes)
	s.hearRoll(listCtx, ctx, roll, began)
	s.directory.merge(lists, s.coordinators.of)
	s.coordinators.learn(s.directory)
	s.settleContested(ctx, began)
	s.dismissUnlisted(listCtx, lists)
	cancel()
	s.updateGroups()

	describeCtx, cancelDescribe := context.WithDeadline(ctx, began.Add(s.deadline*3/4))
	defer cancelDescribe()
	describer := s.startDescribing(describeCtx, nodes)
	commitCtx, cancel := context.WithDeadline(ctx, began.Add(s.deadline/2))
	shares := s.startShares(commitCtx, nodes)
	s.resolveAbsent(commitCtx, lists)
	s.fetchCommits(commitCtx, nodes)
	s.takeShares(shares)
	cancel()
	s.findLost()
	s.takeOthers(ctx, others)

	s.readTopics(ctx, began, describer)
	s.readTimestampTypes(ctx)
	s.readResumes(ctx)
	s.settleShares()
	s.points = s.readRest(ctx, s.planStarts(), s.planTimes(s.seedQueries()))
	s.takeAnswers()
	s.settleRoll(roll)

	if !s.noteUp() {
		s.metadataStale = true
		return nil, ErrNoBroker
	}
	return s.assemble(began), nil
}

// severalBrokers is the label of what is wrong between brokers, not with one.
const severalBrokers = "several"

var errContested = errors.New("more than one broker claims a group, or only one that does not coordinate it; the group is " +
	"not read until they agree. See whether a broker is cut off from the controller")

// settleContested asks who coordinates the groups that several brokers list, and gives up those that only a broker lists
// which metadata read in this wave does not name as their coordinator.
func (s *Sampler) settleContested(ctx context.Context, began time.Time) {
	doubtful := func(e *entry) bool {
		right := s.coordinators.of(e.raw)
		return e.contested || e.fresh && right >= 0 && right != e.coordinator
	}
	var open []*entry
	for _, e := range s.directory {
		if doubtful(e) {
			open = append(open, e)
		}
	}
	if len(open) > 0 && (s.metadataAt.Before(began) || s.lone != nil) {
		_ = s.refreshMetadata(ctx)
	}
	s.once.worked(apiListGroups, severalBrokers)
	contested := 0
	for _, e := range open {
		if len(e.rivals) > 0 {
			e.settle(s.coordinators.of)
		}
		if e.contested = doubtful(e); e.contested {
			contested++
		}
	}
	if contested > 0 {
		s.metadataStale = true
		s.once.fail(apiListGroups, severalBrokers, "contested", errContested, "groups", contested)
	}
}

func (s *Sampler) metadataDue() bool {
	return s.metadataStale || time.Since(s.metadataAt) >= s.cfg.MetadataRefresh
}

// readTopics reads the ends of all needed partitions, and once more what is missing after metadata was refreshed.
func (s *Sampler) readTopics(ctx context.Context, began time.Time, d *describer) {
	if s.markNeeded() {
		_ = s.refreshMetadata(ctx)
		s.markNeeded()
	}
	endsCtx, cancel := context.WithDeadline(ctx, began.Add(s.deadline*3/4))
	p, leaderless := s.planEnds()
	failed := s.readEnds(endsCtx, p)
	cancel()

	s.finishDescribing(d)
	unknown := s.markNeeded()
	if unknown || s.wentBack.Load() || failed || leaderless && s.metadataAt.Before(began) {
		_ = s.refreshMetadata(ctx)
		s.markNeeded()
	}
	p, leaderless = s.planEnds()
	failed = s.readEnds(ctx, p)
	s.readMissingStable(ctx)
	s.resolveUnseen(ctx)
	s.metadataStale = s.metadataStale || failed || leaderless
}

// markNeeded finds the topics whose ends are wanted: those of this shard, and those its groups use. It reports whether
// a group uses a topic or partition that metadata does not have and was not asked for.
func (s *Sampler) markNeeded() (unknown bool) {
	for _, t := range s.topics.sorted {
		t.needed, t.stable = t.own, false
	}
	clear(s.unseen.used)
	for _, g := range s.groups {
		for _, c := range g.commits.topics {
			unknown = s.use(g, c.Topic, c.Partitions[len(c.Partitions)-1]) || unknown
		}
		for _, names := range [3][]string{g.wants(), g.expected, g.lost} {
			for _, name := range names {
				unknown = s.use(g, name, -1) || unknown // asked about once more when there is a commit
			}
		}
	}
	s.topics.forgetAsked(s.unseen.used)
	return unknown
}

// use marks a topic that a group uses, up to a partition, and reports whether metadata lacks it and was not asked for it.
func (s *Sampler) use(g *group, name string, partition int32) (unknown bool) {
	t := s.topics.byName[name]
	if t == nil {
		s.unseen.used[name] = true
		return s.topics.unasked(name, partition)
	}
	t.needed = true
	t.stable = t.stable || g.readCommitted
	return int(partition) >= len(t.parts) && s.topics.unasked(name, partition)
}

// noteUp remembers which brokers answered, and reports whether any did.
func (s *Sampler) noteUp() bool {
	clear(s.lastUp)
	for id, n := range s.nodes {
		up := n.answered.Load()
		if up {
			s.lastUp[id] = true
		} else {
			s.metadataStale = true // a broker that comes back is to be noticed soon
		}
	}
	return len(s.lastUp) > 0
}

// assemble builds the wave from what was read.
func (s *Sampler) assemble(began time.Time) *lag.Wave {
	w := &s.out
	w.Began, w.Ended, w.ClusterID = began, time.Now(), strings.ToValidUTF8(s.watched.known(), "\uFFFD")
	w.Brokers = s.brokers()
	w.Topics = w.Topics[:0]
	for _, t := range s.topics.sorted {
		if t.needed {
			w.Topics = append(w.Topics, t.result())
		}
	}
	s.addUnseen(w)
	s.settleLost()
	w.Groups = w.Groups[:0]
	for _, g := range s.groups {
		w.Groups = append(w.Groups, g.sample())
	}
	slices.SortFunc(w.Groups, func(a, b lag.GroupSample) int { return strings.Compare(a.ID, b.ID) })
	w.Points = s.points
	return w
}

// result is the topic's sample of this wave.
func (t *topic) result() lag.TopicSample {
	for i := range t.parts {
		p, out := &t.parts[i], &t.sample[i]
		out.Leader, out.Preferred, out.Replicas, out.InSync = p.leader, p.preferred, p.replicas, p.inSync
		out.Start = p.start
		if out.End >= 0 {
			// The start may be younger than the end, and have passed it.
			out.Start = min(out.Start, out.End)
		} else if out.Err == lag.ReasonNone {
			out.Err = lag.ReasonLeader
		}
	}
	return lag.TopicSample{Name: t.name, ID: t.id, Foreign: !t.own, AppendTime: t.timestamps.arrival, Partitions: t.sample}
}
