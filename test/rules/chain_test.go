package rules_test

import (
	"context"
	"fmt"
	"math"
	"testing"
	"time"

	"kafka_burndown_exporter/rules"
	"kafka_burndown_exporter/test/prometheus"
)

// The rates' window takes two minutes; the traffic runs a little longer, then everything is asked at one point in time.
func TestChain(t *testing.T) {
	w := startWorld(t)
	waitFor(t, "every rule to have had data", 10*time.Minute, func(ctx context.Context) bool {
		got, err := w.ours.Query(ctx, fmt.Sprintf(`kafka_group_member_capacity{consumergroup=%q}`, flow), time.Now())
		return err == nil && len(got) == 1 && time.Since(w.started) > 3*time.Minute+20*time.Second
	})
	at := stillMoment(t, w)
	t.Run("LagIsExact", func(t *testing.T) { testLagIsExact(t, w, at) })
	t.Run("RatesAndBurndown", func(t *testing.T) { testRates(t, w, at) })
	t.Run("EveryRuleRecorded", func(t *testing.T) { testEveryRule(t, w, at) })
	t.Run("DesiredReplicas", func(t *testing.T) { testDesired(t, w, at) })
	t.Run("TriggerQueries", func(t *testing.T) { testTriggers(t, w, at) })
	t.Run("Dashboards", func(t *testing.T) { testDashboards(t, w, at) })
	t.Run("BasesAgree", func(t *testing.T) { testBases(t, w, at) })
	t.Run("Compatibility", func(t *testing.T) { testCompatibility(t, w, at) })
}

