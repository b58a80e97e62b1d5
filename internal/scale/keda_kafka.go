package scale

import (
	"math"
	"slices"
	"strings"
)

// Kafka holds the metadata of a kafka or apache-kafka trigger that its arithmetic depends on.
type Kafka struct {
	BootstrapServers []string
	ConsumerGroup    string
	// Topics is empty for every topic of the group; only apache-kafka takes several.
	Topics []string
	// PartitionLimitation restricts the partitions; empty is all.
	PartitionLimitation []int32
	LagThreshold        int64
	// ActivationLagThreshold is compared strictly: the trigger is active above it.
	ActivationLagThreshold int64
	// Earliest is offsetResetPolicy earliest; the default is latest.
	Earliest                   bool
	AllowIdleConsumers         bool
	ExcludePersistentLag       bool
	ScaleToZeroOnInvalidOffset bool
	LimitToPartitionsWithLag   bool
	EnsureEvenDistribution     bool
}

func (k *Kafka) metricPart() string {
	switch len(k.Topics) {
	case 0:
		return k.ConsumerGroup + "-topics"
	case 1:
		return k.Topics[0]
	default:
		return strings.Join(k.Topics, ",")
	}
}

// NoOffset stands for an offset that does not exist, as in Kafka's own answers.
const NoOffset = -1

// PartitionOffsets is what the trigger reads of one partition.
type PartitionOffsets struct {
	Topic     string
	Partition int32
	// Committed is the group's offset, NoOffset without a commit.
	Committed int64
	// End is the log end offset, NoOffset where the brokers left the partition out of their answer.
	End int64
	// Start is the log start offset, NoOffset if unknown.
	Start int64
}

type partitionKey struct {
	topic     string
	partition int32
}

// kafkaState is the trigger's memory for excludePersistentLag; any scaler error loses it.
type kafkaState struct {
	previous map[partitionKey]int64
}

// lag is the arithmetic of one query: the capped total for scaling and the uncapped one, persistent lag included,
// for activation, with the number of partitions they are over.
func (k *Kafka) lag(s *kafkaState, partitions []PartitionOffsets) (total, withPersistent, count int64) {
	var withLag int64
	for i := range partitions {
		p := &partitions[i]
		if p.End == NoOffset || !k.wants(p) {
			continue
		}
		lag, persistent := k.partitionLag(s, p)
		total += lag
		withPersistent += persistent
		count++
		if lag > 0 {
			withLag++
		}
	}
	return k.capped(total, count, withLag), withPersistent, count
}

func (k *Kafka) wants(p *PartitionOffsets) bool {
	if len(k.Topics) > 0 && !slices.Contains(k.Topics, p.Topic) {
		return false
	}
	return len(k.Topics) == 0 || len(k.PartitionLimitation) == 0 || slices.Contains(k.PartitionLimitation, p.Partition)
}

func (k *Kafka) partitionLag(s *kafkaState, p *PartitionOffsets) (lag, withPersistent int64) {
	if p.Committed == NoOffset {
		lag = k.uncommittedLag(p)
		return lag, lag
	}
	lag = p.End - p.Committed
	if !k.ExcludePersistentLag {
		return lag, lag
	}
	key := partitionKey{p.Topic, p.Partition}
	if s.previous == nil {
		s.previous = make(map[partitionKey]int64)
	}
	before, known := s.previous[key]
	s.previous[key] = p.Committed
	if known && before == p.Committed {
		return 0, lag
	}
	return lag, lag
}

func (k *Kafka) uncommittedLag(p *PartitionOffsets) int64 {
	switch {
	case k.ScaleToZeroOnInvalidOffset:
		return 0
	case !k.Earliest:
		return 1
	case p.Start == NoOffset:
		return p.End
	default:
		return max(0, p.End-p.Start)
	}
}

// capped keeps the ask within the partitions, and on their divisors where an even distribution is wanted.
func (k *Kafka) capped(total, partitions, withLag int64) int64 {
	if k.AllowIdleConsumers && !k.LimitToPartitionsWithLag && !k.EnsureEvenDistribution {
		return total
	}
	upper := partitions
	if k.EnsureEvenDistribution {
		total = saturatingMul(evenConsumers(total, partitions, k.LagThreshold), k.LagThreshold)
	}
	if k.LimitToPartitionsWithLag {
		upper = withLag
	}
	if total/k.LagThreshold > upper {
		total = saturatingMul(upper, k.LagThreshold)
	}
	return total
}

// evenConsumers is the smallest divisor of the partitions that the lag asks for, else all of them.
func evenConsumers(total, partitions, threshold int64) int64 {
	for f := int64(1); f <= partitions; f++ {
		if partitions%f == 0 && saturatingMul(f, threshold) >= total {
			return f
		}
	}
	return partitions
}

func saturatingMul(a, b int64) int64 {
	if a > 0 && b > math.MaxInt64/a {
		return math.MaxInt64
	}
	return a * b
}
