package demo

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-kit/log"
	"github.com/google/go-cmp/cmp"

	"kafka_burndown_exporter/internal/scale"
	"kafka_burndown_exporter/lab/promql"
	"kafka_burndown_exporter/lab/scenario"
)

// ready are a scenario's setups, their queries registered with a Prometheus of their own.
func ready(t *testing.T, name, start string) ([]*setup, *setup) {
	t.Helper()
	all, first, err := setups(shipped(t, name, 1), start, promql.NewServer(promql.Options{}).Register)
	if err != nil {
		t.Fatal(err)
	}
	return all, first
}

func TestSetups(t *testing.T) {
	for name, want := range map[string]struct {
		first  string
		labels []string
	}{
		"food-delivery":   {"desired", []string{"KEDA's kafka trigger", "log2×7", "desired replicas"}},
		"ride-hailing":    {"desired", []string{"KEDA's kafka trigger", "log2×7", "desired replicas"}},
		"fashion":         {"log2x7-cpu", []string{"lag", "log2×7 and CPU", "desired replicas and CPU"}},
		"payments":        {"max-10", []string{"KEDA's kafka trigger, maximum 10", "KEDA's kafka trigger, maximum 6", "desired replicas"}},
		"tuning-profiles": {"quick", []string{"original", "quick", "slow", "known-peaks", "initial-load", "consistently-high", "desired"}},
	} {
		t.Run(name, func(t *testing.T) {
			all, first := ready(t, name, "")
			var labels []string
			for _, s := range all {
				labels = append(labels, s.label)
			}
			if diff := cmp.Diff(want.labels, labels); diff != "" || first.candidate.Name != want.first {
				t.Errorf("starts with %s, want %s; the switch (-want +got):\n%s", first.candidate.Name, want.first, diff)
			}
		})
	}
	// One that the switch does not have gets a place on it.
	all, first := ready(t, "ride-hailing", "burndown-10s")
	if len(all) != 4 || all[3] != first || first.label != "burndown-10s" {
		t.Errorf("%d positions, the first is %+v", len(all), first)
	}
	if _, _, err := setups(shipped(t, "payments", 1), "none", nil); err == nil || !strings.Contains(err.Error(), `no candidate "none"`) {
		t.Errorf("an unknown candidate: %v", err)
	}
}

// TestEveryChoiceScalesOnWhatItSays: the labels of the first two scenarios are those of the page in docs/demo.md.
func TestEveryChoiceScalesOnWhatItSays(t *testing.T) {
	says := map[string]func(s *scaler) bool{
		"KEDA's kafka trigger": func(s *scaler) bool { return s.object.Scale.Triggers[0].Kafka != nil },
		"log2×7": func(s *scaler) bool {
			return s.queries[0] != nil && strings.Contains(s.object.Queries[0].Text, "log2x7")
		},
		"desired replicas": func(s *scaler) bool {
			return s.queries[0] != nil && strings.Contains(s.object.Queries[0].Text, "kafka_group_desired_replicas")
		},
	}
	for _, name := range []string{"food-delivery", "ride-hailing"} {
		all, _ := ready(t, name, "")
		watched := shipped(t, name, 1).Watched().Name
		for _, s := range all {
			if check := says[s.label]; check == nil || s.scaler(watched) == nil || !check(s.scaler(watched)) {
				t.Errorf("%s: %s: %s is scaled by %+v", name, s.label, watched, s.scaler(watched))
			}
		}
	}
}

func TestChange(t *testing.T) {
	all, _ := ready(t, "ride-hailing", "burndown-10s")
	again, _ := ready(t, "ride-hailing", "burndown-10s")
	published, log2x7, desired := all[0], all[1], all[2]
	for name, tc := range map[string]struct {
		before, after *scaler
		want          string
	}{
		"nothing":       {nil, nil, ""},
		"itself":        {published.scaler("driver-matching"), published.scaler("driver-matching"), ""},
		"read again":    {published.scaler("trip-analytics-consumer"), again[0].scaler("trip-analytics-consumer"), ""},
		"of its base":   {published.scaler("driver-matching"), log2x7.scaler("driver-matching"), ""},
		"another":       {published.scaler("trip-analytics-consumer"), desired.scaler("trip-analytics-consumer"), "ScaledObject trip-analytics-consumer and its HPA are replaced"},
		"another query": {log2x7.scaler("trip-analytics-consumer"), all[3].scaler("trip-analytics-consumer"), "ScaledObject trip-analytics-consumer and its HPA are replaced"},
		"created":       {nil, desired.scaler("driver-matching"), "ScaledObject driver-matching-scaler is created"},
		"deleted":       {desired.scaler("driver-matching"), nil, "ScaledObject driver-matching-scaler is deleted"},
		"of other name": {desired.scaler("driver-matching"), desired.scaler("trip-analytics-consumer"),
			"ScaledObject driver-matching-scaler is replaced by trip-analytics-consumer"},
	} {
		if got := change(tc.before, tc.after); got != tc.want {
			t.Errorf("%s: %q, want %q", name, got, tc.want)
		}
	}
}

