package simulate

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"kafka_burndown_exporter/lab/foreign"
	"kafka_burndown_exporter/lab/scenario"
)

// oneGroup is a workload whose names nobody chose; twoTopics one whose names matter.
const (
	oneGroup = `
name: one
duration: 20m
topics: [{name: recorded, partitions: 6}]
producers: [{name: p, topic: recorded, profile: {points: [{at: 0s, rate: 150}]}}]
services: [{name: recorded, group: recorded, topics: [recorded], capacity: {perPod: 80}}]
`
	twoTopics = `
name: two
duration: 20m
topics: [{name: orders, partitions: 6}, {name: returns, partitions: 6}]
producers: [{name: p, topic: orders, profile: {points: [{at: 0s, rate: 150}]}}]
services:
  - {name: order-svc, group: order-svc, topics: [orders, returns], capacity: {perPod: 80}}
  - {name: other, group: other, topics: [returns], capacity: {perPod: 80}}
`
)

func parsed(t *testing.T, text string) *scenario.Scenario {
	t.Helper()
	sc, err := scenario.Parse("test.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return sc
}

// object is a manifest with these triggers.
func object(name string, triggers ...string) string {
	return fmt.Sprintf("apiVersion: keda.sh/v1alpha1\nkind: ScaledObject\nmetadata: {name: %s}\nspec:\n  scaleTargetRef: {name: %s}\n"+
		"  maxReplicaCount: 6\n  triggers:\n    - %s\n", name, name, strings.Join(triggers, "\n    - "))
}

func kafkaOn(group, topic string) string {
	return fmt.Sprintf(`{type: kafka, metadata: {bootstrapServers: "kafka:9092", consumerGroup: %q, topic: %q, lagThreshold: "500"}}`, group, topic)
}

func asking(query string) string {
	return fmt.Sprintf(`{type: prometheus, metadata: {serverAddress: "http://p", threshold: "500", ignoreNullValues: "false", query: %q}}`, query)
}

// try runs a file on a workload.
func try(t *testing.T, sc *scenario.Scenario, text string) (*Report, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "so.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	cands, err := FromFiles(sc, []string{path})
	if err != nil {
		return nil, err
	}
	return Simulate(t.Context(), sc, cands, Options{}, nil)
}

// Whatever a manifest calls the one group and the one topic, the figures are those of the workload.
func TestNamesAreAdopted(t *testing.T) {
	own, err := try(t, parsed(t, oneGroup), object("recorded", kafkaOn("recorded", "recorded")))
	if err != nil {
		t.Fatal(err)
	}
	want := own.Comparisons[0].Results[0].Summary
	if want.Changes == 0 {
		t.Fatal("nothing scales")
	}
	for name, text := range map[string]string{
		"other names":           object("order-svc", kafkaOn("order-svc", "orders")),
		"another topic":         object("order-svc", kafkaOn("recorded", "orders")),
		"from the environment":  object("order-svc", `{type: kafka, metadata: {bootstrapServers: "k:9092", consumerGroupFromEnv: GROUP, topic: orders, lagThreshold: "500"}}`),
		"beside what we cannot": object("order-svc", kafkaOn("order-svc", "orders"), `{type: aws-sqs-queue, metadata: {queueURL: u, queueLength: "5"}}`),
		"beside an object that we cannot": object("order-svc", kafkaOn("order-svc", "orders")) + "---\n" +
			object("web", `{type: http, metadata: {x: "1"}}`),
	} {
		r, err := try(t, parsed(t, oneGroup), text)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got := r.Comparisons[0].Results[0].Summary; got != want {
			t.Errorf("%s: %+v, want %+v", name, got, want)
		}
		notes := strings.Join(r.Notes(), "\n")
		for _, part := range map[string][]string{
			"other names":                     {`consumer group "recorded" is taken for the manifest's "order-svc", the topic "recorded" for the manifest's "orders"`},
			"another topic":                   {`the workload's topic "recorded" is taken for the manifest's "orders"`},
			"from the environment":            {"comes from the pod's environment"},
			"beside what we cannot":           {`"aws-sqs-queue" triggers are not simulated`, "a lower bound"},
			"beside an object that we cannot": {"ScaledObject web is left out"},
		}[name] {
			if !strings.Contains(notes, part) {
				t.Errorf("%s: nothing says %q:\n%s", name, part, notes)
			}
		}
		if !strings.Contains(notes, "reads the offsets of group") {
			t.Errorf("%s: nothing says what it reads:\n%s", name, notes)
		}
	}
}

// What a workload does not have is an error that names it, never a row.
func TestManifestsAreBoundOrRefused(t *testing.T) {
	for name, c := range map[string]struct{ workload, text, want string }{
		"a typo in a topic": {twoTopics, object("order-svc", kafkaOn("order-svc", "ordres")),
			`reads the topic "ordres", and the workload has "orders", "returns"`},
		"a typo in a group": {twoTopics, object("order-svc", kafkaOn("order-scv", "orders")),
			`reads the consumer group "order-scv", and the workload has "order-svc", "other"`},
		"two groups for one": {oneGroup, object("a", kafkaOn("a", "recorded"), kafkaOn("b", "recorded")), `reads the consumer group "a"`},
		"a query on a group": {twoTopics, object("order-svc", asking(`sum(kafka_consumergroup_lag{consumergroup="orders"})`)),
			`reads the consumer group "orders"`},
		"a regular expression": {twoTopics, object("order-svc", asking(`sum(kafka_consumergroup_lag{topic=~"ord.rs-.*"})`)),
			`selects nothing: the workload's topics are "orders", "returns"`},
		"a partition": {twoTopics, object("order-svc", asking(`kafka_consumergroup_lag{consumergroup="order-svc",topic="orders",partition="6"}`)),
			"selects nothing: partitions are 0 to 5"},
		"a label of the scrape": {twoTopics, object("order-svc", asking(`sum(kafka_group_lag{consumergroup="order-svc",namespace="kafka"})`)),
			"give --scrape-label=namespace=VALUE"},
		"another job": {twoTopics, object("order-svc", asking(`sum(kafka_group_lag{consumergroup="order-svc",job="kafka-exporter"})`)),
			`what is scraped has job="kafka-burndown-exporter"`},
		"a label that rules drop": {twoTopics, object("order-svc", asking(`max(consumergroup:kafka_group_lag:sum{consumergroup="order-svc",instance="x"})`)),
			"the rules record no label instance"},
		"nobody records it": {twoTopics, object("order-svc", asking(`max(consumergroup:kafka_group_lost_messages:increase10m{consumergroup="order-svc"})`)),
			"no rule records"},
		"several elements": {twoTopics, object("order-svc", asking(`kafka_consumergroup_lag{consumergroup="order-svc",topic="orders"}`)),
			"returned multiple elements: 6 elements"},
		"never an answer": {twoTopics, object("order-svc", asking(`max(kafka_group_lag{consumergroup="order-svc"}) > 1e9`)),
			"never answered a sample in the whole run"},
		"another exporter's": {twoTopics, object("order-svc", asking(`sum(kminion_kafka_consumer_group_topic_lag{group_id="order-svc"})`)),
			"is a series of another exporter: add --series=kminion"},
		"no vector":            {twoTopics, object("order-svc", asking(`scalar(sum(kafka_group_lag))`)), "gives a scalar"},
		"no PromQL":            {twoTopics, object("order-svc", asking(`sum(kafka_group_lag`)), "unclosed left parenthesis"},
		"another target":       {twoTopics, object("web", kafkaOn("order-svc", "orders")), `scaleTargetRef names "web"`},
		"nothing we can":       {twoTopics, object("web", `{type: http, metadata: {x: "1"}}`), "nothing in it can be simulated"},
		"a formula with a gap": {twoTopics, strings.Replace(object("order-svc", strings.Replace(kafkaOn("order-svc", "orders"), "{type", "{name: a, type", 1), `{name: b, type: http, metadata: {x: "1"}}`), "  triggers:", "  advanced: {scalingModifiers: {formula: a + b, target: \"5\"}}\n  triggers:", 1), "its formula needs all of its triggers"},
	} {
		_, err := try(t, parsed(t, c.workload), c.text)
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: error %v, want one line with %q", name, err, c.want)
		}
	}
	var never *UnansweredError
	_, err := try(t, parsed(t, twoTopics), object("order-svc", asking(`max(kafka_group_lag{consumergroup="order-svc"}) > 1e9`)))
	if !errors.As(err, &never) || never.Asks == 0 {
		t.Errorf("error %v", err)
	}
}

