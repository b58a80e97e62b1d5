package kafka

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/IBM/sarama"

	"kafka_burndown_exporter/internal/lag"
)

const (
	// maxBatchGroups and maxBatchPartitions bound one OffsetFetch. 200 groups is where larger requests stop being
	// faster; the partitions bound the memory of an answer.
	maxBatchGroups     = 200
	maxBatchPartitions = 40_000
)

// fetchCommits reads the committed offsets of all groups from their coordinators, and once more from the right one
// where a coordinator has moved since the groups were listed.
func (s *Sampler) fetchCommits(ctx context.Context, nodes []*node) {
	moved := s.fetchRound(ctx, nodes)
	if len(moved) > 0 && ctx.Err() == nil {
		s.directory.add(s.list(ctx, nodes), s.coordinators.of)
		for _, g := range moved {
			if g.entry.coordinator != g.entry.refused {
				g.fetched = false
			}
		}
		s.fetchRound(ctx, nodes)
	}
	s.verifyMoved(ctx)
	for _, g := range s.groups {
		if g.fetchable() && g.commitsAt.IsZero() && g.err == lag.ReasonNone {
			g.err = lag.ReasonCoordinator
		}
	}
}

// verifyMoved takes back what another broker answered than in the wave before, where metadata that is read after it knows
// a third one, or the first again: a broker that does not know yet that it has been replaced answers with what it had, and
// to the counters that would be a reset and then consumption.
func (s *Sampler) verifyMoved(ctx context.Context) {
	var moved []*group
	for _, g := range s.groups {
		if g.entry != nil && g.entry.moved && !g.commitsAt.IsZero() {
			moved = append(moved, g)
		}
	}
	if len(moved) == 0 {
		return
	}
	_ = s.refreshMetadata(ctx)
	for _, g := range moved {
		if right := s.coordinators.of(g.raw); right >= 0 && right != g.entry.answered {
			g.commitsAt = time.Time{}
			g.fail(lag.ReasonCoordinator)
			s.metadataStale = true
		}
	}
}

// fetchRound asks each coordinator for its groups that have not been answered, and returns those that it refused.
func (s *Sampler) fetchRound(ctx context.Context, nodes []*node) (moved []*group) {
	todo := map[int32][]*group{}
	for _, g := range s.groups {
		if g.fetchable() && !g.fetched && g.entry.fresh && !g.entry.contested {
			todo[g.entry.coordinator] = append(todo[g.entry.coordinator], g)
		}
	}
	refused := make([][]*group, len(nodes))
	s.each(nodes, func(i int, n *node) { refused[i] = s.fetchNode(ctx, n, todo[n.id]) })
	for _, r := range refused {
		moved = append(moved, r...)
	}
	return moved
}

// fetchNode reads the offsets of one coordinator's groups. It alone writes to these groups, and only before it returns,
// so that nothing of an answer that came too late can get into a wave. Many offsets are read over a second connection as
// well: one answer is decoded while the broker makes the next. That is not the leader's: cut by the deadline it would be
// missing for the ends that are read next, of which other coordinators' groups have need.
func (s *Sampler) fetchNode(ctx context.Context, n *node, groups []*group) (refused []*group) {
	outcome := newFetchOutcome()
	half := batchLength(groups, len(groups))
	if half < len(groups) {
		half = len(groups) / 2
	}
	second := newFetchOutcome()
	shape := n.shape()
	var wg sync.WaitGroup
	if half < len(groups) {
		wg.Go(func() {
			defer s.caught(n)
			s.fetchLane(ctx, n, n.spare, groups[half:], shape, second)
		})
	}
	s.fetchLane(ctx, n, n.coordinator, groups[:half], shape, outcome)
	wg.Wait()
	n.batch = min(outcome.batch, second.batch)
	outcome.merge(second)
	n.refuse(outcome.shape)
	s.reportFailed(apiOffsetFetch, n, outcome)
	return outcome.refused
}

// fetchLane reads groups over one connection, batch after batch, beginning with a shape of request. The outcome says how
// many groups to ask for the next time, and in which shape: what is too large to be read in time, or at all, is asked for
// in smaller parts.
func (s *Sampler) fetchLane(ctx context.Context, n *node, l *lane, groups []*group, shape fetchShape, outcome *fetchOutcome) {
	size := n.batch
	defer func() { outcome.batch, outcome.shape = size, shape }()
	f := folder{names: s.topicNames}
	for len(groups) > 0 && ctx.Err() == nil {
		var batch []*group
		answer, err := call(ctx, l, apiOffsetFetch, func(ses *session) func(*sarama.Broker) (offsetAnswer, error) {
			several := s.versions.severalGroups(ses)
			batch = groups[:1]
			switch {
			case shape == shapeNamed:
				return s.fetchNamed(batch[0])
			case several && shape == shapeBatch:
				batch = groups[:batchLength(groups, size)]
				fallthrough
			case several:
				return ses.fetchOffsets(s.cfg.ClientID, batch)
			}
			return s.fetchOne(batch[0])
		})
		at := time.Now()
		if err == nil {
			err = s.foldAnswer(&f, n, batch, answer, at, shape < shapeNamed, outcome)
		}
		s.account(n, apiOffsetFetch, err)
		if isShape(err) {
			if shape = shapeGroup; len(batch) == 1 {
				shape = shapeNamed
			}
			continue
		}
		if err != nil {
			if len(batch) > 0 {
				size = max(1, len(batch)/2)
			}
			if !isTooLarge(err) {
				return
			}
			if len(batch) == 1 { // left out by itself
				batch[0].fail(lag.ReasonCoordinator)
				groups = groups[1:]
			}
			continue
		}
		size = min(maxBatchGroups, 2*size)
		groups = groups[len(batch):]
	}
}

