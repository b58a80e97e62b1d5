package manifest

import (
	"math"
	"reflect"
	"strings"
	"testing"

	"kafka_burndown_exporter/lab/promql"
)

// fakeSignals answers by signal; a signal that is not in the map is absent.
type fakeSignals map[Signal]float64

func (f fakeSignals) Lookup(r Ref) (float64, bool) {
	v, ok := f[r.Signal]
	return v, ok
}

const desiredQuery = `max(kafka_group_desired_replicas{consumergroup="g"})`

func TestQueryEval(t *testing.T) {
	all := fakeSignals{
		SignalLag: 4096, SignalLagMax: 700, SignalBacklog: 5000, SignalLog2x7: 84, SignalBurndown: 500,
		SignalProducerRate: 1400, SignalConsumerRate: 400, SignalDesired: 20, SignalUsefulMembers: 20, SignalMembers: 4,
	}
	for _, c := range []struct {
		name, query string
		signals     fakeSignals
		want        float64
		ok          bool
	}{
		{"recorded", `max(consumergroup:kafka_group_lag:sum{consumergroup="g"})`, all, 4096, true},
		{"identity labels", `max(consumergroup:kafka_group_lag:sum{consumergroup="g",cluster="eu",job=~"k.*"})`, all, 4096, true},
		{"exported", `kafka_group_lag{consumergroup='g'}`, all, 4096, true},
		{"drop-in sum", `sum(kafka_consumergroup_lag{consumergroup="g",topic="t"})`, all, 4096, true},
		{"drop-in clamped", `sum by () (clamp_min(kafka_consumergroup_lag{consumergroup="g"}, 0))`, all, 4096, true},
		{"drop-in max", `max(kafka_consumergroup_lag{consumergroup="g"})`, all, 700, true},
		{"one topic", `kafka_consumergroup_lag_sum{consumergroup="g",topic="t"}`, all, 4096, true},
		{"desired", desiredQuery, all, 20, true},
		{"desired unknown", desiredQuery, fakeSignals{SignalUsefulMembers: 20}, 0, false},
		{
			"at the ceiling a quarter more", `max(kafka_group_lag{consumergroup="g"}) * (1 + 0.25 * (max(kafka_group_members{consumergroup="g"})
  >= bool max(kafka_group_useful_members{consumergroup="g"})))`, fakeSignals{SignalLag: 4, SignalMembers: 20, SignalUsefulMembers: 20}, 5, true,
		},
		{
			"from zero", desiredQuery + ` or 0 * max(kafka_group_backlog{consumergroup="g"}) + 1`,
			fakeSignals{SignalBacklog: 77}, 1, true,
		},
		{
			"from zero, nothing known", desiredQuery + ` or 0 * max(kafka_group_backlog{consumergroup="g"}) + 1`,
			fakeSignals{}, 0, false,
		},
		{"clamped", `clamp_max(max(consumergroup:kafka_group_burndown_seconds:max{consumergroup="g"}), 4 * 30)`, all, 120, true},
		{"clamp", `clamp(kafka_group_lag{consumergroup="g"}, 1, 10)`, all, 10, true},
		{"log10", `log10(clamp_min(max(consumergroup:kafka_group_lag:sum{consumergroup="g"}), 1))`, fakeSignals{SignalLag: 1000}, 3, true},
		{"log of zero", `log2(max(kafka_group_lag{consumergroup="g"}))`, fakeSignals{SignalLag: 0}, math.Inf(-1), true},
		{
			"difference", `max(kafka_group_producer_rate{consumergroup="g"}) - max(kafka_group_consumer_rate{consumergroup="g"})`,
			all, 1000, true,
		},
		{"invented", `max(kafka_group_lag{consumergroup="g"}) or vector(0)`, fakeSignals{}, 0, true},
		{"filter", `max(kafka_group_lag{consumergroup="g"}) > 5000`, all, 0, false},
		{"filter passes", `5000 > max(kafka_group_lag{consumergroup="g"})`, all, 4096, true},
		{"and", `max(kafka_group_lag{consumergroup="g"}) and max(kafka_group_members{consumergroup="g"}) > 0`, all, 4096, true},
		{"unless", `max(kafka_group_lag{consumergroup="g"}) unless max(kafka_group_members{consumergroup="g"}) > 0`, all, 0, false},
		{"of many", `max(kafka_group_lag{consumergroup=~"g|h"})`, all, 4096, true},
		{"power", `-2 ^ 2 + 0 * max(kafka_group_lag{consumergroup="g"})`, all, -4, true},
		{"over time", `max_over_time(kafka_group_lag{consumergroup="g"}[1m])`, all, 4096, true},
		{"division by zero", `max(kafka_group_lag{consumergroup="g"}) / 0`, all, math.Inf(1), true},
	} {
		t.Run(c.name, func(t *testing.T) {
			q, err := ParseQuery(c.query, nil)
			if err != nil {
				t.Fatal(err)
			}
			got, ok := q.Eval(c.signals)
			if ok != c.ok || (ok && got != c.want) {
				t.Errorf("%v %v, want %v %v", got, ok, c.want, c.ok)
			}
			if q.Group() != "g" && c.name != "of many" {
				t.Errorf("group %q, want g", q.Group())
			}
		})
	}
}

