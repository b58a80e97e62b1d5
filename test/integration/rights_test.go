package integration

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/IBM/sarama"
	"github.com/twmb/franz-go/pkg/kgo"

	"kafka_burndown_exporter/internal/kafka/auth"
	"kafka_burndown_exporter/internal/lag"
	broker "kafka_burndown_exporter/test/kafka"
)

// testRights gives one user the least rights that suffice for everything, and another rights on some groups only.
func (s *secured) testRights(t *testing.T) {
	createTopic(t, s.Cluster, "orders", 2)
	produce(t, client(t, s.Cluster), "orders", 2, 10)
	offsets := map[int32]int64{0: 3, 1: 4}
	orders := kgo.ConsumeTopics("orders")
	commit(t, consume(t, s.Cluster, "visible-classic", orders), "orders", offsets)
	commit(t, consume(t, s.Cluster, "visible-modern", orders, kgo.ServerSideBalancer()), "orders", offsets)
	commitSimply(t, s.Cluster, "hidden", "orders", offsets)
	createTopic(t, s.Cluster, "jobs", 1)
	produce(t, client(t, s.Cluster), "jobs", 1, 20)
	setGroupConfig(t, client(t, s.Cluster), "visible-share", "share.auto.offset.reset", "earliest")
	accept(t, client(t, s.Cluster, kgo.ShareGroup("visible-share"), kgo.ConsumeTopics("jobs"), kgo.ShareMaxRecords(7),
		kgo.ShareMaxRecordsStrict()), 7)

	s.allow(t, user, sarama.Resource{ResourceType: sarama.AclResourceGroup, ResourceName: "*",
		ResourcePatternType: sarama.AclPatternLiteral})
	s.allow(t, partial, sarama.Resource{ResourceType: sarama.AclResourceGroup, ResourceName: "visible",
		ResourcePatternType: sarama.AclPatternPrefixed})

	t.Run("least", func(t *testing.T) {
		p := s.runAs(t, user)
		p.wait(t, "all groups", 30*time.Second, func(snap *lag.Snapshot) string {
			return wantLag(snap, "visible-classic", 1) + wantLag(snap, "visible-modern", 1) + wantLag(snap, "visible-share", 1) +
				wantLag(snap, "hidden", 0)
		})
		failures := p.stats.reasons()
		for _, late := range lateness {
			delete(failures, late)
		}
		if len(failures) > 0 || len(refused(p.logs.lines("warn"))) > 0 {
			t.Errorf("failures %v\n%s", failures, p.logs)
		}
	})
	t.Run("some groups", func(t *testing.T) {
		p := s.runAs(t, partial)
		p.wait(t, "the visible groups", 30*time.Second, func(snap *lag.Snapshot) string {
			if g := findGroup(snap, "hidden"); g != nil && (lag.Known(g.Lag) || len(g.Topics) > 0 || g.Complete) {
				return fmt.Sprintf("%+v", g)
			}
			return wantLag(snap, "visible-classic", 1) + wantLag(snap, "visible-modern", 1) + wantLag(snap, "visible-share", 1)
		})
		waves := p.stats.waveCount()
		err := eventually(t.Context(), 20*time.Second, func() (bool, error) { return p.stats.waveCount() >= waves+3, nil })
		if err != nil {
			t.Fatal(err)
		}
		lines := refused(p.logs.lines("warn"))
		if len(lines) != 1 || !strings.Contains(lines[0], "GROUP_AUTHORIZATION_FAILED") ||
			!strings.Contains(lines[0], "hidden") {
			t.Errorf("want one line about the rights on hidden:\n%s", p.logs)
		}
		if n := p.stats.reasons()["GROUP_AUTHORIZATION_FAILED"]; n < 3 {
			t.Errorf("%d refusals counted in %d waves", n, p.stats.waveCount())
		}
	})
	t.Run("revoked topic", s.testRevokedTopic)
}

