package integration

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/kversion"

	"kafka_burndown_exporter/internal/lag"
	broker "kafka_burndown_exporter/test/kafka"
)

// TestStreamsGroup compares a streams group (KIP-1071) with kafka-streams-groups. Its members are not Kafka Streams: they
// speak its protocol, and do nothing with the tasks they get.
func TestStreamsGroup(t *testing.T) {
	cluster := broker.Start(t, broker.Options{Version: broker.NewVersion, Properties: map[string]string{
		"group.streams.heartbeat.interval.ms": "500", "group.streams.min.heartbeat.interval.ms": "500",
		"group.streams.initial.rebalance.delay.ms": "0",
	}})
	createTopic(t, cluster, "clicks", 3)
	createTopic(t, cluster, "app-by-key-repartition", 3)
	producer := client(t, cluster)
	produce(t, producer, "clicks", 3, 50)
	config := settings(cluster.Addrs(broker.Plaintext))
	config.WaveTimeout = 4 * time.Second // for busy machines
	pipeline := startPipeline(t, config, nil)

	consume(t, cluster, "first", kgo.ConsumeTopics("clicks")) // which makes the offsets topic
	var members []*streamsMember
	for _, process := range []string{"p1", "p1", "p2", "p2"} {
		members = append(members, startStreamsMember(t, cluster, "app", process))
	}
	pipeline.wait(t, "app", 60*time.Second, func(s *lag.Snapshot) string {
		g := findGroup(s, "app")
		if g == nil || g.Type != lag.GroupStreams || g.State != "Stable" || g.Members != 4 || g.Processes != 2 || g.UsefulMembers != 6 {
			return fmt.Sprintf("%+v", g)
		}
		return ""
	})
	members[0].commit(t, "app", map[string]map[int32]int64{"clicks": {0: 10, 1: 20, 2: 50}})
	state, lags := streamsTable(t, cluster)
	if state["STATE"] != "Stable" || state["#MEMBERS"] != "4" {
		t.Errorf("kafka-streams-groups tells %v", state)
	}
	want := map[string]int64{}
	for _, row := range lags {
		want[row["TOPIC"]+" "+row["PARTITION"]] = number(t, row["OFFSET-LAG"])
	}
	if want["clicks 0"] != 40 || want["clicks 1"] != 30 || want["clicks 2"] != 0 {
		t.Errorf("kafka-streams-groups tells %v", want)
	}
	pipeline.wait(t, "agreement with kafka-streams-groups", 30*time.Second, func(s *lag.Snapshot) string {
		g := findGroup(s, "app")
		if g == nil || g.Lag != 70 || !g.Complete || len(g.Topics) != 2 {
			return fmt.Sprintf("%+v", g)
		}
		gt := findGroupTopic(g, "clicks")
		for i, p := range gt.Partition {
			if gt.Lag[i] != want["clicks "+strconv.Itoa(int(p))] {
				return fmt.Sprintf("%+v, want %v", gt, want)
			}
		}
		return ""
	})
	for _, m := range members {
		m.leave()
	}
	pipeline.wait(t, "app without members", 30*time.Second, func(s *lag.Snapshot) string {
		g := findGroup(s, "app")
		if g == nil || g.State != "Empty" || g.Members != 0 || g.Processes != 0 || g.Lag != 70 {
			return fmt.Sprintf("%+v", g)
		}
		return ""
	})
}

// streamsTable runs kafka-streams-groups --describe for the state and for the offsets.
func streamsTable(t *testing.T, cluster *broker.Cluster) (state map[string]string, offsets []map[string]string) {
	t.Helper()
	for _, what := range []string{"--state", "--offsets"} {
		out, err := cluster.Tool(t.Context(), "kafka-streams-groups", "--describe", "--group", "app", what)
		if err != nil {
			t.Fatal(err)
		}
		var columns []string
		for line := range strings.Lines(out) {
			fields := strings.Fields(line)
			switch {
			case len(fields) > 0 && fields[0] == "GROUP":
				columns = strings.Fields(strings.NewReplacer("COORDINATOR (ID)", "COORDINATOR").Replace(line))
			case len(columns) > 0 && len(fields) >= len(columns) && what == "--state":
				state = row(columns, fields)
			case len(columns) > 0 && len(fields) >= len(columns):
				offsets = append(offsets, row(columns, fields))
			}
		}
	}
	return state, offsets
}

// streamsMember heartbeats as a thread of Kafka Streams does.
type streamsMember struct {
	client *kgo.Client
	leave  func()

	mu    sync.Mutex
	id    string
	epoch int32
}

