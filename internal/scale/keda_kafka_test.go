package scale

import (
	"math"
	"testing"
	"time"
)

// at builds partitions 0… of topic t from committed, end and start.
func at(offsets ...[3]int64) []PartitionOffsets {
	out := make([]PartitionOffsets, len(offsets))
	for i, o := range offsets {
		out[i] = PartitionOffsets{Topic: "t", Partition: int32(i), Committed: o[0], End: o[1], Start: o[2]}
	}
	return out
}

func TestKafkaLag(t *testing.T) {
	base := Kafka{ConsumerGroup: "g", Topics: []string{"t"}, LagThreshold: 10}
	with := func(change func(*Kafka)) Kafka { k := base; change(&k); return k }
	uncommitted := at([3]int64{-1, 500, 100}, [3]int64{90, 100, 0})
	for _, c := range []struct {
		name             string
		kafka            Kafka
		partitions       []PartitionOffsets
		total, activates int64
	}{
		{"sum", base, at([3]int64{90, 95, 0}, [3]int64{10, 17, 0}), 12, 12},
		{"capped at the partitions", base, at([3]int64{0, 1000, 0}, [3]int64{0, 5, 0}), 20, 1005},
		{"just above the cap stays", base, at([3]int64{0, 29, 0}, [3]int64{5, 5, 0}), 29, 29},
		{"idle consumers", with(func(k *Kafka) { k.AllowIdleConsumers = true }), at([3]int64{0, 1000, 0}), 1000, 1000},
		{"uncommitted, latest", base, uncommitted, 11, 11},
		{"uncommitted, earliest", with(func(k *Kafka) { k.Earliest, k.AllowIdleConsumers = true, true }), uncommitted, 410, 410},
		{
			"uncommitted, earliest, start unknown", with(func(k *Kafka) { k.Earliest, k.AllowIdleConsumers = true, true }),
			at([3]int64{-1, 500, -1}), 500, 500,
		},
		{"uncommitted, to zero", with(func(k *Kafka) { k.ScaleToZeroOnInvalidOffset = true }), uncommitted, 10, 10},
		{"uncommitted, earliest, to zero", with(func(k *Kafka) { k.Earliest, k.ScaleToZeroOnInvalidOffset = true, true }), uncommitted, 10, 10},
		{"left out of the answer", base, at([3]int64{0, 1000, 0}, [3]int64{0, NoOffset, 0}), 10, 1000},
		{"negative", base, at([3]int64{20, 5, 0}, [3]int64{0, 40, 0}), 25, 25},
		{"limited", with(func(k *Kafka) { k.PartitionLimitation = []int32{1} }), at([3]int64{0, 50, 0}, [3]int64{0, 7, 0}), 7, 7},
		{"limitation without topic is ignored", with(func(k *Kafka) { k.Topics = nil; k.PartitionLimitation = []int32{1} }),
			at([3]int64{0, 3, 0}, [3]int64{0, 7, 0}), 10, 10},
		{"another topic", with(func(k *Kafka) { k.Topics = []string{"x"} }), at([3]int64{0, 50, 0}), 0, 0},
		{"partitions with lag", with(func(k *Kafka) { k.LimitToPartitionsWithLag = true }),
			at([3]int64{0, 100, 0}, [3]int64{5, 5, 0}, [3]int64{5, 5, 0}), 10, 100},
		{"even: next divisor", with(func(k *Kafka) { k.EnsureEvenDistribution = true }),
			at([3]int64{0, 21, 0}, [3]int64{5, 5, 0}, [3]int64{5, 5, 0}, [3]int64{5, 5, 0}), 40, 21},
		{"even: all", with(func(k *Kafka) { k.EnsureEvenDistribution = true }), at([3]int64{0, 999, 0}, [3]int64{5, 5, 0}), 20, 999},
		{"even: nothing is one", with(func(k *Kafka) { k.EnsureEvenDistribution = true }), at([3]int64{5, 5, 0}, [3]int64{5, 5, 0}), 10, 0},
		{"even beside idle consumers", with(func(k *Kafka) { k.EnsureEvenDistribution, k.AllowIdleConsumers = true, true }),
			at([3]int64{0, 15, 0}, [3]int64{5, 5, 0}), 20, 15},
		{"huge", with(func(k *Kafka) { k.LagThreshold = math.MaxInt64 / 2 }), at([3]int64{0, 10, 0}), 10, 10},
	} {
		t.Run(c.name, func(t *testing.T) {
			total, activates, _ := c.kafka.lag(&kafkaState{}, c.partitions)
			if total != c.total || activates != c.activates {
				t.Errorf("lag %d, for activation %d; want %d, %d", total, activates, c.total, c.activates)
			}
		})
	}
}

