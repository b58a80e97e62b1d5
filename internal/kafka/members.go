package kafka

import (
	"cmp"
	"hash/maphash"
	"slices"
	"strings"
	"time"

	"github.com/IBM/sarama"

	"kafka_burndown_exporter/internal/lag"
	"kafka_burndown_exporter/internal/pilot"
)

// memberAnswer is one member as an answer describes it.
type memberAnswer struct {
	id     string
	client pilot.Client
	// Of the classic protocol, in its own encoding:
	subscription, assignment []byte
	// Of a KIP-848 group; nil for the others.
	consumer *sarama.ConsumerGroupMemberDescription
}

// membership is what the members of an answer said. It is read again only when they say something else: groups are
// described in every wave, and most of them answer the same.
type membership struct {
	digest   uint64
	topics   []string
	opaque   bool
	assigned []lag.Assigned
	replicas int
	tasks    int // of Kafka Streams on the classic protocol
}

// classicMembers reads a group of the classic protocol. last is what its members said before, nil if nothing.
func (s *Sampler) classicMembers(a *sarama.GroupDescription, last *membership, at time.Time) (*lag.Members, *membership) {
	m := &lag.Members{
		At: at, State: strings.ToValidUTF8(a.State, "\uFFFD"), Count: len(a.Members),
		Assignor: strings.ToValidUTF8(a.Protocol, "\uFFFD"),
	}
	if a.ProtocolType != "consumer" {
		// Connect's workers and others say in their own formats what they work on.
		m.Opaque = len(a.Members) > 0
		return m, nil
	}
	answers := make([]memberAnswer, 0, len(a.Members))
	for _, member := range a.Members {
		if member == nil {
			answers = append(answers, memberAnswer{subscription: []byte{}, assignment: []byte{0}}) // neither can be read
			continue
		}
		answers = append(answers, memberAnswer{
			id: member.MemberId, client: pilot.Client{ID: member.ClientId, Host: member.ClientHost},
			subscription: member.MemberMetadata, assignment: member.MemberAssignment,
		})
	}
	return m, s.readMembers(m, answers, last)
}

// consumerMembers reads a KIP-848 group. Members that speak the classic protocol, during a live upgrade, are described
// like the others.
func (s *Sampler) consumerMembers(a *sarama.ConsumerGroupDescription, last *membership, at time.Time) (*lag.Members, *membership) {
	m := &lag.Members{
		At: at, State: strings.ToValidUTF8(a.GroupState, "\uFFFD"), Count: len(a.Members),
		Assignor: strings.ToValidUTF8(a.AssignorName, "\uFFFD"),
	}
	answers := make([]memberAnswer, 0, len(a.Members))
	for i := range a.Members {
		c := &a.Members[i]
		answers = append(answers, memberAnswer{id: c.MemberID, client: pilot.Client{ID: c.ClientID, Host: c.ClientHost}, consumer: c})
	}
	return m, s.readMembers(m, answers, last)
}

// readMembers fills in what the members say.
func (s *Sampler) readMembers(m *lag.Members, answers []memberAnswer, last *membership) *membership {
	slices.SortFunc(answers, func(a, b memberAnswer) int { return strings.Compare(a.id, b.id) })
	if digest := digestOf(answers); last == nil || last.digest != digest {
		last = s.read(answers)
		last.digest = digest
		if m.Assignor == streamsAssignor {
			var tasks streamsTasks
			for i := range answers {
				tasks.add(answers[i].assignment)
			}
			last.tasks = tasks.count()
		}
	}
	m.Topics, m.Opaque, m.Tasks = last.topics, last.opaque, last.tasks
	m.Assigned, m.Replicas = last.assigned, last.replicas
	return last
}

var digestSeed = maphash.MakeSeed()

