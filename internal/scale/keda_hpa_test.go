package scale

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestHPASpecOfScaledObject(t *testing.T) {
	window := time.Minute
	so := ScaledObject{
		Behavior: &Behavior{Down: &Rules{Window: &window}}, Paused: Pause{In: true},
		Triggers: []Trigger{
			{Type: CPUTrigger, Kind: Utilization, Resource: &ResourceTarget{Target: 60}},
			{Type: KafkaTrigger, Kafka: &Kafka{Topics: []string{"a.b"}, ConsumerGroup: "g", LagThreshold: 7}},
			{Type: KafkaTrigger, Kafka: &Kafka{ConsumerGroup: "g", LagThreshold: 8}},
			{Type: ApacheKafkaTrigger, Kafka: &Kafka{Topics: []string{"x", "y"}, ConsumerGroup: "g", LagThreshold: 9}},
			{Type: PrometheusTrigger, Kind: Value, Prometheus: &Prometheus{Threshold: 86.0124}},
			{Type: MemoryTrigger, Kind: AverageValue, Resource: &ResourceTarget{Target: 5, Container: "c"}},
			{Type: CronTrigger, Cron: &Cron{StartText: "0 8 * * 1,2", EndText: "*/5 20 * * ?", Location: time.UTC}},
		},
	}
	got := so.HPASpec(nil)
	want := HPASpec{
		MinReplicas: 1, MaxReplicas: 100,
		Behavior: &Behavior{Down: &Rules{Window: &window, Select: SelectDisabled}},
		Metrics: []MetricSpec{
			{Name: "memory", Resource: Memory, Target: 5, Trigger: 5},
			{Name: "s1-kafka-a-b", Target: 7000, Trigger: 1},
			{Name: "s2-kafka-g-topics", Target: 8000, Trigger: 2},
			{Name: "s3-kafka-x,y", Target: 9000, Trigger: 3},
			{Name: "s4-prometheus", Kind: Value, Target: 86012, Trigger: 4},
			{Name: "s6-cron-UTC-08xx1Cm2-xSl520xxQm", Target: 1000, Trigger: 6},
			{Name: "cpu", Resource: CPU, Kind: Utilization, Target: 60},
		},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("HPA (-want +got):\n%s", d)
	}
	if so.Behavior.Down.Select != "" {
		t.Error("the ScaledObject's own behavior was changed")
	}
	so.Modifiers = &Modifiers{Target: 1.5, Kind: Value}
	want.Metrics = []MetricSpec{
		{Name: "cpu", Resource: CPU, Kind: Utilization, Target: 60},
		{Name: "composite-metric", Kind: Value, Target: 1500, Trigger: CompositeTrigger},
	}
	if d := cmp.Diff(want.Metrics, so.HPASpec(nil).Metrics); d != "" {
		t.Errorf("metrics with a formula (-want +got):\n%s", d)
	}
}

func TestAutoscalerClocks(t *testing.T) {
	so := ScaledObject{PollingInterval: 10 * time.Second, Triggers: []Trigger{lagTrigger(0)}}
	a := NewAutoscaler(so, start, nil)
	var polls, syncs []int
	replicas := int32(0)
	for now := a.Next(); now.Before(start.Add(50 * time.Second)); now = a.Next() {
		out := a.Step(now, Workload{SpecReplicas: replicas, StatusReplicas: replicas, ReadyReplicas: replicas}, value(750))
		if out.Poll != nil {
			polls = append(polls, int(now.Sub(start).Seconds()))
		}
		if out.HPA != nil {
			syncs = append(syncs, int(now.Sub(start).Seconds()))
		}
		replicas = out.Replicas
	}
	if d := cmp.Diff([]int{0, 10, 20, 30, 40}, polls); d != "" {
		t.Errorf("polls %s", d)
	}
	if d := cmp.Diff([]int{15, 30, 45}, syncs); d != "" {
		t.Errorf("syncs %s", d)
	}
	if replicas != 8 {
		t.Errorf("%d replicas, want 8", replicas)
	}
}

func TestAutoscalerPausedHasNoHPA(t *testing.T) {
	a := NewAutoscaler(ScaledObject{Triggers: []Trigger{lagTrigger(0)}, Paused: Pause{Replicas: n32(4)}}, start, nil)
	out := a.Step(start.Add(15*time.Second), Workload{SpecReplicas: 9, StatusReplicas: 9, ReadyReplicas: 9}, value(9999))
	if out.Replicas != 4 || out.HPA != nil {
		t.Errorf("%+v", out)
	}
}
