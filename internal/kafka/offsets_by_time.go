package kafka

import (
	"context"
	"slices"
	"time"

	"github.com/IBM/sarama"

	"kafka_burndown_exporter/internal/lag"
)

const (
	// maxTimeRounds bounds the time queries of one wave for the same partition, and with that the requests per leader:
	// one request can ask a partition only once. Queries beyond it are left unanswered.
	maxTimeRounds = 4
	// maxSeedTries is how often a partition seen for the first time is asked for its offset one rate window ago.
	maxSeedTries = 3
)

// timeQuery is one query with its topic looked up.
type timeQuery struct {
	lag.TimeQuery
	topic *topic
	seed  bool
}

// answer is the answer to a time query, for the topic as it then was.
type answer struct {
	lag.OffsetAtTime
	id sarama.Uuid
}

// answer makes the time queries that follow from a wave. They take a broker as long as all the rest of a wave, so they
// wait until that is published, and may take what it left of its time.
func (s *Sampler) answer(ctx context.Context, began time.Time, queries []lag.TimeQuery) {
	if len(queries) == 0 {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	ctx, cancel := s.until(ctx, began.Add(s.deadline))
	defer cancel()
	if ctx.Err() != nil { // the wave took all of its time; what still matters is asked for after the next one
		return
	}
	defer func() {
		if p := recover(); p != nil {
			s.logPanic(p)
		}
	}()
	for _, a := range s.readRest(ctx, plan{}, s.planTimes(s.lookUp(queries))) {
		t := s.topics.byName[a.Topic]
		if a.Offset < 0 { // no message is as young: the end then was the end now
			a.Offset = t.parts[a.Partition].lastEnd
		}
		s.answers = append(s.answers, answer{a, t.id})
	}
}

// takeAnswers takes what was answered since the last wave into this one, without what is not true any more: of a topic
// that was created anew, or of a log that was cut.
func (s *Sampler) takeAnswers() {
	for _, a := range s.answers {
		t := s.topics.byName[a.Topic]
		if t != nil && t.id == a.id && int(a.Partition) < len(t.sample) && t.sample[a.Partition].End >= a.Offset {
			s.points = append(s.points, a.OffsetAtTime)
		}
	}
	s.answers = s.answers[:0]
}

// readRest reads what not every wave needs: log start offsets that are due, and offsets by time.
func (s *Sampler) readRest(ctx context.Context, starts plan, rounds []*timeRound) (points []lag.OffsetAtTime) {
	all := plan{}
	for _, p := range append([]plan{starts}, timePlans(rounds)...) {
		for id, shares := range p {
			all[id] = append(all[id], shares...)
		}
	}
	nodes := s.nodesOf(all)
	answers := make([][]lag.OffsetAtTime, len(nodes))
	s.each(nodes, func(i int, n *node) {
		if len(starts[n.id]) > 0 {
			s.readLeader(ctx, n, starts[n.id], earliest, sarama.ReadUncommitted, takeStart)
		}
		for _, r := range rounds {
			if len(r.plan[n.id]) > 0 {
				s.readTimes(ctx, n, r, &answers[i])
			}
		}
	})
	for _, a := range answers {
		points = append(points, a...)
	}
	return points
}

// planStarts is every needed partition when log starts are due, else those whose start is not known.
func (s *Sampler) planStarts() plan {
	due := time.Since(s.startsAt) >= s.cfg.StartsRefresh
	if due {
		s.startsAt = time.Now()
	}
	p := plan{}
	for _, t := range s.topics.sorted {
		if !t.needed {
			continue
		}
		for i := range t.parts {
			if t.sample[i].End >= 0 && (due || t.parts[i].start < 0) {
				p.add(t.parts[i].leader, t, int32(i))
			}
		}
	}
	return p
}

// timeKey is one partition.
type timeKey struct {
	topic     *topic
	partition int32
}

// timeRound is one ListOffsets request per leader with at most one query per partition.
type timeRound struct {
	plan    plan
	queries map[timeKey]timeQuery
}

func timePlans(rounds []*timeRound) (plans []plan) {
	for _, r := range rounds {
		plans = append(plans, r.plan)
	}
	return plans
}

// lookUp finds the topics of queries. Partitions whose end was not read are not asked.
func (s *Sampler) lookUp(asked []lag.TimeQuery) (queries []timeQuery) {
	for _, q := range asked {
		if t := s.topics.byName[q.Topic]; t != nil && t.needed && q.Partition >= 0 && int(q.Partition) < len(t.parts) &&
			t.sample[q.Partition].End >= 0 {
			queries = append(queries, timeQuery{TimeQuery: q, topic: t})
		}
	}
	return queries
}

// planTimes distributes queries over as few rounds as the most queried partition needs.
func (s *Sampler) planTimes(queries []timeQuery) []*timeRound {
	slices.SortStableFunc(queries, func(a, b timeQuery) int { // a topic's partitions one after the other
		if a.Topic != b.Topic {
			if a.Topic < b.Topic {
				return -1
			}
			return 1
		}
		return int(a.Partition) - int(b.Partition)
	})
	var rounds []*timeRound
	for _, q := range queries {
		for i := range maxTimeRounds {
			if i == len(rounds) {
				rounds = append(rounds, &timeRound{plan: plan{}, queries: map[timeKey]timeQuery{}})
			}
			k := timeKey{q.topic, q.Partition}
			if _, taken := rounds[i].queries[k]; taken {
				continue
			}
			rounds[i].queries[k] = q
			sh := rounds[i].plan.add(q.topic.parts[q.Partition].leader, q.topic, q.Partition)
			sh.at = append(sh.at, q.At.UnixMilli())
			break
		}
	}
	return rounds
}

// seedQueries ask each partition that is new here for its offset one rate window ago, so that its producer rate is
// known from the first minute.
func (s *Sampler) seedQueries() (queries []timeQuery) {
	if s.cfg.RateWindow <= 0 {
		return nil
	}
	at := time.Now().Add(-s.cfg.RateWindow)
	for _, t := range s.topics.sorted {
		if !t.needed {
			continue
		}
		for i := range t.parts {
			p := &t.parts[i]
			if p.seeded || p.seedTries >= maxSeedTries || t.sample[i].End < 0 {
				continue
			}
			p.seedTries++
			queries = append(queries, timeQuery{
				TimeQuery: lag.TimeQuery{Topic: t.name, Partition: int32(i), At: at}, topic: t, seed: true,
			})
		}
	}
	return queries
}

func (s *Sampler) readTimes(ctx context.Context, n *node, r *timeRound, out *[]lag.OffsetAtTime) {
	s.readLeader(ctx, n, r.plan[n.id], 0, sarama.ReadUncommitted,
		func(t *topic, partition int32, offset int64, code sarama.KError, _ time.Time) {
			if code != sarama.ErrNoError {
				return
			}
			q := r.queries[timeKey{t, partition}]
			if q.seed {
				t.parts[partition].seeded = true
			}
			*out = append(*out, lag.OffsetAtTime{TimeQuery: q.TimeQuery, Offset: max(offset, lag.NoOffset)})
		})
}
