package kafka

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/IBM/sarama"

	"kafka_burndown_exporter/internal/lag"
)

// maxUnseenTopics bounds how many topics one request asks about by their names.
const maxUnseenTopics = 1000

// unseen are topics that groups use and metadata of all topics lacks. Most do not exist, but it also leaves out those
// that the user has no right to see; only asked for by its name does one tell. A verdict is ReasonNone for a topic that
// does not exist, and lasts until metadata is next due.
type unseen struct {
	verdicts map[string]lag.Reason
	used     map[string]bool // in this wave
	askedAt  time.Time
	askedOf  string // a broker's label
}

func newUnseen() *unseen { return &unseen{verdicts: map[string]lag.Reason{}, used: map[string]bool{}} }

// resolveUnseen finds out about the topics that groups use and metadata lacks. One that cannot be asked about now is not
// known to be absent.
func (s *Sampler) resolveUnseen(ctx context.Context) {
	u := s.unseen
	due := s.metadataAt.After(u.askedAt) && time.Since(u.askedAt) >= s.cfg.MetadataRefresh/2
	for t := range u.verdicts {
		if !u.used[t] {
			delete(u.verdicts, t)
		}
	}
	var ask []string
	for t := range u.used {
		if _, known := u.verdicts[t]; !known || due {
			ask = append(ask, t)
		}
	}
	defer s.logUnseen()
	slices.Sort(ask)
	for len(ask) > 0 {
		part := ask[:min(len(ask), maxUnseenTopics)]
		ask = ask[len(part):]
		if !s.askUnseen(ctx, part) {
			s.metadataStale = true
			return
		}
	}
}

// askUnseen asks about topics by their names.
func (s *Sampler) askUnseen(ctx context.Context, names []string) bool {
	topics, n := s.askTopics(ctx, names)
	if n == nil {
		return false
	}
	s.unseen.askedAt, s.unseen.askedOf = time.Now(), n.label
	for _, name := range names {
		s.unseen.verdicts[name] = lag.ReasonNone
	}
	for _, t := range topics {
		if t == nil {
			continue
		}
		switch t.Err {
		case sarama.ErrUnknownTopicOrPartition, sarama.ErrInvalidTopic:
		case sarama.ErrTopicAuthorizationFailed:
			s.unseen.verdicts[t.Name] = lag.ReasonAuthorization
			s.stats.Failure(apiMetadata, n.label, codeName(t.Err))
		default: // created since metadata was read
			s.unseen.verdicts[t.Name] = lag.ReasonLeader
			s.metadataStale = true
		}
	}
	return true
}

// askTopics asks any broker about topics by their names; none is created by that. It returns who answered, nil if nobody.
func (s *Sampler) askTopics(ctx context.Context, names []string) ([]*sarama.TopicMetadata, *node) {
	for _, n := range s.liveNodes() {
		if !n.answered.Load() || ctx.Err() != nil {
			continue
		}
		answer, err := ask(ctx, s, n, n.spare, apiMetadata, (*sarama.Broker).GetMetadata,
			sarama.NewMetadataRequest(s.version, names))
		if err == nil {
			return answer.Topics, n
		}
	}
	return nil, nil
}

// logUnseen reports in every wave what stands, since a failure that is not reported again counts as healed.
func (s *Sampler) logUnseen() {
	for name, why := range s.unseen.verdicts {
		if why == lag.ReasonAuthorization {
			s.once.fail(apiMetadata, s.unseen.askedOf, codeName(sarama.ErrTopicAuthorizationFailed),
				sarama.ErrTopicAuthorizationFailed, "topic", name)
			return
		}
	}
}

// samples are the topics that exist, as far as one can tell, without anything being known of them.
func (u *unseen) samples() (out []lag.TopicSample) {
	for name := range u.used {
		why, asked := u.verdicts[name]
		if !asked {
			why = lag.ReasonLeader
		}
		if why != lag.ReasonNone {
			out = append(out, lag.TopicSample{Name: name, Foreign: true, Hidden: true, Partitions: []lag.PartitionSample{{
				Leader: -1, Preferred: -1, End: lag.NoOffset, Start: lag.NoOffset, StableEnd: lag.NoOffset, Err: why,
			}}})
		}
	}
	return out
}

// addUnseen puts them between the others.
func (s *Sampler) addUnseen(w *lag.Wave) {
	if more := s.unseen.samples(); len(more) > 0 {
		w.Topics = append(w.Topics, more...)
		slices.SortFunc(w.Topics, func(a, b lag.TopicSample) int { return strings.Compare(a.Name, b.Name) })
	}
}
