package integration

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"kafka_burndown_exporter/internal/lag"
	broker "kafka_burndown_exporter/test/kafka"
)

// partition is one partition of a group as kafka-consumer-groups prints it; -1 stands for its dash.
type partition struct{ committed, end, lag int64 }

// described is a group as kafka-consumer-groups describes it.
type described struct {
	state      string
	members    int
	partitions map[string]partition // by topic and partition
}

// describeGroups asks kafka-consumer-groups about all groups.
func describeGroups(t *testing.T, cluster *broker.Cluster) map[string]*described {
	t.Helper()
	groups := map[string]*described{}
	for _, row := range table(t, cluster, "GROUP", "--state") {
		members, err := strconv.Atoi(row["#MEMBERS"])
		if err != nil {
			t.Fatal(err)
		}
		groups[row["GROUP"]] = &described{state: row["STATE"], members: members, partitions: map[string]partition{}}
	}
	for _, row := range table(t, cluster, "GROUP") {
		if row["TOPIC"] == "-" || groups[row["GROUP"]] == nil {
			continue
		}
		groups[row["GROUP"]].partitions[row["TOPIC"]+" "+row["PARTITION"]] = partition{
			number(t, row["CURRENT-OFFSET"]), number(t, row["LOG-END-OFFSET"]), number(t, row["LAG"]),
		}
	}
	return groups
}

func number(t *testing.T, s string) int64 {
	t.Helper()
	if s == "-" {
		return -1
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// table runs kafka-consumer-groups --describe and returns its rows by column. The columns that hold spaces are the
// coordinator's ("127.0.0.1:9092 (1)") and, where a group has none, the assignor's.
func table(t *testing.T, cluster *broker.Cluster, first string, args ...string) []map[string]string {
	t.Helper()
	args = append([]string{"--describe", "--all-groups"}, args...)
	out, err := cluster.Tool(t.Context(), "kafka-consumer-groups", args...)
	if err != nil {
		t.Fatal(err)
	}
	var rows []map[string]string
	var columns []string
	for line := range strings.Lines(out) {
		fields := strings.Fields(line)
		switch {
		case len(fields) == 0, fields[0] == "Consumer" && fields[1] == "group": // a remark
		case fields[0] == first:
			columns = strings.Fields(strings.NewReplacer("COORDINATOR (ID)", "COORDINATOR").Replace(line))
		case len(columns) > 0 && len(fields) >= len(columns)-1:
			rows = append(rows, row(columns, fields))
		}
	}
	return rows
}

// row pairs fields with columns from the left up to the coordinator, and from the right after it.
func row(columns, fields []string) map[string]string {
	m := map[string]string{}
	for i, column := range columns {
		if column == "COORDINATOR" {
			for j := 1; j < len(columns)-i; j++ {
				m[columns[len(columns)-j]] = fields[len(fields)-j]
			}
			break
		}
		if i < len(fields) {
			m[column] = fields[i]
		}
	}
	return m
}

// sampled is a group of a snapshot in the same form; partitions without a commit do not appear.
func sampled(s *lag.Snapshot, g *lag.Group) *described {
	d := &described{state: g.State, members: g.Members, partitions: map[string]partition{}}
	for _, gt := range g.Topics {
		topic := findTopic(s, gt.Topic)
		for i, p := range gt.Partition {
			end := int64(-1)
			if topic != nil && int(p) < len(topic.Partitions) {
				end = topic.Partitions[p].End
			}
			d.partitions[fmt.Sprint(gt.Topic, " ", p)] = partition{gt.Committed[i], end, gt.Lag[i]}
		}
	}
	return d
}
