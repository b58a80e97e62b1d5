package manifest

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"kafka_burndown_exporter/internal/scale"
)

func ptr[T any](v T) *T { return &v }

func TestLoadFull(t *testing.T) {
	b, err := Load([]string{"testdata/full.yaml"}, Options{Env: map[string]string{"GROUP": "payment-service"}})
	if err != nil {
		t.Fatal(err)
	}
	if len(b.Objects) != 1 {
		t.Fatalf("%d objects", len(b.Objects))
	}
	o := b.Objects[0]
	want := scale.ScaledObject{
		Namespace: "kafka", Name: "consumer",
		MinReplicas: ptr[int32](2), MaxReplicas: ptr[int32](12), IdleReplicas: ptr[int32](0),
		PollingInterval: 10 * time.Second, Cooldown: ptr(time.Minute), InitialCooldown: 30 * time.Second,
		Fallback: &scale.Fallback{FailureThreshold: 3, Replicas: 4, Behavior: scale.FallbackStatic},
		Behavior: &scale.Behavior{
			Up: &scale.Rules{
				Window: ptr(30 * time.Second), Select: scale.SelectMin, Tolerance: ptr(0.05),
				Policies: []scale.Policy{
					{Type: scale.Pods, Value: 5, Period: 30 * time.Second},
					{Type: scale.Percent, Value: 100, Period: 15 * time.Second},
				},
			},
			Down: &scale.Rules{Window: ptr(5 * time.Minute)},
		},
		Paused: scale.Pause{In: true, ForceActivation: true},
		Triggers: []scale.Trigger{
			{Type: scale.KafkaTrigger, Name: "lag", UseCachedMetrics: true, Kafka: &scale.Kafka{
				BootstrapServers: []string{"kafka-0:9092", "kafka-1:9092"}, ConsumerGroup: "payment-service",
				Topics: []string{"payments"}, PartitionLimitation: []int32{1, 3, 4, 5}, LagThreshold: 50,
				ActivationLagThreshold: 3, Earliest: true, ExcludePersistentLag: true,
			}},
			{Type: scale.ApacheKafkaTrigger, Kafka: &scale.Kafka{
				BootstrapServers: []string{"kafka:9092"}, ConsumerGroup: "g", Topics: []string{"a", "b"}, LagThreshold: 10,
			}},
			{Type: scale.PrometheusTrigger, Kind: scale.Value, Prometheus: &scale.Prometheus{
				ServerAddress: "http://prometheus:9090", Threshold: 86.01,
				Query: `max(consumergroup:kafka_group_lag:log2x7{consumergroup="g"})`,
			}},
			{Type: scale.CPUTrigger, Kind: scale.AverageValue, Resource: &scale.ResourceTarget{Target: 500}},
			{Type: scale.MemoryTrigger, Kind: scale.Utilization, Resource: &scale.ResourceTarget{Target: 60, Container: "main"}},
			{Type: scale.CronTrigger, Cron: &scale.Cron{StartText: "0 8 * * 1-5", EndText: "0 20 * * 1-5", DesiredReplicas: 6}},
		},
	}
	ignore := cmpopts.IgnoreFields(scale.Cron{}, "Start", "End", "Location")
	if d := cmp.Diff(want, o.Scale, ignore, cmpopts.EquateApprox(0, 1e-12)); d != "" {
		t.Errorf("scale (-want +got):\n%s", d)
	}
	if want := (Target{"apps/v1", "StatefulSet", "consumer"}); o.Target != want || o.HPAName != "kafka-hpa" || !o.RestoreReplicas {
		t.Errorf("target %v, HPA %q, restore %v", o.Target, o.HPAName, o.RestoreReplicas)
	}
	monday := time.Date(2026, 1, 5, 7, 30, 0, 0, o.Scale.Triggers[5].Cron.Location)
	if got := o.Scale.Triggers[5].Cron.Start(monday); got.Hour() != 8 || got.Day() != 5 {
		t.Errorf("cron start after %v is %v", monday, got)
	}
	if o.Group() != "payment-service" || o.String() != "kafka/consumer" {
		t.Errorf("group %q, name %q", o.Group(), o.String())
	}
}

