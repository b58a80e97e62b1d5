package kafka

import (
	"context"
	"time"

	"github.com/IBM/sarama"
)

const (
	// configTimestamps says who sets the timestamps of a topic's messages: their producers, or the broker as they arrive.
	configTimestamps    = "message.timestamp.type"
	timestampsOfArrival = "LogAppendTime"

	// maxTimestampTypes bounds how many topics one request names; a broker gets one such request in a wave at most.
	maxTimestampTypes = 1000
	// timestampsRefresh is how often the type of a topic is asked for, and refusedRefresh how often where the right is
	// missing: the broker logs each refusal.
	timestampsRefresh = 10 * time.Minute
	refusedRefresh    = time.Hour
)

// timestampType is what is known of who sets a topic's timestamps.
type timestampType struct {
	arrival bool      // the broker does
	refused bool      // the right to know it is missing
	next    time.Time // when to ask again
}

// readTimestampTypes asks which topics have timestamps that are times of arrival. It needs a right that nothing else
// needs, DESCRIBE_CONFIGS on topics; without it timestamps are judged by what is measured. A refusal is not an error.
func (s *Sampler) readTimestampTypes(ctx context.Context) {
	now := time.Now()
	var due []*topic
	for _, t := range s.topics.sorted {
		if t.needed && !t.missing && !now.Before(t.timestamps.next) {
			due = append(due, t)
		}
	}
	if len(due) == 0 {
		return
	}
	var nodes []*node
	for _, n := range s.metadataNodes() {
		if _, ok := n.newest(keyDescribeConfigs); ok && n.answered.Load() {
			nodes = append(nodes, n)
		}
	}
	ctx, cancel := context.WithTimeout(ctx, s.deadline/8)
	defer cancel()
	s.each(nodes, func(i int, n *node) {
		rest := due[min(len(due), i*maxTimestampTypes):]
		if len(rest) > 0 {
			s.askTimestampTypes(ctx, n, rest[:min(len(rest), maxTimestampTypes)])
		}
	})
}

func (s *Sampler) askTimestampTypes(ctx context.Context, n *node, topics []*topic) {
	now := time.Now()
	r := &sarama.DescribeConfigsRequest{Version: 1}
	byRaw := make(map[string]*topic, len(topics))
	for _, t := range topics {
		byRaw[t.raw] = t
		t.timestamps.next = now.Add(s.cfg.MetadataRefresh)
		r.Resources = append(r.Resources, &sarama.ConfigResource{
			Type: sarama.TopicResource, Name: t.raw, ConfigNames: []string{configTimestamps},
		})
	}
	answer, err := ask(ctx, s, n, n.describe, apiDescribeConfigs, (*sarama.Broker).DescribeConfigs, r)
	if err != nil {
		return
	}
	for _, a := range answer.Resources {
		t := byRaw[a.Name]
		if t == nil {
			continue
		}
		switch code := sarama.KError(a.ErrorCode); code {
		case sarama.ErrNoError:
			t.timestamps = timestampType{next: now.Add(timestampsRefresh)}
			for _, c := range a.Configs {
				t.timestamps.arrival = t.timestamps.arrival || c.Name == configTimestamps && c.Value == timestampsOfArrival
			}
		case sarama.ErrTopicAuthorizationFailed:
			t.timestamps = timestampType{refused: true, next: now.Add(refusedRefresh)}
		}
	}
}
