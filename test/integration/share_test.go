package integration

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/IBM/sarama"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"kafka_burndown_exporter/internal/lag"
	broker "kafka_burndown_exporter/test/kafka"
)

// shareWorld is a cluster with share groups.
type shareWorld struct {
	*broker.Cluster
	pipeline *pipeline
	producer *kgo.Client
}

// TestShareGroups compares share groups with kafka-share-groups, after everything that can become of a record.
func TestShareGroups(t *testing.T) {
	w := &shareWorld{Cluster: broker.Start(t, broker.Options{Version: broker.NewVersion, Properties: map[string]string{
		"group.share.heartbeat.interval.ms": "500", "group.share.min.heartbeat.interval.ms": "500",
	}})}
	for name, partitions := range map[string]int32{"orders": 3, "paid": 1, "trimmed": 1} {
		createTopic(t, w.Cluster, name, partitions)
	}
	w.producer = client(t, w.Cluster)
	produce(t, w.producer, "orders", 3, 100)
	produce(t, w.producer, "trimmed", 1, 100)
	config := settings(w.Addrs(broker.Plaintext))
	config.WaveTimeout = 4 * time.Second // for busy machines
	w.pipeline = startPipeline(t, config, nil)

	w.begin(t, "accepting", "earliest")
	w.take(t, "accepting", "orders", 60, func(*kgo.Record) kgo.AckStatus { return kgo.AckAccept })
	w.begin(t, "gaps", "earliest") // every tenth is handed back, so that what is done has gaps
	w.take(t, "gaps", "orders", 150, func(r *kgo.Record) kgo.AckStatus {
		if r.Offset%10 == 0 {
			return kgo.AckRelease
		}
		return kgo.AckAccept
	})
	w.begin(t, "rejecting", "earliest")
	w.take(t, "rejecting", "orders", 30, func(*kgo.Record) kgo.AckStatus { return kgo.AckReject })
	w.deadLetters(t)
	w.begin(t, "holding", "earliest")
	w.take(t, "holding", "orders", 30, func(*kgo.Record) kgo.AckStatus { return 0 })
	w.transaction(t)
	w.late(t)
	w.compare(t, nil)

	w.trimmed(t)
	w.reset(t)
	w.compare(t, map[string]int64{"trimmed trimmed 0": 30}) // the tool counts what was deleted
	for _, s := range w.pipeline.snapshots() {
		if s.ClampedNegatives != 0 {
			t.Fatalf("%d lags were clamped", s.ClampedNegatives)
		}
		for i := range s.Groups {
			if g := &s.Groups[i]; g.ID != "gaps" && g.ResetsBackward+g.ResetsEnd > 0 {
				t.Fatalf("a reset of %s: %+v", g.ID, g)
			}
		}
	}
}

// briefly is long enough for a poll to join a group.
func briefly(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	t.Cleanup(cancel)
	return ctx
}

func (w *shareWorld) wait(t *testing.T, id string, check func(*lag.Group) bool) {
	t.Helper()
	w.pipeline.wait(t, id, 30*time.Second, func(s *lag.Snapshot) string {
		if g := findGroup(s, id); g == nil || !check(g) {
			return fmt.Sprintf("%+v", g)
		}
		return ""
	})
}

// begin says where a share group begins.
func (w *shareWorld) begin(t *testing.T, group, at string) {
	t.Helper()
	setGroupConfig(t, w.producer, group, "share.auto.offset.reset", at)
}

func setGroupConfig(t *testing.T, c *kgo.Client, group, name, value string) {
	t.Helper()
	r := kmsg.NewPtrIncrementalAlterConfigsRequest()
	resource := kmsg.NewIncrementalAlterConfigsRequestResource()
	resource.ResourceType, resource.ResourceName = kmsg.ConfigResourceTypeGroupConfig, group
	config := kmsg.NewIncrementalAlterConfigsRequestResourceConfig()
	config.Name, config.Value = name, &value
	resource.Configs = append(resource.Configs, config)
	r.Resources = append(r.Resources, resource)
	answer, err := r.RequestWith(t.Context(), c)
	if err == nil {
		err = kerr.ErrorForCode(answer.Resources[0].ErrorCode)
	}
	if err != nil {
		t.Fatalf("configure %s: %v", group, err)
	}
}

func (w *shareWorld) consumer(t *testing.T, group, topic string) *kgo.Client {
	t.Helper()
	return client(t, w.Cluster, kgo.ShareGroup(group), kgo.ConsumeTopics(topic), kgo.ShareMaxRecords(10), kgo.ShareMaxRecordsStrict())
}