func TestQueryRefs(t *testing.T) {
	for query, want := range map[string]Ref{
		`max_over_time(kafka_group_topic_lag{consumergroup="g",topic="t"}[90s] offset 1m)`: {
			Signal: SignalLag, Group: "g", Topic: "t", Series: "kafka_group_topic_lag",
		},
		`sum by (topic) (kafka_consumergroup_lag{consumergroup=~"g|h"})`: {Signal: SignalLag, Series: "kafka_consumergroup_lag"},
		`max(kafka_consumergroup_lag{consumergroup="g"})`:                {Signal: SignalLagMax, Group: "g", Series: "kafka_consumergroup_lag"},
		`consumergroup_topic:kafka_group_partitions_stalled:sum{topic="t"}`: {
			Signal: SignalPartitionsStalled, Topic: "t", Series: "consumergroup_topic:kafka_group_partitions_stalled:sum",
		},
		`sum(rate(kafka_topic_partition_current_offset{topic="t"}[1m]))`: {
			Signal: SignalProducerRate, Topic: "t", Series: "kafka_topic_partition_current_offset",
		},
		`sum(rate(kafka_consumergroup_current_offset_sum[1m]))`: {Signal: SignalConsumerRate, Series: "kafka_consumergroup_current_offset_sum"},
		`max({consumergroup="g"})`:                              {Signal: SignalOther, Group: "g"},
	} {
		q, err := ParseQuery(query, nil)
		if err != nil {
			t.Errorf("%s: %v", query, err)
			continue
		}
		got := q.Refs[0]
		got.Selector = promql.Selector{}
		if len(q.Refs) != 1 || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %+v, want %+v", query, got, want)
		}
	}
}

// Every recorded series shows the signal that its name says, and so do those of the pilot.
func TestSignalsOfRecords(t *testing.T) {
	for record, want := range map[string]Signal{
		"consumergroup:kafka_group_lag:sum": SignalLag, "consumergroup:kafka_group_lag:max": SignalLagMax,
		"consumergroup:kafka_group_lag:log2x7": SignalLog2x7, "consumergroup:kafka_group_backlog:sum": SignalBacklog,
		"consumergroup:kafka_group_burndown_seconds:max":     SignalBurndown,
		"consumergroup:kafka_group_produced_messages:rate2m": SignalProducerRate,
		"topic:kafka_topic_produced_messages:rate2m":         SignalProducerRate,
		"consumergroup:kafka_group_consumed_messages:rate2m": SignalConsumerRate,
		"consumergroup:kafka_group_useful_members:max":       SignalUsefulMembers,
		"consumergroup:kafka_group_state:newest":             SignalOther,
		"kafka_group_member_capacity":                        SignalCapacity,
		"kafka_group_desired_replicas":                       SignalDesired,
		"kafka_group_desired_reason":                         SignalOther,
	} {
		if got, ok := lookupSeries(record); !ok || got != want {
			t.Errorf("%s: %v %v, want %v", record, got, ok, want)
		}
	}
}

func TestQuerySeriesOfOne(t *testing.T) {
	q, err := ParseQuery(`sum(matching_pending_requests{namespace="ridehailing"})`,
		map[string]Signal{"matching_pending_requests": SignalLag})
	if err != nil {
		t.Fatal(err)
	}
	if v, ok := q.Eval(fakeSignals{SignalLag: 500}); !ok || v != 500 {
		t.Errorf("%v %v, want 500", v, ok)
	}
}

func TestQueryUpper(t *testing.T) {
	for query, want := range map[string]float64{
		`max(consumergroup:kafka_group_lag:log2x7{consumergroup="g"})`:       140,
		`clamp_max(kafka_group_burndown_seconds{consumergroup="g"}, 4 * 30)`: 120,
		`max(kafka_group_lag{consumergroup="g"})`:                            math.Inf(1),
		`clamp_max(kafka_group_lag{consumergroup="g"}, 10) * 2`:              20,
		`max(kafka_group_lag_log2x7{consumergroup="g"}) or vector(0)`:        math.Inf(1),
	} {
		q, err := ParseQuery(query, nil)
		if err != nil {
			t.Fatal(err)
		}
		if q.Upper != want {
			t.Errorf("%s: bound %v, want %v", query, q.Upper, want)
		}
	}
}

func TestQueryErrors(t *testing.T) {
	for query, want := range map[string]string{
		``:                                       "no expression",
		`1`:                                      "scalar",
		`vector(1)`:                              "reads no series",
		`sum(http_requests_total)`:               "is not a series",
		`kafka_group_lag{consumergroup="g"}[5m]`: "gives a matrix",
		`max(consumergroup:kafka_group_lost_messages:increase10m)`: "no rule records consumergroup:kafka_group_lost_messages:increase10m: " +
			"there is consumergroup_topic:kafka_group_lost_messages:increase10m",
		`max_over_time(kafka_group_lag{consumergroup="g"})`:                     "expected type range vector",
		`kafka_group_lag{consumergroup="g"} or`:                                 "unexpected end of input",
		`kafka_group_lag{consumergroup=g}`:                                      "expected string",
		`max(rate(kafka_group_consumed_messages_total{consumergroup="g"}[0s]))`: "greater than 0",
	} {
		_, err := ParseQuery(query, nil)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: error %v, want one with %q", query, err, want)
		}
	}
}

func FuzzParseQuery(f *testing.F) {
	f.Add(desiredQuery)
	f.Add(`clamp_max(max_over_time(kafka_group_lag{consumergroup="g\n"}[1m30s]), -2^-3) or vector(0)`)
	f.Add("sum without (a,b) (rate(kafka_consumergroup_current_offset{consumergroup='g',topic=`t`}[5m])) # c")
	f.Fuzz(func(t *testing.T, text string) {
		q, err := ParseQuery(text, nil)
		if err != nil {
			return
		}
		if len(q.Refs) == 0 {
			t.Fatalf("%q reads nothing", text)
		}
		q.Eval(SignalsFunc(func(Ref) (float64, bool) { return 1, true }))
	})
}
