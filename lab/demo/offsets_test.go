package demo

import (
	"strings"
	"testing"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"kafka_burndown_exporter/internal/scale"
)

func TestOffsetsOfATrigger(t *testing.T) {
	const all = `kafka_topic_partitions{topic="orders"} 2
kafka_topic_partition_current_offset{topic="orders",partition="0"} 10
kafka_topic_partition_current_offset{topic="orders",partition="1"} 20
kafka_consumergroup_current_offset{consumergroup="g",topic="orders",partition="0"} 7
`
	for name, tc := range map[string]struct {
		text string
		want int
	}{
		"all known":             {all + `kafka_consumergroup_current_offset{consumergroup="g",topic="orders",partition="1"} 9` + "\n", 2},
		"one without a commit":  {all + `kafka_group_topic_partitions_uncommitted{consumergroup="g",topic="orders"} 1` + "\n", 2},
		"a commit not read":     {all, 0},
		"an end not read":       {strings.Replace(all, `orders",partition="1"} 20`, `other",partition="1"} 20`, 1), 0},
		"nothing of that topic": {"", 0},
	} {
		t.Run(name, func(t *testing.T) {
			parser := expfmt.NewTextParser(model.UTF8Validation)
			families, err := parser.TextToMetricFamilies(strings.NewReader(tc.text))
			if err != nil {
				t.Fatal(err)
			}
			got, err := readFamilies(families, "").offsets("g", []string{"orders"})
			if len(got) != tc.want || (err != nil) != (tc.want == 0) {
				t.Errorf("%v, %v; want %d partitions", got, err, tc.want)
			}
			for _, p := range got {
				if p.Partition == 1 && name == "one without a commit" && p.Committed != scale.NoOffset {
					t.Errorf("%+v has a commit", p)
				}
			}
		})
	}
}