// take lets a new member take records and acknowledge them, but for those whose status is 0. The member stays.
func (w *shareWorld) take(t *testing.T, group, topic string, records int, status func(*kgo.Record) kgo.AckStatus) *kgo.Client {
	t.Helper()
	c := w.consumer(t, group, topic)
	acknowledge(t, c, records, status)
	return c
}

func accept(t *testing.T, c *kgo.Client, records int) {
	t.Helper()
	acknowledge(t, c, records, func(*kgo.Record) kgo.AckStatus { return kgo.AckAccept })
}

func acknowledge(t *testing.T, c *kgo.Client, records int, status func(*kgo.Record) kgo.AckStatus) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
	defer cancel()
	for records > 0 {
		fetches := c.PollRecords(ctx, min(10, records))
		if err := ctx.Err(); err != nil {
			t.Fatalf("%d records are lacking: %v, %v", records, err, fetches.Errors())
		}
		for _, r := range fetches.Records() {
			records--
			if s := status(r); s != 0 {
				r.Ack(s)
			} else {
				records = 0 // the next poll would accept it
			}
		}
	}
	if err := c.FlushAcks(ctx); err != nil {
		t.Fatal(err)
	}
}

// deadLetters rejects records that go to a dead-letter topic (KIP-1191): they are done once they are there.
func (w *shareWorld) deadLetters(t *testing.T) {
	enable := "true"
	detail := &sarama.TopicDetail{NumPartitions: 1, ReplicationFactor: 1, ConfigEntries: map[string]*string{"errors.deadletterqueue.group.enable": &enable}}
	if err := admin(t, w.Cluster).CreateTopic("dlq.orders", detail, false); err != nil {
		t.Fatal(err)
	}
	w.begin(t, "lettering", "earliest")
	setGroupConfig(t, w.producer, "lettering", "errors.deadletterqueue.topic.name", "dlq.orders")
	w.take(t, "lettering", "orders", 40, func(r *kgo.Record) kgo.AckStatus {
		if r.Offset%2 == 0 {
			return kgo.AckReject
		}
		return kgo.AckAccept
	})
	w.pipeline.wait(t, "dead letters", 60*time.Second, func(s *lag.Snapshot) string {
		if topic := findTopic(s, "dlq.orders"); topic == nil || topic.Partitions[0].End != 20 {
			return fmt.Sprintf("%+v", topic)
		}
		if g := findGroup(s, "lettering"); g.Lag+g.UncommittedMessages != 260 || g.PartitionsUncommitted > 2 {
			return fmt.Sprintf("%+v", g)
		}
		return ""
	})
}

// transaction leaves a group at the end of a topic whose last offset is the marker of a transaction.
func (w *shareWorld) transaction(t *testing.T) {
	writer := client(t, w.Cluster, kgo.TransactionalID("paid"))
	if err := writer.BeginTransaction(); err != nil {
		t.Fatal(err)
	}
	produce(t, writer, "paid", 1, 20)
	if err := writer.EndTransaction(t.Context(), kgo.TryCommit); err != nil {
		t.Fatal(err)
	}
	w.begin(t, "paid", "earliest")
	w.take(t, "paid", "paid", 20, func(*kgo.Record) kgo.AckStatus { return kgo.AckAccept })
}

// late begins at the end of a topic. The broker tells nothing of that before the first record is done.
func (w *shareWorld) late(t *testing.T) {
	w.begin(t, "late", "latest")
	c := w.consumer(t, "late", "orders")
	c.PollRecords(briefly(t), 1)
	w.wait(t, "late", func(g *lag.Group) bool {
		return g.PartitionsUncommitted == 3 && g.UncommittedMessages == 300 && g.Backlog == 0 && g.Members == 1
	})
	produce(t, w.producer, "orders", 3, 5)
	w.wait(t, "late", func(g *lag.Group) bool { return g.PartitionsUncommitted == 3 && !lag.Known(g.Backlog) })
	accept(t, c, 15)
	w.wait(t, "late", func(g *lag.Group) bool { return g.Partitions == 3 && g.Lag == 0 && g.Backlog == 0 })
}

// trimmed deletes records that a group has not read.
func (w *shareWorld) trimmed(t *testing.T) {
	w.begin(t, "trimmed", "earliest")
	c := w.take(t, "trimmed", "trimmed", 70, func(*kgo.Record) kgo.AckStatus { return kgo.AckAccept })
	c.Close()
	w.wait(t, "trimmed", func(g *lag.Group) bool { return g.Lag == 30 && g.State == "Empty" && g.Members == 0 })
	if err := admin(t, w.Cluster).DeleteRecords("trimmed", map[int32]int64{0: 100}); err != nil {
		t.Fatal(err)
	}
	w.wait(t, "trimmed", func(g *lag.Group) bool { return g.Lag == 0 && g.Lost == 30 && g.Backlog == 0 })
}

