package kafka

import (
	"context"
	"errors"
	"time"

	"github.com/IBM/sarama"
)

// maxMetadataBrokers bounds how many brokers are asked for the same metadata.
const maxMetadataBrokers = 5

// metadataAnswer is one broker's answer; -1 is a bootstrap address.
type metadataAnswer struct {
	broker int32
	*sarama.MetadataResponse
}

// askOthers asks the brokers that a bootstrap address has named, which may be behind them, beside the rest of the wave. The
// answers come at the end of ctx at the latest.
func (s *Sampler) askOthers(ctx context.Context) <-chan []metadataAnswer {
	done := make(chan []metadataAnswer, 1)
	if s.lone == nil {
		done <- nil
		return done
	}
	nodes := s.metadataNodes()
	go func() {
		answers, _ := s.askSeveral(ctx, nodes)
		done <- answers
	}()
	return done
}

// takeOthers takes over what they say where it is newer.
func (s *Sampler) takeOthers(ctx context.Context, others <-chan []metadataAnswer) {
	answers := <-others
	if s.lone == nil || len(answers) == 0 { // metadata was read again meanwhile, or nobody answered
		return
	}
	lone := s.lone
	s.lone = nil
	if best := newest(append([]metadataAnswer{{-1, lone}}, answers...)); best != lone {
		s.applyMetadata(ctx, clusterMetadata{MetadataResponse: best})
	}
}

// askSeveral asks brokers for metadata at once. From the first answer on the others get a moment more. The error is that
// of the brokers that did not answer.
func (s *Sampler) askSeveral(ctx context.Context, nodes []*node) ([]metadataAnswer, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	type result struct {
		metadataAnswer
		err error
	}
	results := make(chan result, len(nodes))
	for _, n := range nodes {
		go func() {
			answer, err := s.askMetadata(ctx, n)
			results <- result{metadataAnswer{n.id, answer}, err}
		}()
	}
	var moment <-chan time.Time
	var answers []metadataAnswer
	var errs []error
	for range nodes {
		if moment == nil && len(answers) > 0 {
			moment = time.After(s.deadline / 16)
		}
		select {
		case r := <-results:
			if r.err != nil {
				errs = append(errs, r.err)
				continue
			}
			answers = append(answers, r.metadataAnswer)
		case <-moment:
			return answers, errors.Join(errs...)
		case <-ctx.Done():
			return answers, errors.Join(append(errs, ctx.Err())...)
		}
	}
	return answers, errors.Join(errs...)
}

// newest is the answer that is not behind any other. Brokers read the same log of metadata, so of two answers one is
// further: the one with the later leader epochs. Where these are the same, the answer of a broker that the others take
// for a part of the cluster is the better one.
func newest(answers []metadataAnswer) *sarama.MetadataResponse {
	best := answers[0]
	for _, other := range answers[1:] {
		ahead := other.ahead(best)
		if ahead > 0 || ahead == 0 && listedBy(answers, other.broker) > listedBy(answers, best.broker) {
			best = other
		}
	}
	return best.MetadataResponse
}

// ahead is on how many partitions more an answer has the later leader epoch than it has the earlier one. A topic that was
// created again begins anew, and is not compared.
func (a metadataAnswer) ahead(of metadataAnswer) (ahead int) {
	if !hasEpochs(a.MetadataResponse) || !hasEpochs(of.MetadataResponse) {
		return 0
	}
	topics := make(map[string]*sarama.TopicMetadata, len(of.Topics))
	for _, t := range of.Topics {
		if t != nil {
			topics[t.Name] = t
		}
	}
	for _, t := range a.Topics {
		if t == nil || topics[t.Name] == nil || topics[t.Name].Uuid != t.Uuid {
			continue
		}
		ahead += aheadIn(t, topics[t.Name])
	}
	return ahead
}

func aheadIn(t, of *sarama.TopicMetadata) (ahead int) {
	epochs := make(map[int32]int32, len(of.Partitions))
	for _, p := range of.Partitions {
		if p != nil {
			epochs[p.ID] = p.LeaderEpoch
		}
	}
	for _, p := range t.Partitions {
		if p == nil {
			continue
		}
		switch epoch, known := epochs[p.ID]; {
		case !known, epoch < p.LeaderEpoch:
			ahead++
		case epoch > p.LeaderEpoch:
			ahead--
		}
	}
	return ahead + min(0, len(t.Partitions)-len(of.Partitions))
}

// listedBy counts the answers that name a broker as one of the cluster.
func listedBy(answers []metadataAnswer, broker int32) (n int) {
	for _, a := range answers {
		for _, b := range a.Brokers {
			if b != nil && b.ID() == broker {
				n++
				break
			}
		}
	}
	return n
}

// hasEpochs reports whether an answer tells leader epochs.
func hasEpochs(m *sarama.MetadataResponse) bool { return m.Version >= 7 }