// TestKafkaPersistentLag: a commit that has not moved since the last call counts for activation only, and any call
// is the last one, the HPA's as well as the poll's.
func TestKafkaPersistentLag(t *testing.T) {
	k := Kafka{Topics: []string{"t"}, LagThreshold: 10, ExcludePersistentLag: true}
	var memory kafkaState
	for i, step := range []struct{ committed, want int64 }{{50, 5}, {50, 0}, {52, 3}, {52, 0}, {51, 4}} {
		total, activates, _ := k.lag(&memory, at([3]int64{step.committed, 55, 0}))
		if total != step.want || activates != 55-step.committed {
			t.Errorf("call %d: lag %d, for activation %d; want %d, %d", i, total, activates, step.want, 55-step.committed)
		}
	}
}

func TestKafkaPersistentLagIsForgottenOnError(t *testing.T) {
	failing := false
	src := SourceFunc(func(time.Time, int) Answer {
		if failing {
			return Answer{Err: errUnreachable}
		}
		return Answer{Partitions: at([3]int64{50, 55, 0})}
	})
	k := NewKEDA(ScaledObject{Triggers: []Trigger{{Type: KafkaTrigger, Kafka: &Kafka{
		Topics: []string{"t"}, LagThreshold: 10, ExcludePersistentLag: true,
	}}}}, time.Unix(0, 0))
	read := func() Reading { return k.Metrics(time.Unix(1, 0), Workload{SpecReplicas: 1}, src, nil)[0] }
	if a, b := read(), read(); a.Milli != 5000 || b.Milli != 0 {
		t.Fatalf("first %v, second %v", a, b)
	}
	failing = true
	if r := read(); r.Err == nil {
		t.Fatal("no error")
	}
	failing = false
	if r := read(); r.Milli != 5000 {
		t.Errorf("after an error %v, want 5000 again", r)
	}
}

func TestEvenConsumers(t *testing.T) {
	for _, c := range [][4]int64{
		// partitions, threshold, lag, want
		{7, 10, 0, 1}, {7, 10, 10, 1}, {7, 10, 11, 7}, {12, 10, 21, 3}, {12, 10, 31, 4}, {12, 10, 61, 12}, {12, 10, 1e6, 12},
		{0, 10, 5, 0},
	} {
		if got := evenConsumers(c[2], c[0], c[1]); got != c[3] {
			t.Errorf("%d partitions, threshold %d, lag %d: %d, want %d", c[0], c[1], c[2], got, c[3])
		}
	}
}

// FuzzKafkaLag: with idle consumers ruled out, the ask never exceeds the partitions by a whole replica.
func FuzzKafkaLag(f *testing.F) {
	f.Add(int64(10), int64(5), int64(100), int64(7), true, false, true)
	f.Fuzz(func(t *testing.T, threshold, committed, end, end2 int64, earliest, limit, even bool) {
		if threshold <= 0 || threshold > 1e12 || committed < NoOffset || end < 0 || end2 < 0 || end > 1e15 || end2 > 1e15 || committed > 1e15 {
			return
		}
		k := Kafka{Topics: []string{"t"}, LagThreshold: threshold, Earliest: earliest, LimitToPartitionsWithLag: limit,
			EnsureEvenDistribution: even && !limit}
		total, _, count := k.lag(&kafkaState{}, at([3]int64{committed, end, 0}, [3]int64{0, end2, 0}))
		if count != 2 || total/threshold > 2 {
			t.Fatalf("threshold %d: %d over %d partitions", threshold, total, count)
		}
	})
}
