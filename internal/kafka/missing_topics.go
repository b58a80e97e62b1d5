package kafka

import (
	"context"
	"slices"

	"github.com/IBM/sarama"
)

// resolveMissing asks about topics that were known and that metadata of all topics lacks now: it leaves out those that are
// gone and those that the user may not see any more. The latter stay, unread, and so does one that cannot be asked about.
func (s *Sampler) resolveMissing(ctx context.Context) {
	missing := s.topics.missing()
	for len(missing) > 0 {
		part := missing[:min(len(missing), maxUnseenTopics)]
		missing = missing[len(part):]
		var names []string
		byRaw := map[string]*topic{}
		for _, t := range part {
			names = append(names, t.raw)
			byRaw[t.raw] = t
		}
		answer, n := s.askTopics(ctx, names)
		if n == nil {
			s.metadataStale = true
			return
		}
		for _, m := range answer {
			if m == nil || byRaw[m.Name] == nil {
				continue
			}
			s.resolveTopic(byRaw[m.Name], m, n)
		}
	}
}

func (s *Sampler) resolveTopic(t *topic, m *sarama.TopicMetadata, n *node) {
	switch m.Err {
	case sarama.ErrUnknownTopicOrPartition, sarama.ErrInvalidTopic:
		s.topics.remove(t)
	case sarama.ErrTopicAuthorizationFailed:
		t.forbidden = true
		t.refuseSample()
		s.failure(apiMetadata, n, codeName(m.Err), m.Err, "topic", t.name)
	default: // it is there again
		s.metadataStale = true
	}
}

// findLost notes the topics that a group had commits on and that its answer lacks: the commits were deleted, or the topic
// may not be seen any more, or it is gone.
func (s *Sampler) findLost() {
	for _, g := range s.groups {
		g.lost = g.lost[:0]
		if g.commitsAt.IsZero() {
			continue
		}
		i := 0
		for _, name := range g.had {
			for i < len(g.commits.topics) && g.commits.topics[i].Topic < name {
				i++
			}
			if i == len(g.commits.topics) || g.commits.topics[i].Topic != name {
				g.lost = append(g.lost, name)
			}
		}
	}
}

// settleLost forgets the lost topics that are gone, and those that can be read: then it is the commits that are gone. Of
// the others nothing is known, so they stay topics of the group.
func (s *Sampler) settleLost() {
	for _, g := range s.groups {
		if g.commitsAt.IsZero() {
			continue
		}
		g.lost = slices.DeleteFunc(g.lost, func(name string) bool {
			t := s.topics.byName[name]
			return t == nil || !t.unread()
		})
		same := len(g.lost) == 0 && len(g.had) == len(g.commits.topics)
		for i := range g.commits.topics {
			same = same && g.had[i] == g.commits.topics[i].Topic
		}
		if same {
			continue
		}
		g.had = g.had[:0]
		for _, c := range g.commits.topics {
			g.had = append(g.had, c.Topic)
		}
		g.had = append(g.had, g.lost...)
		slices.Sort(g.had)
	}
}