// Every preset's lag series is the workload's lag, under that exporter's name and labels.
func TestForeignSeries(t *testing.T) {
	lagSeries := map[string]string{
		"kminion":            `sum(kminion_kafka_consumer_group_topic_lag{group_id="order-svc",topic_name="orders"})`,
		"kafka-lag-exporter": `sum(kafka_consumergroup_group_lag{group="order-svc",topic="orders"})`,
		"klag-exporter":      `max(kafka_consumergroup_group_topic_sum_lag{group="order-svc",topic="orders",cluster_name="kafka"})`,
		"burrow":             `sum(kafka_burrow_partition_lag{group="order-svc",topic="orders"})`,
		"redpanda":           `sum(redpanda_kafka_consumer_group_lag_sum{redpanda_group="order-svc"})`,
		"confluent":          `sum(confluent_kafka_server_consumer_lag_offsets{consumer_group_id="order-svc",topic="orders"})`,
		"msk":                `sum(aws_kafka_sum_offset_lag_sum{consumer_group="order-svc",topic="orders"})`,
		"msk-yace":           `sum(aws_kafka_sum_offset_lag_average{dimension_Consumer_Group="order-svc",dimension_Topic="orders"})`,
		"micrometer":         `sum(kafka_consumer_fetch_manager_records_lag{job="order-svc",topic="orders"})`,
		`lag=acme_lag{app="{{group}}",t="{{topic}}",zone="b"}`: `acme_lag{app="order-svc",t="orders",zone="b"}`,
		`lag=acme_total{app="{{group}}"}`:                      `acme_total{app="order-svc"}`,
	}
	for _, name := range foreign.Presets() {
		if lagSeries[name] == "" {
			t.Errorf("no query for the preset %s", name)
		}
	}
	const ours = `sum(kafka_consumergroup_lag{consumergroup="order-svc",topic="orders"})`
	for item, query := range lagSeries {
		sc := parsed(t, twoTopics)
		sc.Pipeline.Series = []string{item}
		d := run(t, sc, 1, 300, query, ours)
		if got, want := d.value(query), d.value(ours); got != want || !(want > 1000) {
			t.Errorf("%s: %s is %v, ours is %v", item, query, got, want)
		}
	}
}

// Offsets and members of others, summed where their labels are coarser.
func TestForeignOffsetsAndMembers(t *testing.T) {
	sc := parsed(t, twoTopics)
	sc.Pipeline.Series = []string{"kminion"}
	pairs := map[string]string{
		`kminion_kafka_topic_high_water_mark_sum{topic_name="orders"}`:                      `sum(kafka_topic_partition_current_offset{topic="orders"})`,
		`sum(kminion_kafka_consumer_group_topic_offset_sum)`:                                `sum(kafka_consumergroup_current_offset)`,
		`kminion_kafka_consumer_group_members{group_id="other"}`:                            `kafka_consumergroup_members{consumergroup="other"}`,
		`sum(rate(kminion_kafka_topic_partition_high_water_mark{topic_name="orders"}[2m]))`: `sum(rate(kafka_topic_partition_current_offset{topic="orders"}[2m]))`,
	}
	var queries []string
	for a, b := range pairs {
		queries = append(queries, a, b)
	}
	d := run(t, sc, 2, 300, queries...)
	for a, b := range pairs {
		if got, want := d.value(a), d.value(b); got != want || !(want > 0) {
			t.Errorf("%s is %v, %s is %v", a, got, b, want)
		}
	}
}
