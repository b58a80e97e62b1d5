package collector

import (
	"maps"
	"slices"
	"strings"
	"testing"

	dto "github.com/prometheus/client_model/go"

	"github.com/google/go-cmp/cmp"
)

// A feed hands over what the exposition has, snapshot after snapshot, whatever comes and goes.
func TestFeedIsTheExposition(t *testing.T) {
	encoder := newEncoder(t, EncoderOptions{})
	var names []string
	got := map[string]float64{}
	feed := NewFeed(FeedOptions{
		Wants: func(name string) bool { return name != "kafka_brokers" },
		Series: func(name string, labels []string) int {
			if name == "kafka_group_lag_max" {
				return -1
			}
			names = append(names, name+" "+strings.Join(labels, " "))
			return len(names) - 1
		},
		Set: func(series int, v float64) {
			if _, twice := got[names[series]]; twice {
				t.Errorf("%s is set twice", names[series])
			}
			got[names[series]] = v
		},
	})
	all := scenarios()
	order := slices.Sorted(maps.Keys(all))
	for _, name := range append(order, order...) {
		clear(got)
		feed.Put(all[name])
		want := map[string]float64{}
		for _, mf := range encoder.MetricFamilies(all[name], nil) {
			if mf.GetName() == "kafka_brokers" || mf.GetName() == "kafka_group_lag_max" {
				continue
			}
			for _, m := range mf.Metric {
				want[mf.GetName()+" "+pairsOf(m)] = m.GetGauge().GetValue() + m.GetCounter().GetValue()
			}
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s (-exposition +feed):\n%s", name, d)
		}
	}
}

func pairsOf(m *dto.Metric) string {
	var out []string
	for _, l := range m.Label {
		out = append(out, l.GetName(), l.GetValue())
	}
	return strings.Join(out, " ")
}

func TestFeedAllocatesNothingOnceItKnowsTheSeries(t *testing.T) {
	n := 0
	feed := NewFeed(FeedOptions{
		Wants:  func(name string) bool { return name != "kafka_group_info" && name != "kafka_broker_info" },
		Series: func(string, []string) int { n++; return n },
		Set:    func(int, float64) {},
	})
	s := snapshotOf(normalGroup("a"), normalGroup("b"))
	feed.Put(s)
	if got := testing.AllocsPerRun(100, func() { feed.Put(s) }); got > 0 {
		t.Errorf("%v allocations", got)
	}
}

// Every signal's family is found by its level and its signal.
func TestFamiliesAreFoundByWhatTheyShow(t *testing.T) {
	for _, f := range Families() {
		if f.Level == LevelCluster || f.Level == LevelBroker {
			continue
		}
		got := Named(f.Level, f.Signal())
		if same := strings.HasPrefix(f.Name, dropInGroup) && f.Level != LevelGroupPartition; got != f.Name && !same {
			t.Errorf("%s at the level %s is found as %q, want %s", f.Signal(), f.Level, got, f.Name)
		}
	}
	if got := Named(LevelGroup, "lagg"); got != "" {
		t.Errorf("a signal that does not exist is found as %s", got)
	}
}
