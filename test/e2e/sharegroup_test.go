package e2e

import (
	"fmt"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"kafka_burndown_exporter/test/e2e/kubeapi"
	"kafka_burndown_exporter/test/e2e/load"
	"kafka_burndown_exporter/test/kafka"
)

// A share group on two partitions: 22 messages/s a pod, which takes ten at a time.
const (
	sharePartitions = 2
	shareCost       = 45 * time.Millisecond
	shareFetch      = 10
)

// The consumers of a share group take records, not partitions: on two partitions KEDA scales them to what the load needs,
// far beyond two, and back. The exporter knows no ceiling for them, and every one of them works.
func TestShareGroup(t *testing.T) {
	t.Parallel()
	const name, base, burst, pods = "renderer", 30, 130, 2
	w := theWorld(t).withKafkaOf(t, kafka.NewVersion, 1)
	w.namespace(t, name)
	must(t, w.kafka.CreateTopic(name, sharePartitions))
	w.beginAtTheStart(t, name)
	p, err := load.Start(w.kafka.Addrs(kafka.Plaintext), name, "new")
	must(t, err)
	t.Cleanup(p.Stop)
	m := w.monitor(t, []string{name})
	e := &evening{w: w, m: m, p: p, s: service{namespace: name, group: name, topic: name, prometheus: m.url}}
	p.Rate(base)
	e.f = w.deploy(t, name, name, pods, "-group="+name, "-topics="+name, "-cost="+shareCost.String(), "-start-delay=3s",
		fmt.Sprint("-share=", shareFetch))
	e.f.waitReady(60*time.Second, pods)
	m.waitFor(t, 60*time.Second, desiredOf(name), known)
	m.waitFor(t, 60*time.Second, lagOf(name), func(lag float64) bool { return lag < 2*base })

	r := e.record(t, w.shipped(t, "share-group/renderer.yaml", e.s))
	time.Sleep(3 * syncPeriod)
	begin := time.Now()
	p.Rate(burst)
	eventually(t, 120*time.Second, "the fleet grows beyond the partitions", func() error {
		if wanted, _ := e.f.replicas(); wanted*22 < burst {
			return fmt.Errorf("%d replicas", wanted)
		}
		return nil
	})
	members := m.waitFor(t, 60*time.Second, fmt.Sprintf("max(kafka_group_members{consumergroup=%q})", name),
		func(n float64) bool { return n*22 >= burst })
	m.waitFor(t, 120*time.Second, fmt.Sprintf("max_over_time(kafka_group_lag{consumergroup=%q}[6s])", name),
		func(lag float64) bool { return lag < 2*burst })
	if _, known, err := m.query(fmt.Sprintf("kafka_group_useful_members{consumergroup=%q}", name)); known || err != nil {
		t.Errorf("a share group has a ceiling (%v)", err)
	}
	p.Rate(base)
	eventually(t, 180*time.Second, "the fleet comes back", func() error {
		if wanted, _ := e.f.replicas(); wanted > pods+1 {
			return fmt.Errorf("%d replicas", wanted)
		}
		return nil
	})
	if p.Failed() > 0 {
		t.Errorf("%d messages were not produced", p.Failed())
	}
	t.Logf("%d partitions, %.0f members on the way up, replicas %v", sharePartitions, members, e.f.since(begin))
	measured := r.finish("kafka_group_lag")
	p.Rate(0)
	e.blind(t)
	stage := setup{partitions: sharePartitions, capacity: perSecond(shareCost), start: 3*time.Second + podDelay, mark: 2 * base,
		fetch: shareFetch, most: 24}
	compare(t, "share group", measured, r.predict(t, stage, measured.length), stage.mark, quiet)
}

// beginAtTheStart lets a share group read what was there before its members.
func (w *world) beginAtTheStart(t *testing.T, group string) {
	t.Helper()
	c, err := kgo.NewClient(kgo.SeedBrokers(w.kafka.Addrs(kafka.Plaintext)...))
	must(t, err)
	defer c.Close()
	earliest := "earliest"
	r := kmsg.NewPtrIncrementalAlterConfigsRequest()
	r.Resources = []kmsg.IncrementalAlterConfigsRequestResource{{
		ResourceType: kmsg.ConfigResourceTypeGroupConfig, ResourceName: group,
		Configs: []kmsg.IncrementalAlterConfigsRequestResourceConfig{{Name: "share.auto.offset.reset", Value: &earliest}},
	}}
	answer, err := r.RequestWith(t.Context(), c)
	must(t, err)
	must(t, kerr.ErrorForCode(answer.Resources[0].ErrorCode))
}

// blind shows what KEDA's kafka trigger makes of a share group that has read everything: it has no commits, so all that is
// retained waits for it with earliest, and one message in each partition with latest.
func (e *evening) blind(t *testing.T) {
	t.Helper()
	name := e.s.group
	e.m.waitFor(t, 60*time.Second, lagOf(name), func(lag float64) bool { return lag == 0 })
	for policy, want := range map[string]int64{"earliest": e.p.Acknowledged(), "latest": sharePartitions} {
		object := name + "-" + policy
		e.w.deploy(t, name, object, 1, "-group=none", "-topics=none", "-start-delay=1h")
		e.w.scale(t, kubeapi.Object{
			"apiVersion": "keda.sh/v1alpha1", "kind": "ScaledObject", "metadata": kubeapi.Object{"name": object, "namespace": name},
			"spec": kubeapi.Object{"scaleTargetRef": kubeapi.Object{"name": object}, "minReplicaCount": 1, "maxReplicaCount": 2,
				"triggers": []any{kubeapi.Object{"type": "kafka", "metricType": "AverageValue", "metadata": kubeapi.Object{
					"bootstrapServers": e.w.kafka.Bootstrap(), "consumerGroup": name, "topic": name, "lagThreshold": "40",
					"offsetResetPolicy": policy, "allowIdleConsumers": "true",
				}}}},
		})
		eventually(t, 20*time.Second, "KEDA's kafka trigger, "+policy, func() error {
			got, err := e.w.externalMetric(t, name, object, "s0-kafka-"+name)
			if err == nil && got != want*1000 {
				err = fmt.Errorf("%d thousandths, want %d messages", got, want)
			}
			return err
		})
	}
}
