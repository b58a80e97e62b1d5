package kafka

import (
	"slices"
	"strings"
	"time"

	"github.com/IBM/sarama"

	"kafka_burndown_exporter/internal/lag"
)

// classicMembers reads a group of the classic protocol.
func (s *Sampler) classicMembers(a *sarama.GroupDescription, at time.Time) *lag.Members {
	m := &lag.Members{
		At: at, State: strings.ToValidUTF8(a.State, "\uFFFD"), Count: len(a.Members),
		Assignor: strings.ToValidUTF8(a.Protocol, "\uFFFD"),
	}
	if a.ProtocolType != "consumer" {
		// Connect's workers and others say in their own formats what they work on.
		m.Opaque = len(a.Members) > 0
		return m
	}
	topics := map[string]bool{}
	var tasks streamsTasks
	for _, member := range a.Members {
		if member == nil {
			m.Opaque = true
			continue
		}
		if a.Protocol == streamsAssignor {
			tasks.add(member.MemberAssignment)
		}
		subscribed, readable := parseSubscription(member.MemberMetadata)
		assigned, readableToo := parseAssignment(member.MemberAssignment)
		m.Opaque = m.Opaque || !readable || !readableToo
		s.addTopics(topics, subscribed...)
		s.addTopics(topics, assigned...)
	}
	m.Topics, m.Tasks = sortedKeys(topics), tasks.count()
	return m
}

// consumerMembers reads a KIP-848 group. Members that speak the classic protocol, during a live upgrade, are described
// like the others.
func (s *Sampler) consumerMembers(a *sarama.ConsumerGroupDescription, at time.Time) *lag.Members {
	m := &lag.Members{
		At: at, State: strings.ToValidUTF8(a.GroupState, "\uFFFD"), Count: len(a.Members),
		Assignor: strings.ToValidUTF8(a.AssignorName, "\uFFFD"),
	}
	topics := map[string]bool{}
	for i := range a.Members {
		member := &a.Members[i]
		r := member.SubscribedTopicRegex
		// A member that shows no names subscribes by expression, whether the broker tells it or not.
		m.Opaque = m.Opaque || r != nil && *r != "" || len(member.SubscribedTopicNames) == 0
		s.addTopics(topics, member.SubscribedTopicNames...)
		for _, assignment := range []sarama.ConsumerGroupAssignment{member.Assignment, member.TargetAssignment} {
			for _, tp := range assignment.TopicPartitions {
				s.addTopics(topics, tp.TopicName)
			}
		}
	}
	m.Topics = sortedKeys(topics)
	return m
}

func (s *Sampler) addTopics(to map[string]bool, raw ...string) {
	for _, r := range raw {
		if n := s.topicNames.of(r); n.admitted && r != "" {
			to[n.text] = true
		}
	}
}

func sortedKeys(set map[string]bool) []string {
	keys := make([]string, 0, len(set))
	for k := range set {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
