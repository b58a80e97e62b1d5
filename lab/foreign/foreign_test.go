package foreign

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParse(t *testing.T) {
	for item, want := range map[string]Series{
		`lag=acme_lag{app="{{group}}",t="{{topic}}",n="{{partition}}",env="prod"}`: {
			Name: "acme_lag", Signal: "lag", Source: "kafka_consumergroup_lag",
			Labels: []Label{{Name: "app", From: "consumergroup"}, {Name: "t", From: "topic"}, {Name: "n", From: "partition"}, {Name: "env", Value: "prod"}},
		},
		`lag=queue_depth`:         {Name: "queue_depth", Signal: "lag", Source: "kafka_group_lag"},
		`end=ends{t="{{topic}}"}`: {Name: "ends", Signal: "end", Source: "kafka_topic_partition_current_offset", Labels: []Label{{Name: "t", From: "topic"}}},
	} {
		got, err := Parse(item)
		if err != nil {
			t.Errorf("%s: %v", item, err)
			continue
		}
		if d := cmp.Diff([]Series{want}, got.Series); d != "" {
			t.Errorf("%s: %s", item, d)
		}
	}
	for item, want := range map[string]string{
		"kminnion":                     "is not a preset (burrow, confluent,",
		"delay=x":                      `no signal is called "delay"; there are lag, `,
		`lag=x{a=~"b"}`:                `a is not given by equality`,
		`lag=sum(x)`:                   "is not a selector",
		`lag=x{`:                       "unexpected",
		`members=x{p="{{partition}}"}`: "members is not known by partition",
	} {
		if _, err := Parse(item); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want one with %q", item, err, want)
		}
	}
}

// Every preset has series, each from a family of ours, and none has a name twice.
func TestPresets(t *testing.T) {
	for _, name := range Presets() {
		target, err := Parse(name)
		if err != nil || len(target.Series) == 0 {
			t.Errorf("%s: %v", name, err)
			continue
		}
		seen := map[string]bool{}
		for _, s := range target.Series {
			if s.Source == "" || seen[s.Name] {
				t.Errorf("%s: %s has source %q, or is there twice", name, s.Name, s.Source)
			}
			seen[s.Name] = true
		}
	}
	if got := PresetsWith("kafka_consumergroup_group_lag"); len(got) != 2 {
		t.Errorf("kafka_consumergroup_group_lag is of %v", got)
	}
}