// TestSwitch changes the ScaledObjects of a demo whose workload stands still, so that nothing else changes the replicas.
func TestSwitch(t *testing.T) {
	d, _ := idle(t)
	for _, step := range []struct {
		to, said string
		err      bool
		log      []string // what is new there
	}{
		{to: "lag", said: "from now on: 3 ScaledObjects changed", log: []string{
			"order-consumer switch 1 1 ScaledObject order-consumer and its HPA are replaced: KEDA's kafka trigger",
			"restaurant-consumer switch 2 2 ScaledObject restaurant-consumer and its HPA are replaced: KEDA's kafka trigger",
			"courier-consumer switch 2 2 ScaledObject courier-consumer and its HPA are replaced: KEDA's kafka trigger"}},
		{to: "lag", said: "already"},
		{to: "nothing", err: true},
	} {
		before := len(d.Decisions())
		said, err := d.Switch(step.to)
		if (err != nil) != step.err || !strings.Contains(said, step.said) {
			t.Errorf("%s: %q, %v", step.to, said, err)
		}
		var log []string
		for _, dec := range d.Decisions()[:len(d.Decisions())-before] {
			log = append(log, strings.Join([]string{dec.Service, dec.By, number(dec.From), number(dec.To), dec.Why}, " "))
		}
		slices.Sort(log)
		slices.Sort(step.log)
		if diff := cmp.Diff(step.log, log); diff != "" {
			t.Errorf("%s: the log (-want +got):\n%s", step.to, diff)
		}
	}
	on := slices.IndexFunc(d.Choices(), func(c Choice) bool { return c.On })
	if c := d.Choices()[on]; c.Candidate != "lag" {
		t.Errorf("%+v is on", c)
	}
	for _, a := range d.autoscalers {
		scaled := slices.Contains([]string{"order-consumer", "restaurant-consumer", "courier-consumer"}, a.deployment.service.Name)
		if (a.scaler != nil) != scaled || (a.state != nil) != scaled {
			t.Errorf("%s: scaled by %+v", a.deployment.service.Name, a.scaler)
		}
		if scaled && a.scaler.object.Scale.Triggers[0].Kafka == nil {
			t.Errorf("%s is not scaled by the kafka trigger", a.deployment.service.Name)
		}
	}
}

func number(n int32) string { return string('0' + n) }

// TestReplicasAfterASwitch: they stay, unless the ScaledObject restores them or the candidate names them.
func TestReplicasAfterASwitch(t *testing.T) {
	const service = "trip-analytics-consumer"
	for name, tc := range map[string]struct {
		restore bool
		to      string
		want    int32
	}{
		"another ScaledObject":            {false, "log2x7-84", 9},
		"another, and the first restores": {true, "log2x7-84", 2},
		"a fixed fleet":                   {false, "fixed-20", 20},
		"a fixed fleet, after a restore":  {true, "fixed-20", 20},
	} {
		all, _ := ready(t, "ride-hailing", "fixed-20")
		clock := NewClock(time.Now(), time.Now(), 0, 1)
		dep := newDeployment(&scenario.Service{Name: service}, 2, "", clock, Cluster{}, log.NewNopLogger(), nil)
		first := all[2].scaler(service)
		first.object.RestoreReplicas = tc.restore
		a := newAutoscaler(first, dep, clock, nil, nil)
		dep.scaleTo(9)
		i := slices.IndexFunc(all, func(s *setup) bool { return s.candidate.Name == tc.to })
		if !a.replace(time.Now(), all[i]) || dep.replicas() != tc.want || (a.state == nil) != (tc.to == "fixed-20") {
			t.Errorf("%s: %d replicas, want %d; state %v", name, dep.replicas(), tc.want, a.state)
		}
		if decisions, _ := a.log(); len(decisions) != 1 || decisions[0].From != 9 || decisions[0].To != tc.want {
			t.Errorf("%s: the log says %+v", name, decisions)
		}
	}
}

// TestSwitchWhileItRuns: the set-ups take over from each other under load, and no message is lost.
func TestSwitchWhileItRuns(t *testing.T) {
	t.Parallel()
	s := shipped(t, "food-delivery", 5)
	points(&s.Producers[0].Profile, 0, 12, 1, 12, 2, 60)
	s.Faults = nil
	p := start(t, s, "lag", 20)
	const service = "restaurant-consumer"
	p.await("scaled by lag", func() bool { return p.status(service).Ready >= 4 })
	for _, to := range []struct{ candidate, metric string }{{"desired", "prometheus"}, {"log2x7", "prometheus"}, {"lag", "kafka"}} {
		if _, err := p.demo.Switch(to.candidate); err != nil {
			t.Fatal(err)
		}
		since, at := len(p.decisions(service)), p.status(service).Desired
		if at < 2 {
			t.Errorf("%d replicas when %s took over: the ones before were not kept", at, to.candidate)
		}
		p.await(to.candidate+" decides", func() bool {
			return slices.ContainsFunc(p.decisions(service)[since:], func(d scale.Decision) bool {
				return len(d.Proposals) > 0 && d.Proposals[0].Err == nil && strings.Contains(d.Proposals[0].Metric, to.metric)
			})
		})
	}
	p.checkCeiling(service)
	p.drain()
	p.stop()
	p.checkAtLeastOnce()
}