func startStreamsMember(t *testing.T, cluster *broker.Cluster, group, process string) *streamsMember {
	t.Helper()
	versions := kversion.Tip()
	versions.SetMaxKeyVersion(88, 1) // StreamsGroupHeartbeat
	m := &streamsMember{client: client(t, cluster, kgo.MaxVersions(versions)), id: memberID()}
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	r := kmsg.NewPtrStreamsGroupHeartbeatRequest()
	r.Group, r.MemberID, r.ProcessID, r.RebalanceTimeoutMillis = group, m.id, &process, 60_000
	r.Topology = streamsTopology()
	r.ActiveTasks, r.StandbyTasks, r.WarmupTasks = []kmsg.TaskIDs{}, []kmsg.TaskIDs{}, []kmsg.TaskIDs{}
	wg.Go(func() {
		for ctx.Err() == nil {
			pause := 500 * time.Millisecond
			answer, err := m.heartbeat(ctx, r) // what fails is tried again
			if err == nil {
				m.mu.Lock()
				m.epoch, r.MemberEpoch = answer.MemberEpoch, answer.MemberEpoch
				m.mu.Unlock()
				r.Topology, r.ProcessID, r.RebalanceTimeoutMillis = nil, nil, -1
				r.ActiveTasks, r.StandbyTasks, r.WarmupTasks = nil, nil, nil
				if answer.ActiveTasks != nil {
					r.ActiveTasks, r.StandbyTasks, r.WarmupTasks = answer.ActiveTasks, []kmsg.TaskIDs{}, []kmsg.TaskIDs{}
				}
			}
			select {
			case <-ctx.Done():
			case <-time.After(pause):
			}
		}
	})
	m.leave = sync.OnceFunc(func() {
		cancel()
		wg.Wait()
		last := kmsg.NewPtrStreamsGroupHeartbeatRequest()
		last.Group, last.MemberID, last.MemberEpoch = group, m.id, -1
		_, _ = m.heartbeat(context.Background(), last)
	})
	t.Cleanup(m.leave)
	return m
}

// heartbeat asks the only broker: the client does not know who is to be asked.
func (m *streamsMember) heartbeat(ctx context.Context, r *kmsg.StreamsGroupHeartbeatRequest) (*kmsg.StreamsGroupHeartbeatResponse, error) {
	answer, err := m.client.Broker(1).Request(ctx, r)
	if err != nil {
		return nil, err
	}
	a := answer.(*kmsg.StreamsGroupHeartbeatResponse)
	return a, kerr.ErrorForCode(a.ErrorCode)
}

// streamsTopology counts clicks by a key of their own: a repartition topic between two subtopologies.
func streamsTopology() *kmsg.StreamsGroupHeartbeatRequestTopology {
	topology := kmsg.NewStreamsGroupHeartbeatRequestTopology()
	first, second := kmsg.NewStreamsGroupHeartbeatRequestTopologySubtopology(), kmsg.NewStreamsGroupHeartbeatRequestTopologySubtopology()
	first.SubtopologyID, first.SourceTopics = "0", []string{"clicks"}
	first.RepartitionSinkTopics = []string{"app-by-key-repartition"}
	second.SubtopologyID = "1"
	second.RepartitionSourceTopics = []kmsg.TopicInfo{{Topic: "app-by-key-repartition", NumPartitions: 3}}
	topology.Subtopologies = append(topology.Subtopologies, first, second)
	return &topology
}

// commit commits as the member.
func (m *streamsMember) commit(t *testing.T, group string, offsets map[string]map[int32]int64) {
	t.Helper()
	m.mu.Lock()
	r := kmsg.NewPtrOffsetCommitRequest()
	r.Group, r.MemberID, r.Generation = group, m.id, m.epoch
	m.mu.Unlock()
	for name, of := range offsets {
		topic := kmsg.NewOffsetCommitRequestTopic()
		topic.Topic = name
		for p, o := range of {
			one := kmsg.NewOffsetCommitRequestTopicPartition()
			one.Partition, one.Offset = p, o
			topic.Partitions = append(topic.Partitions, one)
		}
		r.Topics = append(r.Topics, topic)
	}
	r.Version = 9
	answer, err := r.RequestWith(t.Context(), m.client)
	if err != nil {
		t.Fatal(err)
	}
	for _, topic := range answer.Topics {
		for _, p := range topic.Partitions {
			if err := kerr.ErrorForCode(p.ErrorCode); err != nil {
				t.Fatalf("commit: %v", err)
			}
		}
	}
}

// memberID is a member ID as Kafka's clients make them.
func memberID() string { return strings.ToUpper(fmt.Sprintf("%022x", time.Now().UnixNano())) }
