package kafka

import (
	"context"

	"github.com/IBM/sarama"
)

// callRoll asks brokers, beside the listing of groups, which brokers they take for a part of the cluster. The result says
// whether one of them has given up a broker that the newest metadata names: what that one leads and coordinates is with
// others now, and it need not know. Metadata of all topics would say so as well, but is too much for every wave.
func (s *Sampler) callRoll(ctx context.Context) <-chan bool {
	done := make(chan bool, 1)
	live := map[int32]bool{}
	for _, n := range s.liveNodes() {
		live[n.id] = true
	}
	nodes := s.metadataNodes()
	go func() {
		missing := make([]bool, len(nodes))
		s.each(nodes, func(i int, n *node) {
			said, err := askSession(ctx, s, n, n.spare, apiMetadata, func(ses *session) func(*sarama.Broker) (identity, error) {
				return func(*sarama.Broker) (identity, error) { return ses.askCluster(s.cfg.ClientID) }
			})
			if err != nil || len(said.brokers) == 0 {
				return
			}
			present := 0
			for _, id := range said.brokers {
				if live[id] {
					present++
				}
			}
			missing[i] = present < len(live)
		})
		gone := false
		for _, m := range missing {
			gone = gone || m
		}
		done <- gone
	}()
	return done
}
