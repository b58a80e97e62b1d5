package manifest

import (
	"encoding/json"
	"regexp"
	"strconv"
	"strings"

	"kafka_burndown_exporter/internal/scale"
)

var kafkaVersion = regexp.MustCompile(`^(0\.\d+\.\d+\.\d+|[1-9]\d*\.\d+\.\d+)$`)

func (d *metadata) kafka(kind scale.TriggerType) *scale.Kafka {
	k := &scale.Kafka{
		BootstrapServers:           splitList(d.resolved("bootstrapServers")),
		ConsumerGroup:              d.resolved("consumerGroup"),
		LagThreshold:               d.int("lagThreshold", 10),
		ActivationLagThreshold:     d.int("activationLagThreshold", 0),
		Earliest:                   d.enum("offsetResetPolicy", "latest", "earliest") == "earliest",
		AllowIdleConsumers:         d.boolean("allowIdleConsumers", false),
		ExcludePersistentLag:       d.boolean("excludePersistentLag", false),
		ScaleToZeroOnInvalidOffset: d.boolean("scaleToZeroOnInvalidOffset", false),
		LimitToPartitionsWithLag:   d.boolean("limitToPartitionsWithLag", false),
		EnsureEvenDistribution:     d.boolean("ensureEvenDistributionOfPartitions", false),
	}
	fullMetadata := true
	topic := d.resolved("topic")
	if kind == scale.ApacheKafkaTrigger {
		k.Topics = splitList(topic)
		d.enum("sasl", "none", "plaintext", "scram_sha256", "scram_sha512", "gssapi", "aws_msk_iam")
	} else {
		if topic != "" {
			k.Topics = []string{topic}
		}
		fullMetadata = d.boolean("fullMetadata", true)
		d.enum("sasl", "none", "plaintext", "scram_sha256", "scram_sha512", "oauthbearer", "gssapi")
		d.enum("saslTokenProvider", "bearer", "aws_msk_iam")
		d.boolean("unsafeSsl", false)
		if v := d.value("version"); v != "" && !kafkaVersion.MatchString(v) {
			d.fail("version", "%q is not a Kafka version such as 1.0.0", v)
		}
	}
	d.enum("tls", "enable", "disable")
	d.value("awsRegion")
	d.obsolete("metricName")
	k.PartitionLimitation = d.partitions("partitionLimitation")
	if len(k.Topics) == 0 {
		k.PartitionLimitation = nil
	}
	d.checkKafka(k, kind, fullMetadata)
	return k
}

// checkKafka applies the rules of the trigger's own validation.
func (d *metadata) checkKafka(k *scale.Kafka, kind scale.TriggerType, fullMetadata bool) {
	if len(k.BootstrapServers) == 0 && d.value("bootstrapServersFromEnv") == "" {
		d.fail("bootstrapServers", "is missing")
	}
	if k.ConsumerGroup == "" && d.value("consumerGroupFromEnv") == "" {
		d.fail("consumerGroup", "is missing")
	}
	if k.LagThreshold <= 0 {
		d.fail("lagThreshold", "has to be above 0")
	}
	if k.ActivationLagThreshold < 0 {
		d.fail("activationLagThreshold", "has to be 0 or above")
	}
	if k.AllowIdleConsumers && k.LimitToPartitionsWithLag {
		d.fail("limitToPartitionsWithLag", "excludes allowIdleConsumers: keep one")
	}
	noTopic := len(k.Topics) == 0
	if noTopic && k.LimitToPartitionsWithLag {
		d.fail("limitToPartitionsWithLag", "needs topic")
	}
	if kind != scale.KafkaTrigger {
		return
	}
	if k.LimitToPartitionsWithLag && k.EnsureEvenDistribution {
		d.fail("ensureEvenDistributionOfPartitions", "excludes limitToPartitionsWithLag: keep one")
	}
	if noTopic && k.EnsureEvenDistribution {
		d.fail("ensureEvenDistributionOfPartitions", "needs topic")
	}
	if noTopic && !fullMetadata {
		d.fail("fullMetadata", "false needs topic")
	}
}

// maxPartitions bounds what the ranges in partitionLimitation expand to.
const maxPartitions = 1_000_000

// partitions reads a list such as 1,2,10-12.
func (d *metadata) partitions(key string) []int32 {
	text := d.value(key)
	if text == "" {
		return nil
	}
	var out []int32
	for _, part := range strings.Split(text, ",") {
		first, last, isRange := strings.Cut(strings.TrimSpace(part), "-")
		from, err := strconv.ParseInt(strings.TrimSpace(first), 10, 32)
		to := from
		if err == nil && isRange {
			to, err = strconv.ParseInt(strings.TrimSpace(last), 10, 32)
		}
		if err != nil || to-from > maxPartitions-int64(len(out)) {
			d.fail(key, "%q is not a list of partitions such as 1,2,10-12", text)
			return nil
		}
		for p := from; p <= to; p++ {
			out = append(out, int32(p))
		}
	}
	return out
}

// splitList splits at commas; like KEDA it reads a JSON string as its text.
func splitList(text string) []string {
	if text == "" {
		return nil
	}
	var out []string
	for _, part := range strings.Split(text, ",") {
		part = strings.TrimSpace(part)
		var unquoted string
		if json.Unmarshal([]byte(part), &unquoted) == nil {
			part = unquoted
		}
		if part != "" {
			out = append(out, part)
		}
	}
	return out
}
