package manifest

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// fakeSignals answers by signal; a signal that is not in the map is absent.
type fakeSignals map[Signal]float64

func (f fakeSignals) Lookup(r Ref) (float64, bool) {
	v, ok := f[r.Signal]
	return v, ok
}

const desiredQuery = `max(consumergroup:kafka_group_desired_replicas:useful{consumergroup="g"})
  * (1 + 0.25 * (max(consumergroup:kafka_group_desired_replicas:useful{consumergroup="g"})
  >= bool max(consumergroup:kafka_group_useful_members:max{consumergroup="g"})))`

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
		{"desired at the ceiling", desiredQuery, all, 25, true},
		{"desired below", desiredQuery, fakeSignals{SignalDesired: 10, SignalUsefulMembers: 20}, 10, true},
		{"desired unknown", desiredQuery, fakeSignals{SignalUsefulMembers: 20}, 0, false},
		{
			"from zero", desiredQuery + ` or 0 * max(consumergroup:kafka_group_backlog:sum{consumergroup="g"}) + 1`,
			fakeSignals{SignalBacklog: 77}, 1, true,
		},
		{
			"from zero, nothing known", desiredQuery + ` or 0 * max(consumergroup:kafka_group_backlog:sum{consumergroup="g"}) + 1`,
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
		{
			"counters", `max(rate(kafka_group_produced_messages_total{consumergroup="g"}[2m])) / max(rate(kafka_group_consumed_messages_total{consumergroup="g"}[2m]))`,
			all, 3.5, true,
		},
		{"increase", `sum(increase(kafka_group_consumed_messages_total{consumergroup="g"}[1m]))`, all, 24000, true},
		{"invented", `max(kafka_group_lag{consumergroup="g"}) or vector(0)`, fakeSignals{}, 0, true},
		{"filter", `max(kafka_group_lag{consumergroup="g"}) > 5000`, all, 0, false},
		{"filter passes", `5000 > max(kafka_group_lag{consumergroup="g"})`, all, 4096, true},
		{"and", `max(kafka_group_lag{consumergroup="g"}) and max(kafka_group_members{consumergroup="g"}) > 0`, all, 4096, true},
		{"unless", `max(kafka_group_lag{consumergroup="g"}) unless max(kafka_group_members{consumergroup="g"}) > 0`, all, 0, false},
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
			if q.Group() != "g" {
				t.Errorf("group %q, want g", q.Group())
			}
		})
	}
}

func TestQueryRefs(t *testing.T) {
	q, err := ParseQuery(`max_over_time(kafka_group_topic_lag{consumergroup="g",topic="t"}[90s] offset 1m)`, nil)
	if err != nil {
		t.Fatal(err)
	}
	want := []Ref{{
		Signal: SignalLag, Group: "g", Topic: "t", Series: "kafka_group_topic_lag", Over: OverMax,
		Window: 90 * time.Second, Offset: time.Minute,
	}}
	if d := cmp.Diff(want, q.Refs); d != "" {
		t.Error(d)
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
		``:                                      "not expected",
		`1`:                                     "scalar",
		`vector(1)`:                             "reads no series",
		`up`:                                    "up is not a series",
		`sum(http_requests_total)`:              "is not a series",
		`kafka_group_lag`:                       "needs one consumer group",
		`kafka_group_lag{consumergroup=~"a|b"}`: "may choose several",
		`kafka_consumergroup_lag{consumergroup="g"}`:                                       "several elements",
		`kafka_consumergroup_lag_sum{consumergroup="g"}`:                                   "several elements",
		`avg(kafka_consumergroup_lag{consumergroup="g"})`:                                  "under avg()",
		`count(kafka_consumergroup_lag{consumergroup="g"})`:                                "count()",
		`sum(kafka_consumergroup_current_offset{consumergroup="g"})`:                       "counter",
		`rate(kafka_group_lag{consumergroup="g"}[5m])`:                                     "gauge",
		`max_over_time(kafka_group_lag{consumergroup="g"})`:                                "range",
		`kafka_group_lag{consumergroup="g"}[5m]`:                                           "range needs a function",
		`max_over_time(kafka_group_lag{consumergroup="g"}[5m:15s])`:                        "not",
		`max(kafka_group_lag{consumergroup="g"}) * kafka_group_members{consumergroup="g"}`: "different labels",
		`histogram_quantile(0.9, kafka_group_lag{consumergroup="g"})`:                      "not evaluated",
		`kafka_group_lag{consumergroup="g"} or`:                                            "not expected",
		`kafka_group_lag{consumergroup="g"`:                                                `expected "}"`,
		`kafka_group_lag{consumergroup=g}`:                                                 "quoted value",
		`kafka_group_lag{consumergroup="g}`:                                                "not closed",
		`{consumergroup="g"}`:                                                              "without a series name",
		`kafka_group_lag{consumergroup="g"} ; 1`:                                           "has no place",
		`sum(clamp_max(kafka_consumergroup_lag{consumergroup="g"}, 5))`:                    "several elements",
		strings.Repeat("(", 500) + "1" + strings.Repeat(")", 500):                          "nests deeper",
		`kafka_topic_producer_rate`:                                                        "needs one topic",
		`max(rate(kafka_group_consumed_messages_total{consumergroup="g"}[0s]))`:            "not above 0",
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
		if _, ok := q.Eval(SignalsFunc(func(Ref) (float64, bool) { return 0, false })); ok && !q.Invents && !strings.Contains(text, "vector") {
			t.Fatalf("%q answers although nothing is known", text)
		}
	})
}
