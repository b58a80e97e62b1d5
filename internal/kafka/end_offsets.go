package kafka

import (
	"context"
	"slices"
	"time"

	"github.com/IBM/sarama"

	"kafka_burndown_exporter/internal/lag"
)

// The timestamps of ListOffsets that are not times.
const (
	latest   = sarama.OffsetNewest
	earliest = sarama.OffsetOldest
)

// share is a part of one topic's partitions, all with the same leader.
type share struct {
	topic      *topic
	partitions []int32
	at         []int64 // a timestamp each; nil: the same for all
}

// plan is what is asked of each leader.
type plan map[int32][]share

// add appends one partition. Partitions of one topic come one after the other, so that they share an element.
func (p plan) add(leader int32, t *topic, partition int32) *share {
	shares := p[leader]
	if len(shares) == 0 || shares[len(shares)-1].topic != t {
		shares = append(shares, share{topic: t})
	}
	last := &shares[len(shares)-1]
	last.partitions = append(last.partitions, partition)
	p[leader] = shares
	return last
}

// planEnds is every needed partition whose end was not read yet. Those without a leader, or with one that left the
// cluster, are marked as unknown; whether there are any is returned.
func (s *Sampler) planEnds() (p plan, leaderless bool) {
	p = plan{}
	for _, t := range s.topics.sorted {
		if !t.needed {
			continue
		}
		for i := range t.parts {
			sample := &t.sample[i]
			if sample.End >= 0 || sample.Err == lag.ReasonAuthorization {
				continue
			}
			leader := t.parts[i].leader
			if n := s.nodes[leader]; leader < 0 || n == nil || n.gone {
				sample.Err = lag.ReasonLeader
				leaderless = true
				continue
			}
			p.add(leader, t, int32(i))
		}
	}
	return p, leaderless
}

// readEnds reads the log end offsets of the plan, then the last stable offsets of topics that need them, and reports
// whether some could not be read.
func (s *Sampler) readEnds(ctx context.Context, p plan) (failed bool) {
	nodes := s.nodesOf(p)
	bad := make([]bool, len(nodes))
	s.each(nodes, func(i int, n *node) {
		bad[i] = !s.readLeader(ctx, n, p[n.id], latest, sarama.ReadUncommitted, s.takeEnd)
		stable := slices.DeleteFunc(slices.Clone(p[n.id]), func(sh share) bool { return !sh.topic.stable })
		if len(stable) > 0 {
			s.readLeader(ctx, n, stable, latest, sarama.ReadCommitted, takeStable)
		}
	})
	return slices.Contains(bad, true)
}

// readMissingStable reads the last stable offsets of partitions whose end was read before it was known that a
// read-committed group uses them, or whose first answer did not come.
func (s *Sampler) readMissingStable(ctx context.Context) {
	p := plan{}
	for _, t := range s.topics.sorted {
		for i := range t.parts {
			if sample := &t.sample[i]; t.needed && t.stable && sample.End >= 0 && sample.StableEnd < 0 {
				p.add(t.parts[i].leader, t, int32(i))
			}
		}
	}
	s.each(s.nodesOf(p), func(_ int, n *node) {
		s.readLeader(ctx, n, p[n.id], latest, sarama.ReadCommitted, takeStable)
	})
}

func (s *Sampler) nodesOf(p plan) []*node {
	return slices.DeleteFunc(s.liveNodes(), func(n *node) bool { return len(p[n.id]) == 0 })
}

// take receives one answered offset. code is not ErrNoError where there is none.
type take func(t *topic, partition int32, offset int64, code sarama.KError, at time.Time)

// readLeader makes one ListOffsets request. Each partition has one leader in a plan, so that what the leaders'
// goroutines write to never overlaps. It returns false where asking again may
// bring more.
func (s *Sampler) readLeader(
	ctx context.Context, n *node, shares []share, timestamp int64, isolation sarama.IsolationLevel, take take,
) (complete bool) {
	answer, err := ask(ctx, s, n, n.leader, apiListOffsets, (*sarama.Broker).GetAvailableOffsets,
		s.offsetRequest(shares, timestamp, isolation))
	at, all := time.Now(), true
	failures := map[sarama.KError]string{}
	for _, sh := range shares {
		var blocks map[int32]*sarama.OffsetResponseBlock
		if err == nil {
			blocks = answer.Blocks[sh.topic.raw]
		}
		for _, p := range sh.partitions {
			code, offset := sarama.ErrUnknown, lag.NoOffset
			if b := blocks[p]; b != nil {
				code, offset = b.Err, b.Offset
				if code != sarama.ErrNoError {
					failures[code] = sh.topic.name
				}
			}
			all = all && (code == sarama.ErrNoError || reasonOf(code) == lag.ReasonAuthorization)
			if int(p) < len(sh.topic.sample) {
				take(sh.topic, p, offset, code, at)
			}
		}
	}
	for code, example := range failures {
		s.failure(apiListOffsets, n, codeName(code), code, "topic", example)
	}
	return all
}

func (s *Sampler) offsetRequest(shares []share, timestamp int64, isolation sarama.IsolationLevel) *sarama.OffsetRequest {
	r := sarama.NewOffsetRequest(s.version)
	r.IsolationLevel = isolation
	for _, sh := range shares {
		for i, p := range sh.partitions {
			at := timestamp
			if sh.at != nil {
				at = sh.at[i]
			}
			r.AddBlock(sh.topic.raw, p, at, 1)
		}
	}
	return r
}

// takeEnd takes a log end offset. One that went back tells of a truncation, or of a topic that was deleted and created
// again: metadata knows which, where it has topic IDs. The old log's start may lie anywhere in a new one, so it is read
// again in the same wave.
func (s *Sampler) takeEnd(t *topic, partition int32, offset int64, code sarama.KError, at time.Time) {
	sample, p := &t.sample[partition], &t.parts[partition]
	if code != sarama.ErrNoError || offset < 0 {
		sample.Err = reasonOf(code)
		if sample.Err == lag.ReasonNone {
			sample.Err = lag.ReasonLeader
		}
		return
	}
	if offset < p.lastEnd {
		p.start = lag.NoOffset
		s.wentBack.Store(true)
	}
	sample.End, sample.EndAt, sample.Err = offset, at, lag.ReasonNone
	p.lastEnd = offset
}

func takeStable(t *topic, partition int32, offset int64, code sarama.KError, _ time.Time) {
	if code == sarama.ErrNoError && offset >= 0 {
		t.sample[partition].StableEnd = offset
	}
}

func takeStart(t *topic, partition int32, offset int64, code sarama.KError, _ time.Time) {
	if code == sarama.ErrNoError && offset >= 0 {
		t.parts[partition].start = offset
	}
}
