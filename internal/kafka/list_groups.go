package kafka

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/IBM/sarama"

	"kafka_burndown_exporter/internal/lag"
)

// each runs fn for every node at once and waits for all. A panic ends only the one node's part.
func (s *Sampler) each(nodes []*node, fn func(i int, n *node)) {
	var wg sync.WaitGroup
	for i, n := range nodes {
		wg.Go(func() {
			defer s.caught(n)
			fn(i, n)
		})
	}
	wg.Wait()
}

// list asks brokers for their groups.
func (s *Sampler) list(ctx context.Context, nodes []*node) []listing {
	out := make([]listing, len(nodes))
	s.each(nodes, func(i int, n *node) {
		out[i].broker = n.id
		out[i] = s.listOne(ctx, n)
	})
	for i, n := range nodes {
		out[i].broker = n.id
	}
	return out
}

func (s *Sampler) listOne(ctx context.Context, n *node) listing {
	answer, err := ask(ctx, s, n, n.coordinator, apiListGroups, (*sarama.Broker).ListGroups,
		&sarama.ListGroupsRequest{Version: s.versions.listGroups})
	out := listing{broker: n.id, at: time.Now()}
	if err != nil {
		out.refused = errors.Is(err, sarama.ErrUnsupportedVersion)
		return out
	}
	out.complete = answer.Err == sarama.ErrNoError
	out.refused = !out.complete && answer.Err != sarama.ErrOffsetsLoadInProgress &&
		answer.Err != sarama.ErrConsumerCoordinatorNotAvailable
	if !out.complete {
		s.failure(apiListGroups, n, codeName(answer.Err), answer.Err)
	}
	out.groups = make(map[string]listed, len(answer.Groups))
	for raw, protocolType := range answer.Groups {
		data := answer.GroupsData[raw]
		out.groups[raw] = listed{
			typ:          lag.GroupType(strings.ToLower(strings.ToValidUTF8(data.GroupType, "\uFFFD"))),
			protocolType: strings.ToValidUTF8(protocolType, "\uFFFD"),
			state:        strings.ToValidUTF8(data.GroupState, "\uFFFD"),
		}
	}
	return out
}

// updateGroups brings the remembered groups in line with the directory: those the filters and the shard admit, and the
// expected ones.
func (s *Sampler) updateGroups() {
	s.seen++
	for _, e := range s.directory.sorted() {
		n := s.groupNames.of(e.raw)
		if !n.admitted || !n.own {
			continue
		}
		g := s.groups[n.text]
		switch {
		case g == nil:
			g = s.newGroup(n.text)
			s.groups[n.text] = g
		case g.seen == s.seen:
			continue // another raw name that is the same valid one
		}
		g.seen, g.raw, g.entry = s.seen, e.raw, e
	}
	for id := range s.cfg.Expect {
		n := s.groupNames.of(id)
		if !n.admitted || !n.own {
			continue
		}
		g := s.groups[n.text]
		if g == nil {
			g = s.newGroup(n.text)
			g.raw = id
			s.groups[n.text] = g
		}
		if g.seen != s.seen {
			g.seen, g.entry = s.seen, nil
			g.members, g.subscribed, g.descriptions = nil, nil, 0
		}
	}
	for id, g := range s.groups {
		if g.seen != s.seen {
			delete(s.groups, id)
			continue
		}
		g.commitsAt, g.err, g.fetched = time.Time{}, lag.ReasonNone, false
		g.untold, g.waits, g.unlistable = false, false, false
		if g.entry == nil || g.entry.typ != lag.GroupShare {
			g.share = nil
		}
	}
	s.groupNames.forget(10_000 + 4*len(s.directory))
}

func (s *Sampler) newGroup(id string) *group {
	g := &group{id: id, readCommitted: s.cfg.ReadCommitted != nil && s.cfg.ReadCommitted.MatchString(id)}
	topics, expected := s.cfg.Expect[id]
	if expected {
		g.expected = []string{} // expected, even if a filter excludes all its topics
	}
	for _, t := range topics {
		if n := s.topicNames.of(t); n.admitted {
			g.expected = append(g.expected, n.text)
		}
	}
	slices.Sort(g.expected)
	g.expected = slices.Compact(g.expected)
	return g
}