// reset moves a group that nobody consumes for to the beginning.
func (w *shareWorld) reset(t *testing.T) {
	c := w.take(t, "again", "orders", 0, func(*kgo.Record) kgo.AckStatus { return kgo.AckAccept })
	c.PollRecords(briefly(t), 1)
	c.Close()
	w.wait(t, "again", func(g *lag.Group) bool { return g.State == "Empty" })
	if _, err := w.Tool(t.Context(), "kafka-share-groups", "--group", "again", "--reset-offsets", "--to-earliest", "--topic",
		"orders", "--execute"); err != nil {
		t.Fatal(err)
	}
}

// compare waits until a snapshot says what kafka-share-groups says, but for partitions where the tool counts more. What is
// held is handed back after a while, so that the tool is asked again.
func (w *shareWorld) compare(t *testing.T, more map[string]int64) {
	t.Helper()
	difference := "nothing was compared"
	err := eventually(t.Context(), 2*time.Minute, func() (bool, error) {
		want := w.offsets(t)
		if len(want) < 10 {
			difference = fmt.Sprintf("kafka-share-groups tells %v", want)
			return false, nil
		}
		for key, n := range more {
			want[key] -= n
		}
		states, members := w.states(t)
		err := eventually(t.Context(), 5*time.Second, func() (bool, error) {
			difference = differentShares(w.pipeline.snapshot(), want, states, members)
			return difference == "", nil
		})
		return err == nil, nil
	})
	if err != nil {
		t.Fatalf("agreement with kafka-share-groups: %v: %s", err, difference)
	}
}

// differentShares says where a snapshot differs from what is wanted of share groups: lags, states and members.
func differentShares(s *lag.Snapshot, want map[string]int64, states map[string]string, members map[string]int) string {
	got := map[string]int64{}
	for i := range s.Groups {
		g := &s.Groups[i]
		if g.Type != lag.GroupShare {
			continue
		}
		if g.State != states[g.ID] || g.Members != members[g.ID] {
			return fmt.Sprintf("%s is %s with %d members, want %s with %d", g.ID, g.State, g.Members, states[g.ID], members[g.ID])
		}
		if g.UsefulMembers != 0 || !g.Complete {
			return fmt.Sprintf("%+v", g)
		}
		for _, gt := range g.Topics {
			for j, p := range gt.Partition {
				got[fmt.Sprint(g.ID, " ", gt.Topic, " ", p)] = gt.Lag[j]
			}
		}
	}
	if !maps.Equal(got, want) {
		return fmt.Sprintf("%v, want %v", sorted(got), sorted(want))
	}
	return ""
}

func sorted(m map[string]int64) (out []string) {
	for _, key := range slices.Sorted(maps.Keys(m)) {
		out = append(out, fmt.Sprint(key, "=", m[key]))
	}
	return out
}

// offsets are the lags that kafka-share-groups tells, by group, topic and partition.
func (w *shareWorld) offsets(t *testing.T) map[string]int64 {
	t.Helper()
	out := map[string]int64{}
	for _, row := range w.table(t, "--offsets") {
		if row["LAG"] != "-" && row["LAG"] != "" {
			out[row["GROUP"]+" "+row["TOPIC"]+" "+row["PARTITION"]] = number(t, row["LAG"])
		}
	}
	return out
}

// states are the states and the numbers of members that it tells.
func (w *shareWorld) states(t *testing.T) (states map[string]string, members map[string]int) {
	t.Helper()
	states, members = map[string]string{}, map[string]int{}
	for _, row := range w.table(t, "--state") {
		n, err := strconv.Atoi(row["#MEMBERS"])
		if err != nil {
			t.Fatal(err)
		}
		states[row["GROUP"]], members[row["GROUP"]] = row["STATE"], n
	}
	return states, members
}

// table runs kafka-share-groups --describe and returns its rows by column.
func (w *shareWorld) table(t *testing.T, args ...string) []map[string]string {
	t.Helper()
	out, err := w.Tool(t.Context(), "kafka-share-groups", append([]string{"--describe", "--all-groups"}, args...)...)
	if err != nil {
		t.Fatal(err)
	}
	var rows []map[string]string
	var columns []string
	for line := range strings.Lines(out) {
		fields := strings.Fields(line)
		switch {
		case len(fields) > 0 && fields[0] == "GROUP":
			columns = strings.Fields(strings.NewReplacer("COORDINATOR (ID)", "COORDINATOR").Replace(line))
		case len(columns) > 0 && len(fields) >= len(columns):
			rows = append(rows, row(columns, fields))
		}
	}
	return rows
}
