package rules

import (
	"slices"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"

	"kafka_burndown_exporter/collector"
)

func TestShippedRecords(t *testing.T) {
	b := Shipped()
	identity := []string{"cluster", "consumergroup", "job", "namespace", "strimzi_io_cluster"}
	for name, want := range map[string]Rule{
		"consumergroup:kafka_group_lag:sum": {Level: "consumergroup", Labels: identity, Reads: []string{"kafka_group_lag"}},
		// Its labels are those of what it reads.
		"consumergroup:kafka_group_lag:log2x7": {Level: "consumergroup", Labels: identity,
			Reads: []string{"consumergroup:kafka_group_lag:sum"}},
		"topic:kafka_topic_produced_messages:rate2m": {Level: "topic",
			Labels: []string{"cluster", "job", "namespace", "strimzi_io_cluster", "topic"},
			Reads:  []string{"kafka_topic_produced_messages_total", "kafka_topic_producer_rate"}},
		"consumergroup:kafka_group_state:newest": {Level: "consumergroup",
			Labels: []string{"cluster", "consumergroup", "job", "namespace", "state", "strimzi_io_cluster"},
			Reads:  []string{"kafka_group_sample_timestamp_seconds", "kafka_group_state"}},
	} {
		got := b.Record(name)
		if got == nil {
			t.Errorf("nothing records %s", name)
			continue
		}
		if d := cmp.Diff(want, Rule{Level: got.Level, Labels: got.Labels, Reads: got.Reads}); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
	for _, g := range b.Groups() {
		if g.Interval < 5*time.Second || g.Interval > 5*time.Minute {
			t.Errorf("%s: interval %v", g.Name, g.Interval)
		}
	}
}

// Every name that a rule reads is published or recorded.
func TestEveryReadNameIsKnown(t *testing.T) {
	b := Shipped()
	known := append(collector.Names(), foreign()...)
	for _, name := range b.Records() {
		for _, read := range b.Record(name).Reads {
			if b.Record(read) == nil && !slices.Contains(known, read) {
				t.Errorf("%s reads %s, which is neither published nor recorded", name, read)
			}
		}
	}
}

func TestRecordOfAnExportedSeries(t *testing.T) {
	b := Shipped()
	for exported, want := range map[string]string{
		"kafka_group_lag":           "consumergroup:kafka_group_lag:sum",
		"kafka_group_lag_max":       "consumergroup:kafka_group_lag:max",
		"kafka_group_producer_rate": "consumergroup:kafka_group_produced_messages:rate2m",
		"kafka_group_members":       "consumergroup:kafka_group_members:max",
	} {
		if got, err := b.Of("consumergroup", exported); err != nil || got != want {
			t.Errorf("%s: %q, %v; want %s", exported, got, err, want)
		}
	}
	if got, err := b.Of("consumergroup", "kafka_group_topic_lag"); err == nil {
		t.Errorf("a topic's lag is recorded for groups as %s", got)
	}
}

// The rules are what the file says, whatever it says.
func TestLoadReadsTheFile(t *testing.T) {
	file := func(text string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(text)} }
	files := fstest.MapFS{
		"base.yaml": file(`groups: [{name: a, interval: 1m30s, rules: [
			{record: "consumergroup:kafka_group_delay:best", expr: 'min by (consumergroup, zone) (kafka_group_delay{x="by (y) kafka_z"})'}]}]`),
		Recording: file(`groups: [{name: b, rules: [{record: "consumergroup:kafka_group_delay:twice", expr: "2 * consumergroup:kafka_group_delay:best"}]}]`),
	}
	b, err := Load(files, "base.yaml")
	if err != nil {
		t.Fatal(err)
	}
	twice := b.Record("consumergroup:kafka_group_delay:twice")
	if b.Groups()[0].Interval != 90*time.Second || !slices.Equal(twice.Labels, []string{"consumergroup", "zone"}) {
		t.Errorf("interval %v, labels %v", b.Groups()[0].Interval, twice.Labels)
	}
	if got, err := b.Of("consumergroup", "kafka_group_delay"); err != nil || got != "consumergroup:kafka_group_delay:best" {
		t.Errorf("%q, %v", got, err)
	}
	files[Recording] = file("groups: [{name: b, rulez: []}]")
	if _, err := Load(files, "base.yaml"); err == nil {
		t.Error("a field that does not exist is read")
	}
}
