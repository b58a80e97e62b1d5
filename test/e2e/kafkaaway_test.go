package e2e

import (
	"fmt"
	"testing"
	"time"

	"kafka_burndown_exporter/test/e2e/kubeapi"
)

// While no broker answers, KEDA cannot build a kafka trigger, and then fails every external trigger of that
// ScaledObject before the fallback is reached: replicas are held, not raised to those of the fallback. A ScaledObject
// without a kafka trigger goes on.
func TestKafkaTriggerTakesOthersAlong(t *testing.T) {
	t.Parallel()
	w := theWorld(t).withKafka(t, 1)
	k := w.kafka
	const ns = "kafka-away"
	w.namespace(t, ns)
	must(t, k.CreateTopic(ns, 1))
	w.commit(t, ns, ns, []int64{0})
	m := w.monitor(t, []string{ns})
	one := kubeapi.Object{"type": "prometheus", "metricType": "AverageValue", "metadata": kubeapi.Object{
		"serverAddress": m.url, "query": "vector(1)", "threshold": "1", "ignoreNullValues": "false"}}
	lag := kubeapi.Object{"type": "kafka", "metricType": "AverageValue", "metadata": kubeapi.Object{
		"bootstrapServers": k.observers()[0], "consumerGroup": ns, "topic": ns, "lagThreshold": "10"}}
	for name, triggers := range map[string][]any{"with-kafka": {one, lag}, "without": {one}} {
		w.deploy(t, ns, name, 1, "-group=none", "-topics=none", "-start-delay=1h")
		w.scale(t, kubeapi.Object{
			"apiVersion": "keda.sh/v1alpha1", "kind": "ScaledObject", "metadata": kubeapi.Object{"name": name, "namespace": ns},
			"spec": kubeapi.Object{
				"scaleTargetRef": kubeapi.Object{"name": name}, "minReplicaCount": 1, "maxReplicaCount": 2, "triggers": triggers,
				"fallback": kubeapi.Object{"failureThreshold": 3, "replicas": 2},
			},
		})
	}
	answers := func(name, metric string) error {
		_, err := w.externalMetric(t, ns, name, metric)
		return err
	}
	eventually(t, 30*time.Second, "the kafka trigger answers", func() error { return answers("with-kafka", "s1-kafka-"+ns) })
	k.cut(true)
	eventually(t, 60*time.Second, "the prometheus trigger beside kafka fails", func() error {
		if answers("with-kafka", "s0-prometheus") == nil {
			return fmt.Errorf("it answers")
		}
		return answers("without", "s0-prometheus")
	})
	for range 10 { // syncs, each a failure that the fallback would count
		time.Sleep(syncPeriod)
		if answers("with-kafka", "s0-prometheus") == nil {
			t.Error("the prometheus trigger beside kafka answered")
		}
		must(t, answers("without", "s0-prometheus"))
	}
	for _, name := range []string{"with-kafka", "without"} {
		d, err := w.stack.API.Get(t.Context(), "/apis/apps/v1/namespaces/"+ns+"/deployments/"+name)
		must(t, err)
		if n := kubeapi.Int(d, "spec", "replicas"); n != 1 {
			t.Errorf("%d replicas %s", n, name)
		}
	}
	k.cut(false)
	eventually(t, 60*time.Second, "it answers again without hands", func() error { return answers("with-kafka", "s0-prometheus") })
}
