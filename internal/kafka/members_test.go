package kafka

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/IBM/sarama"
	"github.com/google/go-cmp/cmp"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"kafka_burndown_exporter/internal/lag"
)

func subscription(version int16, topics ...string) []byte {
	m := kmsg.NewConsumerMemberMetadata()
	m.Version, m.Topics = version, topics
	m.UserData = []byte("user data")
	return m.AppendTo(nil)
}

func assignment(topics ...string) []byte {
	m := kmsg.NewConsumerMemberAssignment()
	for _, t := range topics {
		a := kmsg.NewConsumerMemberAssignmentTopic()
		a.Topic, a.Partitions = t, []int32{0, 1}
		m.Topics = append(m.Topics, a)
	}
	return m.AppendTo(nil)
}

func assignedTopics(data []byte) (topics []string, ok bool) {
	held, ok := parseAssignment(data)
	for _, h := range held {
		topics = append(topics, h.topic)
	}
	return topics, ok
}

func TestParseMembers(t *testing.T) {
	for _, c := range []struct {
		name  string
		parse func([]byte) ([]string, bool)
		data  []byte
		want  []string
		ok    bool
	}{
		{"subscription", parseSubscription, subscription(0, "a", "b"), []string{"a", "b"}, true},
		{"newer version", parseSubscription, append(subscription(3, "a"), 1, 2, 3), []string{"a"}, true},
		{"no topics", parseSubscription, subscription(1), nil, true},
		{"rebalancing", parseSubscription, nil, nil, false},
		{"cut", parseSubscription, subscription(0, "a", "b")[:8], nil, false},
		{"too many", parseSubscription, []byte{0, 0, 0x7f, 0xff, 0xff, 0xff}, nil, false},
		{"garbage", parseSubscription, []byte("worker=http://host:8083"), nil, false},
		{"assignment", assignedTopics, assignment("a", "b"), []string{"a", "b"}, true},
		{"none", assignedTopics, nil, nil, true},
		{"cut assignment", assignedTopics, assignment("a", "b")[:14], nil, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, ok := c.parse(c.data)
			if ok != c.ok || !slices.Equal(got, c.want) {
				t.Errorf("%q, %v", got, ok)
			}
		})
	}
}

func FuzzParseMembers(f *testing.F) {
	f.Add(subscription(3, "a", "b"))
	f.Add(assignment("a", "b"))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, parse := range []func([]byte) ([]string, bool){parseSubscription, assignedTopics} {
			topics, ok := parse(data)
			if !ok && topics != nil {
				t.Error("topics of what could not be read")
			}
			size := 0
			for _, topic := range topics {
				size += 2 + len(topic)
			}
			if size > len(data) {
				t.Errorf("%d bytes of topics in %d bytes", size, len(data))
			}
		}
	})
}

// idleConsumer takes part in a group and reads nothing.
type idleConsumer struct{ sync.Once }

func (*idleConsumer) Setup(sarama.ConsumerGroupSession) error   { return nil }
func (*idleConsumer) Cleanup(sarama.ConsumerGroupSession) error { return nil }
func (*idleConsumer) ConsumeClaim(s sarama.ConsumerGroupSession, _ sarama.ConsumerGroupClaim) error {
	<-s.Context().Done()
	return nil
}

func TestClassicMembers(t *testing.T) {
	f := newFixture(t, kfake.NumBrokers(2))
	f.topic("orders", 4)
	f.topic("payments", 2)
	conf := *f.client
	conf.Consumer.Group.Rebalance.GroupStrategies = []sarama.BalanceStrategy{sarama.NewBalanceStrategyRange()}
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	for range 2 {
		consumer, err := sarama.NewConsumerGroup(f.cluster.ListenAddrs(), "app", &conf)
		if err != nil {
			t.Fatal(err)
		}
		wg.Go(func() {
			for ctx.Err() == nil {
				_ = consumer.Consume(ctx, []string{"orders", "payments"}, &idleConsumer{})
			}
			_ = consumer.Close()
		})
	}
	waiting, stop := context.WithTimeout(t.Context(), 30*time.Second)
	defer stop()
	if _, err := f.cluster.WaitGroupStable(waiting, "app", 2); err != nil {
		t.Fatal(err)
	}
	g := groupOf(t, f.wave(f.sampler()), "app")
	cancel()
	wg.Wait()
	want := &lag.Members{State: "Stable", Count: 2, Assignor: "range", Topics: []string{"orders", "payments"},
		Replicas: 2, Assigned: []lag.Assigned{
			{Topic: "orders", Partitions: []int32{0, 1, 2, 3}, Members: []int32{0, 0, 1, 1}},
			{Topic: "payments", Partitions: []int32{0, 1}, Members: []int32{0, 1}},
		}}
	if g.Members != nil {
		want.At = g.Members.At
	}
	if diff := cmp.Diff(want, g.Members); diff != "" {
		t.Errorf("members (-want +got):\n%s", diff)
	}
	if g.Type != lag.GroupClassic || g.ProtocolType != "consumer" || g.State != "Stable" {
		t.Errorf("%+v", g)
	}
}