func TestParseErrors(t *testing.T) {
	lag := prometheus("AverageValue", lagQuery, "1000", nullFalse)
	kafka := kafkaTrigger("")
	for _, c := range []struct{ name, manifest, want string }{
		{"not YAML", "a: b: c", "so.yaml: is not valid YAML: mapping values"},
		{"no object", "just: text", "kind: is missing"},
		{"old version", "apiVersion: keda.k8s.io/v1alpha1\nkind: ScaledObject", "write keda.sh/v1alpha1"},
		{"unknown field", manifest("  maxReplicas: 3\n", lag), "so.yaml:6: ScaledObject n/o: spec.maxReplicas: is not a field here"},
		{"repeated field", manifest("  maxReplicaCount: 3\n  maxReplicaCount: 4\n", lag), "spec.maxReplicaCount: is given twice"},
		{"quoted number", manifest("  maxReplicaCount: \"3\"\n", lag), "whole number without quotes"},
		{"bounds", manifest("  pollingInterval: 0\n", lag), "spec.pollingInterval: 0 is not within 1"},
		{"min above max", manifest("  minReplicaCount: 5\n  maxReplicaCount: 3\n", lag), "5 is above maxReplicaCount 3"},
		{"min above the default max", manifest("  minReplicaCount: 101\n", lag), "101 is above maxReplicaCount 100"},
		{"idle", manifest("  minReplicaCount: 1\n  idleReplicaCount: 1\n", lag), "has to be below minReplicaCount 1"},
		{"no triggers", manifest(""), "spec.triggers: needs at least one trigger"},
		{"unknown trigger", manifest("", "  - {type: rabbitmq, metadata: {}}\n"), `spec.triggers[0].type: "rabbitmq" triggers are not simulated`},
		{"number in metadata", manifest("", strings.Replace(lag, `"1000"`, "1000", 1)), "spec.triggers[0].metadata.threshold: has to be a string: quote it"},
		{"bool in metadata", manifest("", strings.Replace(lag, `"false"`, "false", 1)), "metadata.ignoreNullValues: has to be a string"},
		{"unknown metadata", manifest("", lag+"      treshold: \"4\"\n"), "metadata.treshold: is not a field here"},
		{"bad number", manifest("", prometheus("Value", lagQuery, "1,000", nullFalse)), `metadata.threshold: "1,000" is not a number`},
		{"zero target", manifest("", prometheus("Value", lagQuery, "0", nullFalse)), "has to be at least 0.001"},
		{"unknown query", manifest("", prometheus("Value", "sum(http_requests_total)", "1", nullFalse)), "metadata.query: http_requests_total is not a series"},
		{"Utilization", manifest("", prometheus("Utilization", lagQuery, "1", nullFalse)), "Utilization is for cpu and memory"},
		{"metricType", manifest("", prometheus("average", lagQuery, "1", nullFalse)), `"average" is not one of AverageValue, Value, Utilization`},
		{"cpu without metricType", manifest(minMax, "  - {type: cpu, metadata: {value: \"60\"}}\n"), "metricType: has to be Utilization or AverageValue"},
		{"cpu type", manifest(minMax, "  - {type: cpu, metricType: Utilization, metadata: {type: Utilization, value: \"60\"}}\n"), "is refused since KEDA 2.18"},
		{"cpu alone to zero", manifest("", cpuTrigger), "cpu and memory triggers alone cannot scale to zero"},
		{"cached cpu", manifest(minMax, strings.Replace(cpuTrigger, "{type", "{useCachedMetrics: true, type", 1)), "useCachedMetrics: is not for cpu"},
		{"sasl", manifest("", kafkaTrigger(", sasl: scram_sham256")), `"scram_sham256" is not one of none, plaintext`},
		{"threshold 0", manifest("", kafkaTrigger(`, lagThreshold: "0"`)), "lagThreshold: has to be above 0"},
		{"exclusive", manifest("", kafkaTrigger(`, allowIdleConsumers: "true", limitToPartitionsWithLag: "true"`)), "excludes allowIdleConsumers"},
		{"needs topic", manifest("", strings.Replace(kafkaTrigger(`, ensureEvenDistributionOfPartitions: "true"`), "topic: t, ", "", 1)), "needs topic"},
		{"policy", manifest("", strings.Replace(kafka, ", topic: t", ", topic: t, offsetResetPolicy: none", 1)), `"none" is not one of latest, earliest`},
		{"partitions", manifest("", kafkaTrigger(", partitionLimitation: 1-x")), "not a list of partitions"},
		{"environment", manifest("", kafkaTrigger(", topicFromEnv: TOPIC")), ""},
		{"unknown environment", manifest("", strings.Replace(kafka, "consumerGroup: g", "consumerGroupFromEnv: GROUP", 1)), "the pod's variable GROUP is not known here: write consumerGroup"},
		{"cron expression", manifest("", strings.Replace(cronTrigger("3"), "0 8 * * *", "0 8 * *", 1)), "not a cron expression of five fields"},
		{"cron zone", manifest("", strings.Replace(cronTrigger("3"), "Europe/Lisbon", "Europe/Lisboa", 1)), "not a time zone"},
		{"cron same", manifest("", strings.Replace(cronTrigger("3"), "0 20", "0 8", 1)), "is the same as start"},
		{"fallback", manifest("  fallback: {replicas: 3}\n", lag), "needs failureThreshold and replicas"},
		{"fallback behavior", manifest("  fallback: {failureThreshold: 1, replicas: 3, behavior: scalingModifiers}\n", lag), "needs advanced.scalingModifiers.formula"},
		{"behavior", manifest("  advanced: {horizontalPodAutoscalerConfig: {behavior: {scaleUp: {policies: [{type: Pods, value: 0, periodSeconds: 15}]}}}}\n", lag), "0 is not within 1"},
		{"window", manifest("  advanced: {horizontalPodAutoscalerConfig: {behavior: {scaleUp: {stabilizationWindowSeconds: 4000}}}}\n", lag), "4000 is not within 0 and 3600"},
		{"formula", manifest("  advanced: {scalingModifiers: {formula: lag + missing, target: \"1\"}}\n", strings.Replace(lag, "type: prometheus", "type: prometheus\n    name: lag", 1)), "scalingModifiers.formula: compile"},
		{"formula target", manifest("  advanced: {scalingModifiers: {formula: lag, target: \"0\"}}\n", strings.Replace(lag, "type: prometheus", "type: prometheus\n    name: lag", 1)), "a number above 0"},
		{"two of a name", manifest("", lag) + "---\n" + manifest("", lag), "is already in so.yaml:1: keep one"},
		{"same trigger name", manifest("", strings.Replace(lag, "type: prometheus", "type: prometheus\n    name: a", 1), strings.Replace(lag, "type: prometheus", "type: prometheus\n    name: a", 1)), "is the name of two triggers"},
		{"paused replicas", strings.Replace(manifest("", lag), "namespace: n}", "namespace: n, annotations: {autoscaling.keda.sh/paused-replicas: none}}", 1), "is not a number of replicas"},
		{"old target", strings.Replace(manifest("", lag), "{name: app}", "{deploymentName: app}", 1), "was dropped with KEDA 2"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Parse("so.yaml", []byte(c.manifest), Options{})
			if c.want == "" {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want one with %q", err, c.want)
			}
		})
	}
}

