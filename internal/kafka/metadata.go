package kafka

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/IBM/sarama"

	"kafka_burndown_exporter/internal/lag"
)

// refreshMetadata asks the brokers that are known, or the bootstrap addresses when none of them answers, for the
// cluster's brokers and topics.
func (s *Sampler) refreshMetadata(ctx context.Context) error {
	answer, err := s.fetchMetadata(ctx)
	if err != nil {
		return fmt.Errorf("read metadata: %w", err)
	}
	s.watched.adopt(answer.ClusterID)
	s.shutSeeds()
	s.applyMetadata(ctx, answer)
	return nil
}

// clusterMetadata is the newest of what brokers answered.
type clusterMetadata struct {
	*sarama.MetadataResponse
	sure bool // more than half of those that were asked have answered
}

func (s *Sampler) applyMetadata(ctx context.Context, answer clusterMetadata) {
	s.applyBrokers(answer.MetadataResponse)
	old := s.topics.apply(answer, s.topicNames)
	s.coordinators.apply(answer)
	s.topicNames.forget(10_000 + 4*len(answer.Topics))
	s.markGone(answer.Topics)
	s.metadataAt = time.Now()
	s.metadataStale = old
	s.resolveMissing(ctx)
}

func (s *Sampler) fetchMetadata(ctx context.Context) (none clusterMetadata, err error) {
	s.lone = nil
	var firstErr error
	if nodes := s.metadataNodes(); len(nodes) > 0 {
		known, cancel := context.WithTimeout(ctx, s.deadline/4)
		defer cancel()
		answers, err := s.askSeveral(known, nodes)
		if len(answers) > 0 {
			return clusterMetadata{newest(answers), 2*len(answers) > len(nodes)}, nil
		}
		firstErr = err
	}
	seeds := s.openSeeds()
	one := func(ctx context.Context, i int) (*sarama.MetadataResponse, error) {
		return s.askMetadata(ctx, seeds[i])
	}
	answer, err := first(ctx, len(seeds), s.deadline/8, one)
	if err != nil {
		return none, errors.Join(firstErr, err)
	}
	s.lone = answer
	return clusterMetadata{MetadataResponse: answer}, nil
}

// metadataNodes are the brokers to ask for metadata: whoever answered in the last wave first, and of many brokers others
// each time.
func (s *Sampler) metadataNodes() []*node {
	nodes := s.liveNodes()
	if turn := s.metadataTurn % max(1, len(nodes)); turn > 0 && len(nodes) > maxMetadataBrokers {
		nodes = append(nodes[turn:], nodes[:turn]...)
	}
	slices.SortStableFunc(nodes, func(a, b *node) int {
		switch {
		case s.lastUp[a.id] == s.lastUp[b.id]:
			return 0
		case s.lastUp[a.id]:
			return -1
		}
		return 1
	})
	s.metadataTurn++
	return nodes[:min(len(nodes), maxMetadataBrokers)]
}

// openSeeds makes the bootstrap addresses brokers that may be asked. They stay until metadata is there: a login that
// takes longer than a wave is not lost with it.
func (s *Sampler) openSeeds() []*node {
	for _, address := range s.cfg.Brokers[len(s.seeds):] {
		s.seeds = append(s.seeds, s.newSeed(address))
	}
	return s.seeds
}

func (s *Sampler) shutSeeds() {
	for _, seed := range s.seeds {
		seed.shut()
	}
	s.seeds = nil
}

// newSeed is a broker known by a bootstrap address only.
func (s *Sampler) newSeed(address string) *node {
	standing := new(standing)
	l := newLane(s.ctx, address, "bootstrap", standing, s.lanes)
	return &node{
		id: -1, label: "bootstrap", address: address, standing: standing, coordinator: l, leader: l, describe: l, spare: l, share: l,
	}
}