// batchLength is how many groups go into one request.
func batchLength(groups []*group, limit int) int {
	partitions := 0
	for i, g := range groups {
		partitions += len(g.commits.partitions)
		if i > 0 && (i >= limit || partitions > maxBatchPartitions) {
			return i
		}
	}
	return len(groups)
}

// fetchOne asks for the offsets of one group on all topics, as brokers before Kafka 3.0 are asked.
func (s *Sampler) fetchOne(g *group) func(*sarama.Broker) (offsetAnswer, error) {
	r := &sarama.OffsetFetchRequest{
		Version: s.versions.offsetFetch, Groups: []sarama.OffsetFetchRequestGroup{{GroupId: g.raw}},
	}
	return func(b *sarama.Broker) (offsetAnswer, error) {
		answer, err := b.FetchOffset(r)
		return offsetAnswer{read: answer}, err
	}
}

// fetchOutcome collects what went wrong in the answers of one coordinator, by error code, to be reported once.
type fetchOutcome struct {
	refused []*group
	failed  map[sarama.KError][]string
	batch   int // how many groups to ask for next
	shape   fetchShape
}

func newFetchOutcome() *fetchOutcome {
	return &fetchOutcome{failed: map[sarama.KError][]string{}, batch: maxBatchGroups}
}

// merge takes another outcome of the same coordinator in.
func (o *fetchOutcome) merge(other *fetchOutcome) {
	o.refused = append(o.refused, other.refused...)
	o.shape = max(o.shape, other.shape)
	for code, groups := range other.failed {
		o.failed[code] = append(o.failed[code], groups...)
	}
}

// has reports whether a group was refused with an error code.
func (o *fetchOutcome) has(group string) bool {
	for _, groups := range o.failed {
		if slices.Contains(groups, group) {
			return true
		}
	}
	return false
}

// foldAnswer takes the offsets of a batch in. Of an answer that cannot be read nothing is taken, and nothing of one that
// refuses the shape of the request where there is another.
func (s *Sampler) foldAnswer(
	f *folder, n *node, batch []*group, answer offsetAnswer, at time.Time, mayReshape bool, out *fetchOutcome,
) error {
	if r := answer.read; r != nil {
		code := r.Err
		if code == sarama.ErrNoError {
			code = f.fold(&batch[0].commits, r.Blocks)
		} else if mayReshape && refusesShape(code) {
			return errShape{code}
		}
		s.foldGroup(n, batch[0], code, at, out)
		return nil
	}
	byRaw := make(map[string]*group, len(batch))
	for _, g := range batch {
		byRaw[g.raw] = g
	}
	codes := make(map[*group]sarama.KError, len(batch))
	err := f.groups(answer.raw, func(raw []byte) *commits {
		if g := byRaw[string(raw)]; g != nil {
			return &g.commits
		}
		return nil
	}, func(raw []byte, code sarama.KError) {
		if g := byRaw[string(raw)]; g != nil {
			codes[g] = code
		}
	})
	if err != nil {
		return err
	}
	if code := refusedShape(batch, codes); mayReshape && code != sarama.ErrNoError {
		return errShape{code}
	}
	for _, g := range batch {
		if code, answered := codes[g]; answered {
			s.foldGroup(n, g, code, at, out)
		}
	}
	return nil
}

func (s *Sampler) foldGroup(n *node, g *group, code sarama.KError, at time.Time, out *fetchOutcome) {
	switch code {
	case sarama.ErrNoError:
		g.entry.confirm(n.id)
		g.commitsAt, g.fetched = at, true
		return
	case sarama.ErrNotCoordinatorForConsumer:
		g.entry.refuse(n.id)
		g.fail(lag.ReasonCoordinator)
		out.refused = append(out.refused, g)
	case sarama.ErrGroupAuthorizationFailed, sarama.ErrTopicAuthorizationFailed:
		g.fail(lag.ReasonAuthorization)
	case sarama.ErrGroupIDNotFound:
		// Listed a moment ago and not there now: it is being deleted. Whether it had commits cannot be told any more,
		// the next listing says whether it exists. That is no failure.
		g.fail(lag.ReasonCoordinator)
		return
	default:
		g.fail(lag.ReasonCoordinator)
	}
	out.failed[code] = append(out.failed[code], g.id)
}

// reportFailed counts every error code, and logs each kind once with some of the groups it concerns.
func (s *Sampler) reportFailed(api string, n *node, out *fetchOutcome) {
	for code, groups := range out.failed {
		for range groups[1:] {
			s.stats.Failure(api, n.label, codeName(code))
		}
		s.failure(api, n, codeName(code), code, "groups", len(groups), "first", groups[0])
	}
}