// digestOf tells whether members say the same as before.
func digestOf(answers []memberAnswer) uint64 {
	var h maphash.Hash
	h.SetSeed(digestSeed)
	part := func(s string) { _, _ = h.WriteString(s); _ = h.WriteByte(0) }
	for i := range answers {
		m := &answers[i]
		part(m.id)
		part(m.client.ID)
		part(m.client.Host)
		_, _ = h.Write(m.subscription)
		_ = h.WriteByte(0)
		_, _ = h.Write(m.assignment)
		_ = h.WriteByte(0)
		c := m.consumer
		if c == nil {
			continue
		}
		for _, t := range c.SubscribedTopicNames {
			part(t)
		}
		if r := c.SubscribedTopicRegex; r != nil {
			part(*r)
		}
		for _, a := range [2]sarama.ConsumerGroupAssignment{c.Assignment, c.TargetAssignment} {
			_ = h.WriteByte(1)
			for _, tp := range a.TopicPartitions {
				part(tp.TopicName)
				for _, p := range tp.Partitions {
					maphash.WriteComparable(&h, p)
				}
			}
		}
	}
	return h.Sum64()
}

// read takes the members apart.
func (s *Sampler) read(answers []memberAnswer) *membership {
	out := &membership{}
	topics := map[string]bool{}
	held := holders{}
	clients := make([]pilot.Client, 0, len(answers))
	for i := range answers {
		m, number := &answers[i], int32(i)
		clients = append(clients, m.client)
		var holds []holding
		readable := true
		if c := m.consumer; c != nil {
			holds = s.consumerHoldings(c, topics)
			// A member that shows no names subscribes by expression, whether the broker tells it or not.
			r := c.SubscribedTopicRegex
			out.opaque = out.opaque || r != nil && *r != "" || len(c.SubscribedTopicNames) == 0
		} else {
			var subscribed []string
			subscribed, readable = parseSubscription(m.subscription)
			s.addTopics(topics, subscribed...)
			out.opaque = out.opaque || !readable
			holds, readable = parseAssignment(m.assignment)
			out.opaque = out.opaque || !readable
		}
		held.unreadable = held.unreadable || !readable
		for _, h := range holds {
			s.addTopics(topics, h.topic)
			if n := s.topicNames.of(h.topic); n.admitted && h.topic != "" {
				held.add(n.text, h.partitions, number)
			}
		}
	}
	out.topics, out.assigned, out.replicas = sortedKeys(topics), held.assigned(), pilot.CountReplicas(clients)
	return out
}

// consumerHoldings is what a member holds; what it is to hold names topics only.
func (s *Sampler) consumerHoldings(c *sarama.ConsumerGroupMemberDescription, topics map[string]bool) []holding {
	s.addTopics(topics, c.SubscribedTopicNames...)
	for _, tp := range c.TargetAssignment.TopicPartitions {
		s.addTopics(topics, tp.TopicName)
	}
	holds := make([]holding, 0, len(c.Assignment.TopicPartitions))
	for _, tp := range c.Assignment.TopicPartitions {
		holds = append(holds, holding{tp.TopicName, tp.Partitions})
	}
	return holds
}

// holders collects who holds which partition.
type holders struct {
	all        []holder
	unreadable bool
}

type holder struct {
	topic             string
	partition, member int32
}

func (h *holders) add(topic string, partitions []int32, member int32) {
	for _, p := range partitions {
		h.all = append(h.all, holder{topic, p, member})
	}
}

// assigned is what was collected; nil where a part of it could not be read, for half an assignment makes members look
// idle.
func (h *holders) assigned() []lag.Assigned {
	if h.unreadable {
		return nil
	}
	slices.SortFunc(h.all, func(a, b holder) int {
		return cmp.Or(strings.Compare(a.topic, b.topic), cmp.Compare(a.partition, b.partition))
	})
	var out []lag.Assigned
	for i, x := range h.all {
		if i == 0 || x.topic != h.all[i-1].topic {
			out = append(out, lag.Assigned{Topic: x.topic})
		}
		a := &out[len(out)-1]
		a.Partitions, a.Members = append(a.Partitions, x.partition), append(a.Members, x.member)
	}
	return out
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