func (s *Sampler) askMetadata(ctx context.Context, n *node) (*sarama.MetadataResponse, error) {
	answer, err := ask(ctx, s, n, n.spare, apiMetadata, (*sarama.Broker).GetMetadata,
		sarama.NewMetadataRequest(s.version, nil)) // nil: all topics, none created
	if err == nil && len(answer.Brokers) == 0 {
		err = errors.New("the broker names no brokers")
		s.failure(apiMetadata, n, "no_brokers", err)
	}
	return answer, err
}

// applyBrokers adds, moves and removes brokers, keyed by their ids.
func (s *Sampler) applyBrokers(answer *sarama.MetadataResponse) {
	present := map[int32]bool{}
	for _, b := range answer.Brokers {
		if b == nil || b.ID() < 0 {
			continue
		}
		id, address := b.ID(), b.Addr()
		present[id] = true
		n := s.nodes[id]
		if n != nil && (n.address != address || n.gone) { // the connections of one that was gone are shut
			n.shut()
			n = nil
		}
		if n == nil {
			n = s.newNode(id, address)
			s.nodes[id] = n
		}
		n.gone = false
	}
	for id, n := range s.nodes {
		if !present[id] && !n.gone {
			n.gone = true
			n.shut()
		}
	}
}

// markGone forgets brokers that left the cluster. One that is still a replica of something is expected back, and stays
// visible as down.
func (s *Sampler) markGone(topics []*sarama.TopicMetadata) {
	replicas := map[int32]bool{}
	for _, t := range topics {
		if t == nil {
			continue
		}
		for _, p := range t.Partitions {
			if p == nil {
				continue
			}
			for _, r := range p.Replicas {
				replicas[r] = true
			}
		}
	}
	for id, n := range s.nodes {
		if n.gone && !replicas[id] {
			delete(s.nodes, id)
		}
	}
}

// wrongCluster counts the addresses at which another cluster answers.
func (s *Sampler) wrongCluster() int {
	addresses := map[string]bool{}
	for _, n := range append(s.liveNodes(), s.seeds...) {
		if n.standing.wrongCluster.Load() {
			addresses[n.address] = true
		}
	}
	return len(addresses)
}

func (s *Sampler) sortedNodes() []*node {
	nodes := make([]*node, 0, len(s.nodes))
	for _, n := range s.nodes {
		nodes = append(nodes, n)
	}
	slices.SortFunc(nodes, func(a, b *node) int { return cmp.Compare(a.id, b.id) })
	return nodes
}

// liveNodes are the brokers of the newest metadata.
func (s *Sampler) liveNodes() []*node {
	return slices.DeleteFunc(s.sortedNodes(), func(n *node) bool { return n.gone })
}

func (s *Sampler) brokers() []lag.Broker {
	var out []lag.Broker
	for _, n := range s.sortedNodes() {
		out = append(out, lag.Broker{ID: n.id, Address: strings.ToValidUTF8(n.address, "\uFFFD"), Up: n.answered.Load(), Gone: n.gone})
	}
	return out
}

// first makes n attempts, the next one when one fails or after the stagger, and returns the first success.
func first[T any](
	ctx context.Context, n int, stagger time.Duration, try func(ctx context.Context, i int) (T, error),
) (T, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	type result struct {
		value T
		err   error
	}
	results := make(chan result, n)
	next, pending := 0, 0
	launch := func() {
		i := next
		next++
		pending++
		go func() {
			v, err := try(ctx, i)
			results <- result{v, err}
		}()
	}
	var none T
	var errs []error
	timer := time.NewTicker(max(stagger, time.Millisecond))
	defer timer.Stop()
	for launch(); pending > 0; {
		select {
		case r := <-results:
			if r.err == nil {
				return r.value, nil
			}
			errs = append(errs, r.err)
			pending--
			if next < n {
				launch()
			}
		case <-timer.C:
			if next < n {
				launch()
			}
		case <-ctx.Done():
			return none, errors.Join(append(errs, ctx.Err())...)
		}
	}
	return none, errors.Join(errs...)
}
