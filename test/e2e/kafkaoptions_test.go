package e2e

import (
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"testing"
	"time"

	"github.com/IBM/sarama"

	"kafka_burndown_exporter/internal/scale"
	"kafka_burndown_exporter/lab/manifest"
	"kafka_burndown_exporter/test/e2e/kubeapi"
)

// Ten sets of options of KEDA's kafka trigger, answered by the real scaler from a real broker, by internal/scale from the
// same offsets, and by the query that docs/keda.md has for it, from the exporter and a real Prometheus.
func TestKafkaTriggerOptions(t *testing.T) {
	t.Parallel()
	w := theWorld(t)
	const ns = "kafka-options"
	w.namespace(t, ns)
	must(t, w.kafka.CreateTopic(ns, 6))
	// A group that is behind on three partitions, up to date on one, and has no commit on two.
	ends := []int64{40, 7, 250, 30, 12, 5}
	committed := []int64{10, 0, 100, 30, scale.NoOffset, scale.NoOffset}
	w.fill(t, ns, ends)
	w.commit(t, ns, ns, committed)
	var offsets []scale.PartitionOffsets
	for p := range ends {
		offsets = append(offsets, scale.PartitionOffsets{Topic: ns, Partition: int32(p), Committed: committed[p], End: ends[p]})
	}
	m := w.monitor(t, []string{ns})
	queries := readParity(t)
	for name, options := range map[string]kubeapi.Object{
		"plain":            {},
		"earliest":         {"offsetResetPolicy": "earliest"},
		"invalid-is-zero":  {"scaleToZeroOnInvalidOffset": "true"},
		"idle-consumers":   {"allowIdleConsumers": "true", "lagThreshold": "3"},
		"capped":           {"lagThreshold": "3"},
		"limit-to-lagging": {"limitToPartitionsWithLag": "true", "lagThreshold": "3", "scaleToZeroOnInvalidOffset": "true"},
		"even":             {"ensureEvenDistributionOfPartitions": "true", "lagThreshold": "50"},
		"some-partitions":  {"partitionLimitation": "0,2-3"},
		"persistent":       {"excludePersistentLag": "true", "scaleToZeroOnInvalidOffset": "true"},
		"even-and-capped":  {"ensureEvenDistributionOfPartitions": "true", "lagThreshold": "10", "offsetResetPolicy": "earliest"},
	} {
		t.Run(name, func(t *testing.T) {
			metadata := kubeapi.Object{"bootstrapServers": w.kafka.Bootstrap(), "consumerGroup": ns, "topic": ns, "lagThreshold": "40"}
			for k, v := range options {
				metadata[k] = v
			}
			w.deploy(t, ns, name, 1, "-group=none", "-topics=none", "-start-delay=1h")
			object := kubeapi.Object{
				"apiVersion": "keda.sh/v1alpha1", "kind": "ScaledObject", "metadata": kubeapi.Object{"name": name, "namespace": ns},
				"spec": kubeapi.Object{"scaleTargetRef": kubeapi.Object{"name": name}, "minReplicaCount": 1, "maxReplicaCount": 2,
					"triggers": []any{kubeapi.Object{"type": "kafka", "metricType": "AverageValue", "metadata": metadata}}},
			}
			w.scale(t, object)
			want := expected(t, object, offsets)
			eventually(t, 20*time.Second, "the real scaler agrees", func() error {
				got, err := w.externalMetric(t, ns, name, "s0-kafka-"+ns)
				if err == nil && got != want {
					err = fmt.Errorf("%d thousandths, internal/scale says %d", got, want)
				}
				return err
			})
			m.answers(t, queries.query(t, ns, ns, kubeapi.String(metadata, "lagThreshold"), options), want)
		})
	}
}

// expected is internal/scale's answer to the second of two questions: the first of excludePersistentLag knows no past.
func expected(t *testing.T, object kubeapi.Object, offsets []scale.PartitionOffsets) int64 {
	t.Helper()
	read, err := manifest.FromValue("test", object, manifest.Options{})
	must(t, err)
	now := time.Now()
	keda := scale.NewKEDA(read.Scale, now)
	source := scale.SourceFunc(func(time.Time, int) scale.Answer { return scale.Answer{Partitions: offsets} })
	workload := scale.Workload{}
	keda.Metrics(now, workload, source, nil)
	readings := keda.Metrics(now.Add(15*time.Second), workload, source, nil)
	if len(readings) != 1 || readings[0].Err != nil {
		t.Fatalf("%+v", readings)
	}
	return readings[0].Milli
}

// externalMetric asks KEDA for a metric as HPA does, in thousandths.
func (w *world) externalMetric(t *testing.T, namespace, object, name string) (int64, error) {
	selector := url.QueryEscape("scaledobject.keda.sh/name=" + object)
	answer, err := w.stack.API.Get(t.Context(), "/apis/external.metrics.k8s.io/v1beta1/namespaces/"+namespace+"/"+name+"?labelSelector="+selector)
	if err != nil {
		return 0, err
	}
	items := kubeapi.List(answer, "items")
	if len(items) != 1 {
		return 0, errors.New("no single metric")
	}
	value, err := strconv.ParseFloat(plain(kubeapi.String(items[0], "value")), 64)
	return int64(value * 1000), err
}

// fill writes so many messages to each partition.
func (w *world) fill(t *testing.T, topic string, counts []int64) {
	t.Helper()
	config := w.kafka.Config()
	config.Producer.Partitioner = sarama.NewManualPartitioner
	config.Producer.Return.Successes = true
	producer, err := sarama.NewSyncProducer(w.kafka.Addrs("PLAINTEXT"), config)
	must(t, err)
	defer producer.Close()
	var messages []*sarama.ProducerMessage
	for p, n := range counts {
		for range n {
			messages = append(messages, &sarama.ProducerMessage{Topic: topic, Partition: int32(p), Value: sarama.StringEncoder("x new")})
		}
	}
	must(t, producer.SendMessages(messages))
}

// commit sets the offsets of a group without members.
func (w *world) commit(t *testing.T, group, topic string, offsets []int64) {
	t.Helper()
	admin, err := w.kafka.Admin()
	must(t, err)
	defer admin.Close()
	set := map[int32]sarama.OffsetAndMetadata{}
	for p, offset := range offsets {
		if offset != scale.NoOffset {
			set[int32(p)] = sarama.OffsetAndMetadata{Offset: offset, LeaderEpoch: -1}
		}
	}
	if _, err := admin.AlterConsumerGroupOffsets(group, map[string]map[int32]sarama.OffsetAndMetadata{topic: set}, nil); err != nil {
		t.Fatal(err)
	}
}
