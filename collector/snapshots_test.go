package collector

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"kafka_burndown_exporter/internal/lag"
	"kafka_burndown_exporter/internal/pilot"
)

var testTime = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// absentSignals is a set of totals of which nothing is known.
func absentSignals() lag.Signals {
	a := lag.Absent
	return lag.Signals{
		Lag: a, LagMax: a, Backlog: a, UncommittedMessages: a, LagSeconds: a, BurndownSeconds: a,
		ProducerRate: a, ConsumerRate: a, Produced: a, Consumed: a, Lost: a, PartitionsWithLag: a, PartitionsStalled: a,
	}
}

func signals(l float64, partitions int) lag.Signals {
	return lag.Signals{
		Lag: l, LagMax: l, Backlog: l, LagSeconds: 12.5, BurndownSeconds: 30.25, ProducerRate: 100.5, ConsumerRate: 99,
		Produced: 12345, Consumed: 12000, Partitions: partitions, PartitionsWithLag: 1,
	}
}

func snapshotOf(groups ...lag.Group) *lag.Snapshot {
	partition := func(end int64) lag.TopicPartition {
		return lag.TopicPartition{Leader: 1, Preferred: 1, Replicas: 3, InSync: 3, End: end, Start: 10}
	}
	return &lag.Snapshot{
		Began: testTime, Published: testTime.Add(50 * time.Millisecond), Expires: testTime.Add(30 * time.Second),
		ClusterID: "lkc-abc123", Brokers: []lag.Broker{{ID: 1, Address: "kafka-1:9092", Up: true}, {ID: 2, Address: "kafka-2:9092"}, {ID: 3, Gone: true}},
		Topics: []lag.Topic{
			{
				Name: "orders", Partitions: []lag.TopicPartition{partition(1000), partition(2000)},
				Produced: 5e6, ProducerRate: 100.5, Created: testTime,
			},
			{
				Name:       "payments",
				Partitions: []lag.TopicPartition{{Leader: -1, Preferred: 2, Replicas: 3, InSync: 1, End: -1, Start: -1}},
				Produced:   lag.Absent, ProducerRate: lag.Absent, Created: testTime,
			},
		},
		Groups: groups, ClampedNegatives: 2,
	}
}

func normalGroup(id string) lag.Group {
	return lag.Group{
		ID: id, InfoKnown: true, Type: lag.GroupClassic, ProtocolType: "consumer", State: "Stable", Assignor: "range",
		Coordinator: 2, Members: 2, Processes: -1, UsefulMembers: 2, Complete: true, SampleAt: testTime, Created: testTime,
		Signals: signals(1050, 2), LagLog2x7: 70.25, BurndownMaxSeconds: 31, ResetsBackward: 1,
		Topics:  []lag.GroupTopic{normalTopic("orders")},
		Decided: true, Decision: pilot.Decision{Known: true, Replicas: 3, Members: 3, Capacity: 40.5, Saturated: 2,
			Reason: pilot.ReasonBacklog, Rate: 100.5, Behind: 12},
	}
}

func normalTopic(name string) lag.GroupTopic {
	return lag.GroupTopic{
		Topic: name, TopicCreated: testTime, Signals: signals(1050, 2), CurrentOffsetSum: 1950, LagSum: 1050,
		Partition: []int32{0, 1}, Committed: []int64{950, 1000}, Lag: []int64{50, 1000},
	}
}

// scenarios are the snapshots of the golden files.
func scenarios() map[string]*lag.Snapshot {
	unknown := normalGroup("billing")
	unknown.Signals = absentSignals()
	unknown.Partitions, unknown.PartitionsHeld = 1, 1
	unknown.PartitionsUnknown[lag.ReasonLeader] = 1
	unknown.LagLog2x7, unknown.BurndownMaxSeconds, unknown.Complete = lag.Absent, lag.Absent, false
	unknown.ResetsBackward, unknown.ResetsEnd = 0, 3
	unknown.Decision = pilot.Decision{Capacity: lag.Absent, Saturated: -1, Reason: pilot.ReasonOffsets}
	unknown.Topics[0].Signals = unknown.Signals
	unknown.Topics[0].CurrentOffsetSum, unknown.Topics[0].LagSum = lag.Absent, lag.Absent
	unknown.Topics[0].Partition = []int32{1}
	unknown.Topics[0].Committed, unknown.Topics[0].Lag = []int64{1000}, []int64{1000}

	forgotten := lag.Group{
		ID: "forgotten", Coordinator: -1, Members: -1, Processes: -1, Signals: absentSignals(), LagLog2x7: lag.Absent,
		BurndownMaxSeconds: lag.Absent, Created: testTime,
	}
	forgotten.PartitionsUnknown[lag.ReasonCoordinator] = 2

	expected := lag.Group{
		ID: "not-there-yet", InfoKnown: true, State: "Empty", Coordinator: -1, Processes: -1, UsefulMembers: 2, Complete: true,
		Signals: absentSignals(), LagLog2x7: lag.Absent, BurndownMaxSeconds: lag.Absent, SampleAt: testTime,
		Created: testTime,
	}
	expected.Backlog, expected.UncommittedMessages, expected.PartitionsUncommitted = 2980, 2980, 2
	expected.Topics = []lag.GroupTopic{{
		Topic: "orders", Signals: expected.Signals, CurrentOffsetSum: lag.Absent, LagSum: lag.Absent,
		TopicCreated: testTime,
	}}

	hostile := normalGroup("a\"b\\c\nd{},=ü🦜")
	hostile.Assignor = `custom "sticky"`
	hostile.Topics = []lag.GroupTopic{normalTopic("t\\\"\n\\n")}

	share := lag.Group{
		ID: "share", InfoKnown: true, Type: lag.GroupShare, ProtocolType: "share", State: "Stable", Coordinator: 1,
		Members: 3, Processes: -1, Untold: true, Complete: true,
		Signals: absentSignals(), LagLog2x7: lag.Absent, BurndownMaxSeconds: lag.Absent,
	}

	streams := normalGroup("streams")
	streams.Type, streams.ProtocolType, streams.State = lag.GroupStreams, "streams", "SomethingNew"
	streams.Processes = 1
	abandoned := normalGroup("billing")
	abandoned.Type, abandoned.State, abandoned.Assignor = lag.GroupConsumer, "Reconciling", "uniform"
	old := normalTopic("payments")
	old.Abandoned = true
	abandoned.Topics = append(abandoned.Topics, old)

	return map[string]*lag.Snapshot{
		"normal":    snapshotOf(normalGroup("billing"), normalGroup("shipping")),
		"unknown":   snapshotOf(unknown, forgotten),
		"expected":  snapshotOf(expected),
		"hostile":   snapshotOf(hostile),
		"share":     snapshotOf(share),
		"abandoned": snapshotOf(abandoned, streams),
		"empty":     {Published: testTime, Expires: testTime.Add(30 * time.Second)},
	}
}