// join makes a member of a KIP-848 or share group.
func join(t *testing.T, f *fixture, r kmsg.Request) {
	t.Helper()
	client, err := kgo.NewClient(kgo.SeedBrokers(f.cluster.ListenAddrs()...), kgo.Dialer(f.config.Dial))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	if _, err := client.Request(t.Context(), r); err != nil {
		t.Fatal(err)
	}
}

func TestConsumerProtocolMembers(t *testing.T) {
	for _, c := range []struct {
		name   string
		topics []string
		regex  *string
		opaque bool
	}{
		{"names", []string{"orders"}, nil, false},
		{"regular expression", nil, kmsg.StringPtr("^ord.*"), true},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := newFixture(t, kfake.NumBrokers(2))
			f.topic("orders", 4)
			r := kmsg.NewPtrConsumerGroupHeartbeatRequest()
			r.Group, r.MemberID, r.RebalanceTimeoutMillis = "app", "member-1", 10_000
			r.SubscribedTopicNames, r.SubscribedTopicRegex = c.topics, c.regex
			r.Topics = []kmsg.ConsumerGroupHeartbeatRequestTopic{}
			r.ServerAssignor = kmsg.StringPtr("range")
			join(t, f, r)
			g := groupOf(t, f.wave(f.sampler()), "app")
			m := g.Members
			if m == nil || m.Count != 1 || m.Assignor != "range" || m.Opaque != c.opaque ||
				!c.opaque && !slices.Equal(m.Topics, []string{"orders"}) {
				t.Errorf("members: %+v\n%s", m, f.logs)
			}
			if g.Type != lag.GroupConsumer || g.CommitsAt.IsZero() || g.State != m.State {
				t.Errorf("%+v", g)
			}
		})
	}
}

// A group is described in its first two waves, when its state changes, and after the refresh time.
func TestDescriptionSchedule(t *testing.T) {
	bubble(t, 1, func(t *testing.T, f *fixture) {
		f.topic("orders", 1)
		f.groups(1, "orders")
		f.config.MembersRefresh = time.Minute
		s := f.sampler()
		var described []int
		var last time.Time
		for wave := range 12 {
			if at := groupOf(t, f.next(s), "group-00000").Members.At; at.After(last) {
				described = append(described, wave)
				last = at
			}
		}
		if !slices.Equal(described, []int{0, 1, 7}) {
			t.Errorf("described in waves %v", described)
		}
	})
}

func TestClassicMembersOfOtherKinds(t *testing.T) {
	s := &Sampler{topicNames: newNamer(nil, nil, Shard{})}
	type members = map[string]*sarama.GroupMemberDescription
	member := func(metadata []byte) members { return members{"m": {MemberMetadata: metadata}} }
	worker := member([]byte("x"))
	for _, c := range []struct {
		name string
		in   sarama.GroupDescription
		want lag.Members
	}{
		{"connect", sarama.GroupDescription{State: "Stable", ProtocolType: "connect", Protocol: "sessioned", Members: worker},
			lag.Members{State: "Stable", Count: 1, Assignor: "sessioned", Opaque: true}},
		{"simple", sarama.GroupDescription{State: "Empty"}, lag.Members{State: "Empty"}},
		{"rebalancing", sarama.GroupDescription{State: "PreparingRebalance", ProtocolType: "consumer", Members: member(nil)},
			lag.Members{State: "PreparingRebalance", Count: 1, Opaque: true, Topics: []string{}}},
		{"nil member", sarama.GroupDescription{ProtocolType: "consumer", Members: members{"m": nil}},
			lag.Members{Count: 1, Opaque: true, Topics: []string{}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, _ := s.classicMembers(&c.in, nil, time.Time{})
			if diff := cmp.Diff(&c.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// Nobody wants the topics of an Empty group's last subscription, but a rebalance that follows does not tell them again.
func TestSubscriptionIsKeptWhileEmpty(t *testing.T) {
	s := &Sampler{}
	g := &group{entry: &entry{}}
	for i, step := range []struct {
		state  string
		topics []string
		want   []string
	}{
		{"PreparingRebalance", nil, nil},
		{"Stable", []string{"a", "b"}, []string{"a", "b"}},
		{"CompletingRebalance", nil, []string{"a", "b"}},
		{"Empty", nil, nil},
		{"PreparingRebalance", nil, []string{"a", "b"}},
		{"Stable", []string{"c"}, []string{"c"}},
		{"Dead", nil, nil},
		{"Assigning", []string{"d"}, []string{"d"}},
		{"Stable", nil, nil},
		{"PreparingRebalance", nil, nil},
	} {
		g.entry.listedAt = time.Unix(int64(i), 0)
		m := &lag.Members{At: g.entry.listedAt.Add(time.Millisecond), State: step.state, Topics: step.topics}
		done := make(chan struct{})
		close(done)
		s.finishDescribing(&describer{results: [][]description{{{group: g, listed: step.state, members: m}}}, done: done})
		if diff := cmp.Diff(step.want, g.wants()); diff != "" {
			t.Errorf("step %d, %s (-want +got):\n%s", i, step.state, diff)
		}
	}
}