// testRevokedTopic takes the right on one of a group's two topics away, and gives it back.
func (s *secured) testRevokedTopic(t *testing.T) {
	for topic, n := range map[string]int{"kept": 30, "revoked": 50} {
		createTopic(t, s.Cluster, topic, 1)
		produce(t, client(t, s.Cluster), topic, 1, n)
		commitSimply(t, s.Cluster, "both", topic, map[int32]int64{0: 10})
	}
	a := admin(t, s.Cluster)
	describe := sarama.Acl{Principal: "User:" + revoked, Host: "*", Operation: sarama.AclOperationDescribe,
		PermissionType: sarama.AclPermissionAllow}
	grant := func(kind sarama.AclResourceType, name string) {
		t.Helper()
		resource := sarama.Resource{ResourceType: kind, ResourceName: name, ResourcePatternType: sarama.AclPatternLiteral}
		if err := a.CreateACLs([]*sarama.ResourceAcls{{Resource: resource, Acls: []*sarama.Acl{&describe}}}); err != nil {
			t.Fatal(err)
		}
	}
	grant(sarama.AclResourceCluster, "kafka-cluster")
	grant(sarama.AclResourceGroup, "*")
	grant(sarama.AclResourceTopic, "kept")
	grant(sarama.AclResourceTopic, "revoked")
	p := s.runAs(t, revoked)
	whole := func(snap *lag.Snapshot) string {
		if g := findGroup(snap, "both"); g == nil || g.Lag != 60 || !g.Complete {
			return fmt.Sprintf("%+v", g)
		}
		return ""
	}
	p.wait(t, "both topics", 30*time.Second, whole)
	topic, pattern := "revoked", sarama.AclPatternLiteral
	matching, err := a.DeleteACL(sarama.AclFilter{ResourceType: sarama.AclResourceTopic, ResourceName: &topic,
		ResourcePatternTypeFilter: pattern, Principal: &describe.Principal, Operation: sarama.AclOperationDescribe,
		PermissionType: sarama.AclPermissionAllow}, false)
	if err != nil || len(matching) != 1 {
		t.Fatal(matching, err)
	}
	p.wait(t, "one topic is unknown", 30*time.Second, func(snap *lag.Snapshot) string {
		g := findGroup(snap, "both")
		if g == nil || lag.Known(g.Lag) || g.Complete || g.PartitionsUnknown[lag.ReasonAuthorization] != 1 {
			return fmt.Sprintf("%+v", g)
		}
		return ""
	})
	waves := p.stats.waveCount()
	if err := eventually(t.Context(), 20*time.Second, func() (bool, error) { return p.stats.waveCount() >= waves+5, nil }); err != nil {
		t.Fatal(err)
	}
	grant(sarama.AclResourceTopic, "revoked")
	p.wait(t, "both topics again", 30*time.Second, whole)
	known := false
	for _, snap := range p.snapshots() {
		g := findGroup(snap, "both")
		known = known || g != nil && g.Lag == 60
		if known && (g == nil || lag.Known(g.Lag) && g.Lag != 60) {
			t.Errorf("a part of the group is taken for all of it: %+v", g)
		}
	}
}

// lateness are the reasons of failures that a busy machine makes: no broker refused anything.
var lateness = []string{"timeout", "reconnecting"}

// refused leaves out the lines about lateness.
func refused(lines []string) []string {
	return slices.DeleteFunc(lines, func(line string) bool {
		return slices.ContainsFunc(lateness, func(late string) bool { return strings.Contains(line, "reason="+late+" ") })
	})
}

// allow grants DESCRIBE on the cluster, on all topics and on some groups.
func (s *secured) allow(t *testing.T, user string, groups sarama.Resource) {
	t.Helper()
	a := admin(t, s.Cluster)
	for _, resource := range []sarama.Resource{
		{ResourceType: sarama.AclResourceCluster, ResourceName: "kafka-cluster", ResourcePatternType: sarama.AclPatternLiteral},
		{ResourceType: sarama.AclResourceTopic, ResourceName: "*", ResourcePatternType: sarama.AclPatternLiteral},
		groups,
	} {
		acl := sarama.Acl{Principal: "User:" + user, Host: "*", Operation: sarama.AclOperationDescribe,
			PermissionType: sarama.AclPermissionAllow}
		if err := a.CreateACLs([]*sarama.ResourceAcls{{Resource: resource, Acls: []*sarama.Acl{&acl}}}); err != nil {
			t.Fatal(err)
		}
	}
}

func (s *secured) runAs(t *testing.T, user string) *pipeline {
	t.Helper()
	security := auth.Settings{SASL: auth.SASL{Enabled: true, Handshake: true, Mechanism: "scram-sha256", Username: user,
		Password: secret}}
	return startPipeline(t, s.config(broker.SASLPlaintext, security), nil)
}

// wantLag says what is wrong with a group that should have a lag of 13.
func wantLag(s *lag.Snapshot, id string, members int) string {
	g := findGroup(s, id)
	if g == nil || g.Lag != 13 || g.Members != members || !g.Complete {
		return fmt.Sprintf("%s: %+v\n", id, g)
	}
	return ""
}