// largeSnapshot has groups of one topic of its own with that many partitions each.
func largeSnapshot(groups, partitions int) *lag.Snapshot {
	s := &lag.Snapshot{Published: testTime, Expires: testTime.Add(time.Hour)}
	for i := range groups {
		topic := fmt.Sprintf("customer.orders.enriched.events.%05d", i)
		t := lag.Topic{Name: topic, Created: testTime, Produced: float64(i * 1000), ProducerRate: 100.125}
		g := normalGroup(fmt.Sprintf("payments-reconciliation-service-%05d", i))
		gt := lag.GroupTopic{Topic: topic, Signals: signals(float64(i), partitions), TopicCreated: testTime}
		for p := range partitions {
			committed := int64(i)*7_919_317 + int64(p)*104_729
			l := int64(p*31+i) % 5000
			t.Partitions = append(t.Partitions, lag.TopicPartition{
				Leader: int32(p % 3), Replicas: 3, InSync: 3, End: committed + l,
			})
			gt.Partition = append(gt.Partition, int32(p))
			gt.Committed = append(gt.Committed, committed)
			gt.Lag = append(gt.Lag, l)
		}
		g.Topics = []lag.GroupTopic{gt}
		s.Topics, s.Groups = append(s.Topics, t), append(s.Groups, g)
	}
	return s
}

// fleet is a cluster of 100 topics with 50 partitions, and groups that each commit on four of them: names have the
// entropy of an organisation's.
type fleet struct {
	topics, groups []string
	moved          []int
}

func newFleet(groups int) *fleet {
	r := rand.New(rand.NewPCG(1, 2))
	words := strings.Fields("orders payments inventory pricing ledger audit session search courier telemetry refund fraud " +
		"notification warehouse returns basket profile events commands snapshots retry eu-west us-east prod staging v1 v2 v3")
	name := func(kind string, i int) string {
		var b strings.Builder
		for n := 12 + r.IntN(55); b.Len() < n; {
			b.WriteString(words[r.IntN(len(words))] + string("-._"[r.IntN(3)]))
		}
		return fmt.Sprintf("%s%s%04x", b.String(), kind, i)
	}
	f := &fleet{moved: make([]int, groups)}
	for i := range 100 {
		f.topics = append(f.topics, name("t", i))
	}
	for i := range groups {
		f.groups = append(f.groups, name("g", i))
	}
	slices.Sort(f.topics)
	slices.Sort(f.groups)
	return f
}

// snapshot is the nth, before which so many groups moved.
func (f *fleet) snapshot(n, moving int) *lag.Snapshot {
	at := testTime.Add(time.Duration(n) * 10 * time.Second)
	s := &lag.Snapshot{Began: at, Published: at, Expires: at.Add(time.Hour), Brokers: []lag.Broker{{ID: 1, Address: "kafka:9092"}}}
	for _, name := range f.topics {
		t := lag.Topic{Name: name, Created: testTime, Produced: float64(n) * 1234, ProducerRate: 123.4}
		for p := range 50 {
			t.Partitions = append(t.Partitions, lag.TopicPartition{Leader: 1, Replicas: 3, InSync: 3, End: int64(5_000_000 + p*7919), Start: int64(p)})
		}
		s.Topics = append(s.Topics, t)
	}
	for i := range moving {
		f.moved[(n*moving+i)%len(f.groups)]++
	}
	for i, id := range f.groups {
		g := normalGroup(id)
		moved := f.moved[i]
		g.Signals, g.SampleAt, g.Topics = signals(float64(200*(1000+i-moved)), 200), at, nil
		g.Consumed = float64(12000 + 200*moved)
		for j := range 4 {
			t := normalTopic(f.topics[(i*7+j)%len(f.topics)])
			t.Signals = signals(float64(50*(1000+i-moved)), 50)
			t.Consumed = float64(3000 + 50*moved)
			t.Partition, t.Committed, t.Lag = nil, nil, nil
			for p := range 50 {
				l := int64(1000+i+p*3) - int64(moved)
				t.Partition = append(t.Partition, int32(p))
				t.Committed, t.Lag = append(t.Committed, int64(5_000_000+p*7919)-l), append(t.Lag, l)
			}
			g.Topics = append(g.Topics, t)
		}
		slices.SortFunc(g.Topics, func(a, b lag.GroupTopic) int { return strings.Compare(a.Topic, b.Topic) })
		s.Groups = append(s.Groups, g)
	}
	return s
}
