package collector

import (
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// docsIntro is everything in docs/metrics.md that does not come from the table.
const docsIntro = `# Metrics

Made from the table in ` + "`collector/names.go`" + ` by ` + "`go test ./collector -update`" + `. A value that is not known is absent: no series is
ever −1, NaN or a total of only a part. Constant labels of ` + "`--kafka.labels`" + ` are added to every metric named here.

` + "`--metrics.disable=NAME`" + ` leaves a metric of the first three tables out. ` + "`--metrics.granularity=topic`" + ` leaves out every
metric with a ` + "`partition`" + ` label, ` + "`--metrics.granularity=group`" + ` also those with a ` + "`topic`" + ` label.

In OpenMetrics, counters come with the ` + "`_created`" + ` timestamp of when they began, in protobuf with the same as a field.
`

// docsKinds says how the metrics differ between kinds of groups.
const docsKinds = `
## Kinds of groups

| | classic, KIP-848 | Kafka Streams, classic | streams (KIP-1071) | share (KIP-932) |
|---|---|---|---|---|
| from Kafka | 2.1, 4.0 | 2.1 | 4.2 | 4.2; in 4.1 members and state only |
| position | committed offset | committed offset | committed offset | log end less the lag that the broker tells |
| ` + "`" + `kafka_group_members` + "`" + ` | consumers | threads | threads | consumers |
| ` + "`" + `kafka_group_processes` + "`" + ` | absent | absent | instances | absent |
| ` + "`" + `kafka_group_useful_members` + "`" + ` | partitions | tasks | tasks | absent: there is no limit |
| partitions without a position | backlog | backlog | backlog | backlog where ` + "`" + `share.auto.offset.reset` + "`" + ` is ` + "`" + `earliest` + "`" + ` |
| ` + "`" + `kafka_group_lag_seconds` + "`" + ` | age of the oldest message | the same | the same | a lower bound of it |

A share group commits nothing. Its broker tells how many records of a partition are not done yet: available, handed out, or
handed back. The exporter takes the log end less that number for the position, and everything else follows from it as in
other groups. What is special:

- Records are done out of order. ` + "`" + `kafka_consumergroup_current_offset` + "`" + ` of a share group is the log end less the lag, not the
  start offset that ` + "`" + `kafka-share-groups` + "`" + ` prints. The oldest record that is not done lies there or before it, so
  ` + "`" + `kafka_group_lag_seconds` + "`" + ` is a lower bound of its age.
- The broker goes on counting records that retention or DeleteRecords has removed, until a member comes. Here they leave the
  lag at once, and count in ` + "`" + `kafka_group_lost_messages_total` + "`" + `.
- The broker gives a partition a position when its first record is done. Until then the partition is uncommitted. Whether its
  messages are backlog is what the group's ` + "`" + `share.auto.offset.reset` + "`" + ` says (` + "`" + `latest` + "`" + ` unless it is set). To read that the
  exporter needs DESCRIBE_CONFIGS on the group; without it, and where it is ` + "`" + `by_duration` + "`" + `, the backlog is absent while
  such a partition holds messages. It is absent, too, where the group begins at the end, has members, and messages came
  that may or may not be theirs.
- How many records are handed out, and how often, is not told by any request that only needs DESCRIBE. Nor is what went to a
  dead-letter topic (KIP-1191): ` + "`" + `kafka_topic_produced_messages_total` + "`" + ` of that topic counts it.
- A broker does more for a partition of a share group than for a commit. Each group is asked for in a request of its own, over
  a connection of its own, and a broker is asked for 2000 such partitions per second of ` + "`" + `--sample.interval` + "`" + ` at most (20 000 in
  10 s). Where it coordinates more, or is too slow to answer in time, its share groups are read in turn, every second sample, every
  third, and so on:
  ` + "`" + `kafka_group_sample_timestamp_seconds` + "`" + ` tells when, ` + "`" + `kafka_group_partitions_held` + "`" + ` counts meanwhile, and the desired
  replicas stay. This is the only place where the number of requests depends on the number of groups.
- A share group that does not exist and is named by ` + "`" + `--group.expect` + "`" + ` has the whole log as its backlog, as any other.

## Other brokers

Systems that speak Kafka's protocol differ from it. What is done about that, and what was tried:

| behaviour | what happens | tried |
|---|---|---|
| OffsetFetch refuses several groups with an error code (UNSUPPORTED_VERSION, INVALID_REQUEST, UNKNOWN_SERVER_ERROR) | one group in a request, for ten minutes | against a fake broker |
| OffsetFetch refuses a group on all topics in the same way | all known topics by their names | against a fake broker |
| ListGroups leaves out groups that are not in use, and keeps their commits | a group of ` + "`" + `--group.expect` + "`" + ` is asked for by its name at its coordinator | against a fake broker |
| ListGroups is refused | groups of ` + "`" + `--group.expect` + "`" + ` are read; of those that are not classic the members and the state stay unknown | against a fake broker |
| no group types, no states (Kafka before 3.8, before 2.6) | taken for classic; described to know the state | against a fake broker of those versions |
| a group cannot be read at all | ` + "`" + `kafka_group_partitions_unknown` + "`" + ` and ` + "`" + `kafka_burndown_exporter_unknown_partitions` + "`" + ` count it as one partition | in unit tests |

The tests run against Apache Kafka 3.9, 4.3 and 4.4. By hand, on 2026-11-30: 2.1.1 (with Java 11), 2.8.2 and 3.0.2, each with
ZooKeeper. A group with part of its messages read had the offsets and lags of ` + "`kafka-consumer-groups --describe`" + `, and ` + "`check`" + ` named
the version. No service of a cloud provider was tried.
`

// docsLimits says what the values cannot show.
const docsLimits = `
## What cannot be known

- How often a group commits, before it has committed twice while the exporter ran. Until then a partition with lag is called
  stalled only after six stall windows (half an hour by default), unless the group has a protocol type and no members: then
  nobody is there who could commit, and one stall window is enough. Its burndown is absent meanwhile, and its consumer rate
  is 0 until the first commit and absent until the second.
- Whether what is left behind the last message of a group can be read, without reading it. Aborted transactions and markers
  are offsets like any others. A lag is taken for such a residue when nothing was written for the stall window and the group
  stayed where it was: in a group of ` + "`--offsets.read-committed`" + ` with members whatever its size, elsewhere up to
  ` + "`--lag.residual`" + `. So a read-committed consumer that hangs on its last messages shows as one that has read all, until
  something new is written; and many aborted records at the end of a topic look unread to a group without members.
- Whether timestamps are times of arrival, while nothing is written: a time query about the last minute has the same answer
  either way. Ages of old messages on such a topic are those that the timestamps tell. They are checked again as soon as
  something was written.
- The producer rate before the second sample. Only where the exporter may read that a topic has LogAppendTime
  (DESCRIBE_CONFIGS on topics), the first one has it, by the broker's clock.
- What retention or a reset tool did between two samples, beyond what the offsets show.
`

func metricsDoc() string {
	var b strings.Builder
	b.WriteString(docsIntro)
	table := func(title, text string, admit func(Family) bool, families []Family) {
		fmt.Fprintf(&b, "\n## %s\n\n%s\n\n| name | type | labels | meaning |\n|---|---|---|---|\n", title, text)
		for _, f := range families {
			if !admit(f) {
				continue
			}
			labels := make([]string, len(f.Labels))
			for i, l := range f.Labels {
				labels[i] = "`" + l + "`"
			}
			fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", f.Name, f.Type, strings.Join(labels, ", "), f.Help)
		}
	}
	all := Families()
	table("As kafka_exporter has them", "Names, labels and meaning are those of kafka_exporter, except that a value it would "+
		"show as −1 or negative is absent.", func(f Family) bool { return f.DropIn }, all)
	scaling := func(level ...Level) func(Family) bool {
		return func(f Family) bool { return !f.DropIn && slices.Contains(level, f.Level) }
	}
	table("Per cluster", "Joins a dashboard or an alert to the cluster that the series are of.", scaling(LevelClusterID), all)
	table("Per consumer group", "What autoscaling needs. Topics a group has abandoned are left out of its totals.",
		scaling(LevelGroup), all)
	table("Per topic, and per consumer group and topic", "The same per topic, where it makes sense.",
		scaling(LevelTopic, LevelGroupTopic), all)
	table("About the exporter", "Beside these there are `kafka_burndown_exporter_build_info`, `go_*`, `process_*` and "+
		"`promhttp_*`.", func(Family) bool { return true }, SelfFamilies())
	b.WriteString(docsKinds)
	b.WriteString(docsLimits)
	return b.String()
}

func TestGeneratedMetricsDocs(t *testing.T) {
	golden(t, filepath.Join("..", "docs", "metrics.md"), metricsDoc())
}

func TestTableIsWellFormed(t *testing.T) {
	names := Names()
	if n := len(names); len(slices.Compact(slices.Sorted(slices.Values(names)))) != n {
		t.Error("a name is in the table twice")
	}
	name := regexp.MustCompile(`^[a-z][a-z0-9_]*$`)
	for _, f := range append(Families(), SelfFamilies()...) {
		switch {
		case !name.MatchString(f.Name):
			t.Errorf("%q is no name", f.Name)
		case !strings.HasSuffix(f.Help, ".") || strings.ContainsAny(f.Help, "\\\"\n|"):
			t.Errorf("%s: help must be sentences without quotes, bars and backslashes: %s", f.Name, f.Help)
		case (f.Type == Counter) != strings.HasSuffix(f.Name, "_total"):
			t.Errorf("%s: counters, and only they, end in _total", f.Name)
		case f.Unit != "" && !strings.HasSuffix(strings.TrimSuffix(f.Name, "_total"), "_"+f.Unit):
			t.Errorf("%s: OpenMetrics wants the unit %s at its end", f.Name, f.Unit)
		}
	}
}