func query(t *testing.T, s *prometheus.Server, expr string, at time.Time) []prometheus.Series {
	t.Helper()
	got, err := s.Query(t.Context(), expr, at)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// value is the one sample of an expression.
func value(t *testing.T, s *prometheus.Server, expr string, at time.Time) float64 {
	t.Helper()
	got := query(t, s, expr, at)
	if len(got) != 1 || math.IsNaN(got[0].Last()) || math.IsInf(got[0].Last(), 0) {
		t.Fatalf("%s: one finite sample expected, got %v", expr, got)
	}
	return got[0].Last()
}

// Every raw sample whose own timestamp lies where nothing moved equals the log, for the totals and every partition.
func testLagIsExact(t *testing.T, w *world, now time.Time) {
	for _, group := range []string{flow, odd} {
		sel := fmt.Sprintf(`{consumergroup="%s"}`, rules.EscapeLabel(group))
		taken := sampleTimes(t, w, sel, now)
		want := map[string]func(moment) int64{
			"kafka_group_lag" + sel:     func(m moment) int64 { return m.lag(group, topicOrders) },
			"kafka_group_backlog" + sel: func(m moment) int64 { return m.backlog(group, topicOrders) },
			"kafka_consumergroup_current_offset" + sel[:len(sel)-1] + `, partition="0"}`: func(m moment) int64 {
				return m.committed[group][topicOrders][0]
			},
			"kafka_consumergroup_lag_sum" + sel: func(m moment) int64 { return m.lag(group, topicOrders) },
			`kafka_topic_partition_current_offset{topic="` + topicOrders + `", partition="3"}`: func(m moment) int64 {
				return m.end[topicOrders][3]
			},
		}
		for selector, expected := range want {
			if compared := compareRaw(t, w, selector, taken, now, expected); compared < 10 {
				t.Errorf("%s: only %d samples fell where nothing moved", selector, compared)
			}
		}
	}
}

// sampleTimes tells for each scrape when the group's offsets were read, where none was held from an earlier sample: a
// topic's own offsets are never held.
func sampleTimes(t *testing.T, w *world, sel string, now time.Time) map[int64]time.Time {
	t.Helper()
	complete := map[int64]bool{}
	for _, p := range raw(t, w, "kafka_group_complete"+sel, now).Points {
		complete[p.Time.UnixMilli()] = p.Value == 1
	}
	taken := map[int64]time.Time{}
	for _, p := range raw(t, w, "kafka_group_sample_timestamp_seconds"+sel, now).Points {
		if complete[p.Time.UnixMilli()] {
			taken[p.Time.UnixMilli()] = time.UnixMilli(int64(p.Value * 1000))
		}
	}
	return taken
}

func raw(t *testing.T, w *world, selector string, now time.Time) prometheus.Series {
	t.Helper()
	got, err := w.ours.Raw(t.Context(), selector, 3*time.Minute, now)
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != 1 {
		t.Fatalf("%s: one series expected, got %d", selector, len(got))
	}
	return got[0]
}

func compareRaw(
	t *testing.T, w *world, selector string, taken map[int64]time.Time, now time.Time, want func(moment) int64,
) (compared int) {
	t.Helper()
	const wave = 1600 * time.Millisecond // the longest that a sample may take; all its offsets are read within
	for _, p := range raw(t, w, selector, now).Points {
		at, ok := taken[p.Time.UnixMilli()]
		if !ok {
			continue
		}
		m, still := w.traffic.log.at(at, wave)
		if !still {
			continue
		}
		compared++
		if got := int64(p.Value); got != want(m) {
			t.Errorf("%s at %s is %d, the log says %d", selector, at.Format("15:04:05.000"), got, want(m))
		}
	}
	return compared
}

// Rates over two minutes and the burndown agree with the log within the skew of a sample: one burst in fifteen.
func testRates(t *testing.T, w *world, now time.Time) {
	newest, ok1 := w.traffic.log.before(now)
	old, ok2 := w.traffic.log.before(now.Add(-2 * time.Minute))
	if !ok1 || !ok2 {
		t.Fatal("the log is too short")
	}
	const window = 120
	skew := func(rate float64) float64 { return 2 * rate * cycle.Seconds() / window }
	produced := float64(total(newest.end[topicOrders])-total(old.end[topicOrders])) / window
	consumed := float64(total(newest.committed[flow][topicOrders])-total(old.committed[flow][topicOrders])) / window
	lag := float64(newest.lag(flow, topicOrders))
	for expr, want := range map[string][2]float64{
		`consumergroup:kafka_group_produced_messages:rate2m{consumergroup="flow"}`:       {produced, skew(produced)},
		`consumergroup:kafka_group_consumed_messages:rate2m{consumergroup="flow"}`:       {consumed, skew(consumed)},
		`topic:kafka_topic_produced_messages:rate2m{topic="orders.v1"}`:                  {produced, skew(produced)},
		`consumergroup_topic:kafka_group_consumed_messages:rate2m{consumergroup="flow"}`: {consumed, skew(consumed)},
		`max(kafka_group_consumer_rate{consumergroup="flow"})`:                           {consumed, skew(consumed)},
		`max(kafka_group_producer_rate{consumergroup="flow"})`:                           {produced, skew(produced)},
		`consumergroup:kafka_group_burndown_seconds:max{consumergroup="flow"}`:           {lag / consumed, 0.1*lag/consumed + 1},
	} {
		if got := value(t, w.ours, expr, now); math.Abs(got-want[0]) > want[1] {
			t.Errorf("%s is %g, the log says %g ± %g", expr, got, want[0], want[1])
		}
	}
}

// The members never catch up, so what they do is what they can do, and more are needed: as many as there are partitions.
func testDesired(t *testing.T, w *world, now time.Time) {
	newest, _ := w.traffic.log.before(now)
	old, _ := w.traffic.log.before(now.Add(-2 * time.Minute))
	did := float64(total(newest.committed[flow][topicOrders])-total(old.committed[flow][topicOrders])) /
		newest.from.Sub(old.from).Seconds() / 2
	if got := value(t, w.ours, `max(kafka_group_member_capacity{consumergroup="flow"})`, now); math.Abs(got-did) > 0.15*did {
		t.Errorf("a member's capacity is %g, the log says %g", got, did)
	}
	if got := value(t, w.ours, `max(kafka_group_desired_replicas{consumergroup="flow"})`, now); got != partitions {
		t.Errorf("%g replicas are asked for, want %d", got, partitions)
	}
	if got := query(t, w.ours, `kafka_group_desired_reason{consumergroup="flow"} == 1`, now); len(got) != 1 {
		t.Errorf("one reason expected, got %v", got)
	}
}

// Both bases on the same real series, at a time when nothing moves: lag equal, rates within the skew of two servers that
// scrape a second apart, which is one burst in fifteen at either end of the window.
func testBases(t *testing.T, w *world, at time.Time) {
	const skew = 0.15
	for expr, tolerance := range map[string]float64{
		`consumergroup:kafka_group_lag:sum{consumergroup="flow"}`:                  0,
		`consumergroup:kafka_group_lag:max{consumergroup="flow"}`:                  0,
		`consumergroup:kafka_group_backlog:sum{consumergroup="flow"}`:              0,
		`consumergroup:kafka_group_members:max{consumergroup="flow"}`:              0,
		`consumergroup:kafka_group_useful_members:max{consumergroup="flow"}`:       0,
		`consumergroup:kafka_group_partitions:sum{consumergroup="flow"}`:           0,
		`consumergroup:kafka_group_lag:log2x7{consumergroup="flow"}`:               0,
		`consumergroup:kafka_group_produced_messages:rate2m{consumergroup="flow"}`: skew,
		`consumergroup:kafka_group_consumed_messages:rate2m{consumergroup="flow"}`: skew,
		`consumergroup:kafka_group_burndown_seconds:max{consumergroup="flow"}`:     skew,
		`topic:kafka_topic_produced_messages:rate2m{topic="orders.v1"}`:            skew,
	} {
		a, b := value(t, w.ours, expr, at), value(t, w.plain, expr, at)
		if math.Abs(a-b) > tolerance*math.Abs(a) {
			t.Errorf("%s: %g from this exporter's series, %g from kafka_exporter's", expr, a, b)
		}
	}
}

// stillMoment is shortly before the offsets move again: late enough for sample, scrape and both levels of rules, and one
// at which none of these was late. A busy machine loses scrapes at one a second; what then stands is older, not wrong.
func stillMoment(t *testing.T, w *world) (at time.Time) {
	t.Helper()
	fresh := func(s *prometheus.Server, from time.Time) bool {
		up := query(t, s, `min(min_over_time(up[3s])) == 1`, at) // every target: a dashboard asks for now
		sampled := query(t, s, fmt.Sprintf(`kafka_group_sample_timestamp_seconds{consumergroup=%q}`, flow), at.Add(-2*time.Second))
		return len(up) == 1 && len(sampled) == 1 && sampled[0].Last() >= float64(from.UnixMilli())/1000
	}
	start := time.Now()
	waitFor(t, "a moment at which everything was sampled, scraped and evaluated in time", 3*time.Minute, func(context.Context) bool {
		m, ok := w.traffic.log.before(time.Now().Add(-cycle))
		at = m.until.Add(-50 * time.Millisecond)
		return ok && m.from.After(start) && fresh(w.ours, m.from) && fresh(w.plain, m.from)
	})
	return at
}

// Queries that people have on kafka_exporter's series give the answers that the log gives.
func testCompatibility(t *testing.T, w *world, at time.Time) {
	m, _ := w.traffic.log.before(at)
	old, _ := w.traffic.log.before(at.Add(-time.Minute))
	moved := float64(total(m.end[topicOrders]) - total(old.end[topicOrders]))
	read := float64(total(m.committed[flow][topicOrders]) - total(old.committed[flow][topicOrders]))
	oneBurst := 1.25 * partitions * perBurst // and what extrapolation adds
	lag := float64(m.lag(flow, topicOrders))
	for expr, want := range map[string][2]float64{
		`sum by (consumergroup, topic) (kafka_consumergroup_lag{consumergroup="flow"})`: {lag, 0},
		`kafka_consumergroup_lag_sum{consumergroup="flow"}`:                             {lag, 0},
		`sum(kafka_topic_partition_current_offset{topic="orders.v1"})`:                  {float64(total(m.end[topicOrders])), 0},
		`sum(kafka_consumergroup_current_offset{consumergroup="flow"})`:                 {float64(total(m.committed[flow][topicOrders])), 0},
		`kafka_consumergroup_current_offset_sum{consumergroup="flow"}`:                  {float64(total(m.committed[flow][topicOrders])), 0},
		`sum(rate(kafka_topic_partition_current_offset{topic="orders.v1"}[1m])) * 60`:   {moved, oneBurst},
		`sum(delta(kafka_topic_partition_current_offset{topic="orders.v1"}[1m]))`:       {moved, oneBurst},
		`sum(delta(kafka_consumergroup_current_offset{consumergroup="flow"}[1m]))`:      {read, oneBurst},
		`kafka_topic_partitions{topic="orders.v1"}`:                                     {partitions, 0},
		`sum(kafka_topic_partition_under_replicated_partition{topic="orders.v1"})`:      {0, 0},
		`sum(kafka_topic_partition_leader_is_preferred{topic="orders.v1"})`:             {partitions, 0},
		`sum(kafka_topic_partition_in_sync_replica{topic="orders.v1"})`:                 {partitions, 0},
		`sum(kafka_topic_partition_oldest_offset{topic="orders.v1"})`:                   {0, 0},
		`kafka_brokers`: {1, 0},
		`kafka_consumergroup_members{consumergroup="flow"}`: {2, 0},
		`count(kafka_consumergroup_lag < 0) or vector(0)`:   {0, 0},
	} {
		if got := value(t, w.ours, expr, at); math.Abs(got-want[0]) > want[1] {
			t.Errorf("%s is %g, the log says %g ± %g", expr, got, want[0], want[1])
		}
	}
}
