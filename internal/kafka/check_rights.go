package kafka

import (
	"context"
	"slices"

	"github.com/IBM/sarama"

	"kafka_burndown_exporter/internal/lag"
)

// maxHiddenTopics bounds how many topics that groups name and metadata lacks are asked about.
const maxHiddenTopics = 100

// checkMetadata asks any broker for metadata of some topics (nil: all), with the operations the user is authorized for.
func (s *Sampler) checkMetadata(ctx context.Context, topics []string) *sarama.MetadataResponse {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, n := range s.liveNodes() {
		r := sarama.NewMetadataRequest(s.version, topics)
		r.Version = min(r.Version, 10) // the last one that tells them
		r.IncludeClusterAuthorizedOperations = r.Version >= 8
		answer, err := ask(ctx, s, n, n.leader, apiMetadata, (*sarama.Broker).GetMetadata, r)
		if err == nil {
			return answer
		}
	}
	return nil
}

// mayDescribeCluster reports whether the user has DESCRIBE on the cluster; below Kafka 2.3 that cannot be known.
func (s *Sampler) mayDescribeCluster(ctx context.Context) (ok, known bool) {
	answer := s.checkMetadata(ctx, nil)
	if answer == nil || answer.Version < 8 || answer.ClusterAuthorizedOperations < 0 {
		return false, false
	}
	return answer.ClusterAuthorizedOperations&opDescribe != 0, true
}

// noTopics reports whether there are groups, and metadata of all topics shows none but the cluster's own.
func (s *Sampler) noTopics(ctx context.Context, w *lag.Wave) bool {
	if len(w.Groups) == 0 || len(w.Topics) > 0 {
		return false
	}
	answer := s.checkMetadata(ctx, nil)
	if answer == nil {
		return false
	}
	return !slices.ContainsFunc(answer.Topics, func(t *sarama.TopicMetadata) bool { return t != nil && !t.IsInternal })
}

// untoldTimestamps is a topic of which it cannot be known who sets the timestamps, for want of an optional right.
func (s *Sampler) untoldTimestamps() (string, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, t := range s.topics.sorted {
		if t.timestamps.refused {
			return t.name, true
		}
	}
	return "", false
}

// hiddenTopic is a topic that a group uses and the user has no right to see. Metadata of all topics just leaves it out,
// asked for by its name it says so.
func (s *Sampler) hiddenTopic(ctx context.Context, w *lag.Wave) (string, bool) {
	for _, t := range w.Topics {
		for _, p := range t.Partitions {
			if p.Err == lag.ReasonAuthorization {
				return t.Name, true
			}
		}
	}
	names := map[string]bool{}
	for _, g := range w.Groups {
		used := g.Expected
		if g.Members != nil {
			used = append(used[:len(used):len(used)], g.Members.Topics...)
		}
		for _, t := range used {
			if s.topics.byName[t] == nil && len(names) < maxHiddenTopics {
				names[t] = true
			}
		}
	}
	if len(names) == 0 {
		return "", false
	}
	if answer := s.checkMetadata(ctx, sortedKeys(names)); answer != nil {
		for _, t := range answer.Topics {
			if t != nil && t.Err == sarama.ErrTopicAuthorizationFailed {
				return s.topicNames.of(t.Name).text, true
			}
		}
	}
	return "", false
}
