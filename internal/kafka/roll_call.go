package kafka

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/IBM/sarama"

	"kafka_burndown_exporter/internal/lag"
)

var errMinority = errors.New("fewer than half of the brokers that were asked answer, or they do not agree on who is one of them, so " +
	"that a broker which answers may have been replaced without knowing it; nothing of this sample counts")

// rollCall is what brokers say of each other, asked beside the listing of groups. A broker that is cut off from the others
// goes on answering, with offsets that are not true any more: it does not know that it has been replaced. The others do, at
// once. Metadata of all topics would say so as well, but is too much for every wave.
type rollCall struct {
	asked []int32
	live  []int32 // who was a part of the cluster by the metadata then
	done  chan struct{}

	mu   sync.Mutex
	said map[int32][]int32 // by the broker that answered: whom it takes for a part of the cluster; nil: it does not tell
}

// callRoll asks until ctx ends.
func (s *Sampler) callRoll(ctx context.Context) *rollCall {
	nodes := s.metadataNodes()
	r := &rollCall{done: make(chan struct{}), said: map[int32][]int32{}}
	for _, n := range s.liveNodes() {
		r.live = append(r.live, n.id)
	}
	for _, n := range nodes {
		r.asked = append(r.asked, n.id)
	}
	go func() {
		defer close(r.done)
		s.each(nodes, func(_ int, n *node) {
			answer, err := askSession(ctx, s, n, n.spare, apiMetadata, func(ses *session) func(*sarama.Broker) (identity, error) {
				return func(*sarama.Broker) (identity, error) { return ses.askCluster(s.cfg.ClientID) }
			})
			if err == nil {
				r.mu.Lock()
				defer r.mu.Unlock()
				r.said[n.id] = answer.brokers
			}
		})
	}()
	return r
}

// hearRoll reads metadata where a broker has given up another one, once all have answered or ctx has ended.
func (s *Sampler) hearRoll(listed, ctx context.Context, r *rollCall, began time.Time) {
	select {
	case <-r.done:
	case <-listed.Done():
	}
	if s.givenUp(r) && s.metadataAt.Before(began) {
		_ = s.refreshMetadata(ctx)
	}
}

// givenUp reports whether a broker of the newest metadata does not take another one of it for a part of the cluster.
func (s *Sampler) givenUp(r *rollCall) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	isLive := func(id int32) bool { n := s.nodes[id]; return n != nil && !n.gone }
	for from, brokers := range r.said {
		if brokers == nil || !isLive(from) {
			continue
		}
		for _, id := range r.live {
			if isLive(id) && !slices.Contains(brokers, id) {
				return true
			}
		}
	}
	return false
}

// confirmed reports whether what was read counts: more than half of the brokers that were asked have answered, and none has
// given up one that was read.
func (s *Sampler) confirmed(r *rollCall) bool {
	<-r.done
	if len(r.asked) < 2 {
		return true
	}
	return 2*len(r.said) > len(r.asked) && !s.givenUp(r)
}

// settleRoll makes everything that was read in this wave unknown where it is not confirmed.
func (s *Sampler) settleRoll(r *rollCall) {
	s.once.worked(apiMetadata, severalBrokers)
	if s.confirmed(r) {
		return
	}
	s.metadataStale = true
	s.once.fail(apiMetadata, severalBrokers, "minority", errMinority, "asked", len(r.asked), "answered", len(r.said))
	for _, g := range s.groups {
		g.commitsAt = time.Time{}
		if g.err == lag.ReasonNone {
			g.err = lag.ReasonCoordinator
		}
	}
	for _, t := range s.topics.sorted {
		for i := range t.sample {
			sample := &t.sample[i]
			sample.End, sample.StableEnd = lag.NoOffset, lag.NoOffset
			if sample.Err == lag.ReasonNone {
				sample.Err = lag.ReasonLeader
			}
		}
	}
	s.points = nil
}
