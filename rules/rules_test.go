package rules

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// identity is what tells one cluster from another, in every expression the same.
const identity = "job, cluster, namespace, strimzi_io_cluster"

func TestBasesRecordTheSameNames(t *testing.T) {
	names := func(file string) []string {
		var n []string
		for _, r := range rulesOf(t, file) {
			if level, _, _ := strings.Cut(r.Record, ":"); strings.HasSuffix(level, "partition") {
				continue // steps on the way from partition series
			}
			n = append(n, r.Record)
		}
		slices.Sort(n)
		return n
	}
	if diff := cmp.Diff(names(BaseBurndownExporter), names(BaseKafkaExporter)); diff != "" {
		t.Errorf("burndown exporter's (-) and kafka_exporter's (+) base differ:\n%s", diff)
	}
}

func TestRecordNames(t *testing.T) {
	form := regexp.MustCompile(`^(topic|consumergroup|consumergroup_topic):kafka_[a-z_]+:[a-z0-9]+$`)
	seen := map[string]bool{}
	for _, r := range rulesOf(t, BaseBurndownExporter, Recording) {
		if !form.MatchString(r.Record) {
			t.Errorf("%q is not level:metric:operations", r.Record)
		}
		if seen[r.Record] {
			t.Errorf("%s is recorded twice", r.Record)
		}
		seen[r.Record] = true
	}
}

// Every aggregation and join names the identity first. What is not about a Kafka group has labels of its own.
func TestIdentityLabels(t *testing.T) {
	lists := regexp.MustCompile(`\b(by|on)\s*\(([^)]*)\)`)
	own := map[string][]string{
		"KafkaScalerAtMaxReplicas": {"cluster, namespace, horizontalpodautoscaler"},
		"KafkaScalerFlapping":      {"cluster, namespace, horizontalpodautoscaler"},
		"KafkaScalerErrors":        {"cluster, namespace, scaledObject"},
	}
	for _, r := range rulesOf(t, BaseBurndownExporter, BaseKafkaExporter, Recording, Alerts) {
		for _, m := range lists.FindAllStringSubmatch(r.Expr, -1) {
			labels := strings.Join(strings.Fields(m[2]), " ")
			if labels != identity && !strings.HasPrefix(labels, identity+", ") && !slices.Contains(own[r.name()], labels) {
				t.Errorf("%s: %s (%s) does not begin with the identity labels", r.name(), m[1], labels)
			}
		}
		if strings.Contains(r.Expr, "without") {
			t.Errorf("%s: without keeps labels that a second replica may have differently; use by", r.name())
		}
	}
	triggers, err := TriggerQueries()
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(triggers.Identity, ", "); got != identity {
		t.Errorf("%s names the identity %q, the rules %q", TriggerQueriesFile, got, identity)
	}
}

// The base over this exporter must not grow with partitions.
func TestBurndownBaseReadsNoPartitionSeries(t *testing.T) {
	partition := regexp.MustCompile(`kafka_consumergroup_|kafka_topic_partition_|\bpartition\b`)
	for _, r := range rulesOf(t, BaseBurndownExporter, Recording) {
		if m := partition.FindString(r.Expr); m != "" {
			t.Errorf("%s reads %s", r.Record, m)
		}
	}
}

// An expression whose result nobody tested for being there and for being absent is not shipped.
func TestEveryRuleIsTestedBothWays(t *testing.T) {
	type polarity struct{ positive, negative bool }
	tested := map[string]*polarity{}
	all := rulesOf(t, BaseBurndownExporter, BaseKafkaExporter, Recording, Alerts)
	for _, r := range all {
		tested[r.name()] = &polarity{}
	}
	records := regexp.MustCompile(`[a-z_]+:kafka_[a-z_]+:[a-z0-9]+`)
	for _, file := range testFiles(t) {
		for _, test := range read[unitTestFile](t, file).Tests {
			for _, a := range test.Alerts {
				p := tested[a.Name]
				if p == nil {
					t.Errorf("%s tests alert %s, which does not exist", file, a.Name)
					continue
				}
				p.positive = p.positive || len(a.Exp) > 0
				p.negative = p.negative || len(a.Exp) == 0
			}
			for _, e := range test.Exprs {
				for _, name := range records.FindAllString(e.Expr, -1) {
					p := tested[name]
					if p == nil {
						t.Errorf("%s tests %s, which is not recorded", file, name)
						continue
					}
					p.positive = p.positive || len(e.Exp) > 0
					p.negative = p.negative || len(e.Exp) == 0
				}
			}
		}
	}
	for _, r := range all {
		if p := tested[r.name()]; !p.positive || !p.negative {
			t.Errorf("%s: tested positive %t, negative %t", r.name(), p.positive, p.negative)
		}
	}
}