func TestErrorNamesItsPlace(t *testing.T) {
	_, err := Parse("so.yaml", []byte(manifest("  maxReplicaCount: x\n", cpuTrigger)), Options{})
	var e *Error
	if !errors.As(err, &e) || e.File != "so.yaml" || e.Line != 6 || e.Object != "ScaledObject n/o" || e.Field != "spec.maxReplicaCount" {
		t.Errorf("%+v", e)
	}
}

func TestMergesAndAliases(t *testing.T) {
	b, err := Parse("so.yaml", []byte(`
kind: List
apiVersion: v1
items:
- apiVersion: keda.sh/v1alpha1
  kind: ScaledObject
  metadata: &meta {name: a, namespace: n}
  spec: &spec
    scaleTargetRef: {name: a}
    triggers: [{type: kafka, metadata: {bootstrapServers: "k:9092", consumerGroup: g, topic: t}}]
- apiVersion: keda.sh/v1alpha1
  kind: ScaledObject
  metadata: {<<: *meta, name: b}
  spec: {<<: *spec, maxReplicaCount: 7}
`), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if len(b.Objects) != 2 || b.Objects[1].String() != "n/b" || b.Objects[1].Scale.Max() != 7 || b.Objects[1].Scale.Triggers[0].Kafka.ConsumerGroup != "g" {
		t.Errorf("%d objects, second %v", len(b.Objects), b.Objects[1])
	}
}

func TestFromValue(t *testing.T) {
	o, err := FromValue("scenario.yaml: candidate a", map[string]any{
		"apiVersion": "keda.sh/v1alpha1", "kind": "ScaledObject", "metadata": map[string]any{"name": "o"},
		"spec": map[string]any{
			"scaleTargetRef": map[string]any{"name": "app"},
			"triggers": []any{map[string]any{"type": "prometheus", "metadata": map[string]any{
				"serverAddress": "http://p", "query": lagQuery, "threshold": "1e3", "ignoreNullValues": "false",
			}}},
		},
	}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if o.Scale.Triggers[0].Prometheus.Threshold != 1000 {
		t.Errorf("threshold %v", o.Scale.Triggers[0].Prometheus.Threshold)
	}
	if v, ok := o.Queries[0].Eval(fakeSignals{SignalLag: 7}); v != 7 || !ok {
		t.Errorf("answer %v %v", v, ok)
	}
	if v, ok := o.Queries[0].Eval(fakeSignals{}); ok {
		t.Errorf("answer %v, want none", v)
	}
}

func TestKeepUnread(t *testing.T) {
	b, err := Parse("so.yaml", []byte(manifest(safe, cpuTrigger, prometheus("Value", "sum(http_requests_total)", "1", nullFalse))), Options{KeepUnread: true})
	if err != nil {
		t.Fatal(err)
	}
	o := b.Objects[0]
	if o.Unread[0] != nil || o.Unread[1] == nil || len(o.Unread) != 2 || o.Queries[1] != nil {
		t.Errorf("unread %v", o.Unread)
	}
}

func TestFormula(t *testing.T) {
	names := map[string]float64{"a": -1, "b": -1}
	for _, c := range []struct {
		text   string
		values map[string]any
		want   float64
		isNil  bool
		fails  bool
	}{
		{"a + b", map[string]any{"a": 2.0, "b": 3.0}, 5, false, false},
		{"a > 1 ? 4 : 2", map[string]any{"a": 2.0, "b": 3.0}, 4, false, false},
		{"max([a, b])", map[string]any{"a": 2.0, "b": 3.0}, 3, false, false},
		{"a ?? b ?? 9", map[string]any{"a": nil, "b": 3.0}, 3, false, false},
		{"a ?? b", map[string]any{"a": nil, "b": nil}, 0, true, false},
		{"a + b", map[string]any{"a": 2.0}, 0, false, true},
	} {
		f, err := compileFormula(c.text, names)
		if err != nil {
			t.Fatalf("%s: %v", c.text, err)
		}
		got, isNil, err := f(c.values)
		if (err != nil) != c.fails || isNil != c.isNil || got != c.want {
			t.Errorf("%s of %v: %v %v %v", c.text, c.values, got, isNil, err)
		}
	}
}

func TestQuantity(t *testing.T) {
	for text, want := range map[string]int64{"500m": 500, "0.5": 500, "1Ki": 1_024_000, "2e3": 2_000_000, "100n": 1, "-1": -1000} {
		q, err := parseQuantity(text)
		if err != nil || q.MilliValue() != want {
			t.Errorf("%s: %v %v, want %d", text, q, err, want)
		}
	}
	for _, text := range []string{"", "1 Gi", "1Gib", "abc", "1e", "0x10", "1E", "-1E"} {
		if _, err := parseQuantity(text); err == nil {
			t.Errorf("%q is taken", text)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(manifest(safe, prometheus("Value", lagQuery, "1", nullFalse), cpuTrigger, kafkaTrigger(""), cronTrigger("3"))))
	f.Add([]byte("a: &a [*a]\n"))
	f.Add([]byte(deployment + hpaManifest))
	f.Fuzz(func(t *testing.T, data []byte) {
		b, err := Parse("f.yaml", data, Options{})
		if err != nil {
			return
		}
		Lint(b, func(*Object) Facts { return Facts{Partitions: 7, Capacity: 1, RebalancePause: 1, StartDelay: 1} })
		for _, o := range b.Objects {
			if o.Scale.Min() > o.Scale.Max() || len(o.Scale.Triggers) != len(o.Queries) || len(o.Queries) != len(o.Unread) {
				t.Fatalf("inconsistent object %+v", o)
			}
		}
	})
}
