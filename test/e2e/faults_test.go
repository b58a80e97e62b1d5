package e2e

import (
	"context"
	"fmt"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/IBM/sarama"
)

// fault is something that goes wrong for a while, for every service of the scene at once.
type fault struct {
	name string
	// begin makes it happen, end makes it stop; what is between is up to the product. Both may be nil.
	begin, end func(*testing.T, *scene)
	// during is called every 1.5 s of the fault, where it is not nil.
	during func(*scene)
	// proof says why a service does not suffer the fault (yet). It must be nil once while the fault lasts, or the
	// replicas would be held through nothing at all.
	proof func(*victim) error
	// unready says that it takes pods' readiness away, and with it what a Value trigger asks for: replicas may fall then,
	// but no faster than the policy of a manifest without desired replicas says.
	unready bool
	lasts   time.Duration // faultTime where it is 0
}

const faultTime = 20 * time.Second // 200 s of the original's time

func faults() []fault {
	return []fault{
		// First, while there is little to read again.
		{name: "group reset to the beginning", begin: resetGroups, end: toAll(syscall.SIGCONT), proof: isBehind},
		{name: "Prometheus stopped", proof: isDeaf,
			begin: func(_ *testing.T, s *scene) { s.m.prometheus.Kill() },
			end:   func(_ *testing.T, s *scene) { s.m.startPrometheus() }},
		{name: "exporter killed", proof: says(`up{job="kafka-burndown-exporter"} == 0`),
			begin: func(_ *testing.T, s *scene) { s.m.exporterP.Kill() },
			end:   func(_ *testing.T, s *scene) { s.m.startExporter() }},
		// Blind, and after the last values have aged without a lag.
		{name: "exporter cut off from Kafka", proof: says("kafka_burndown_exporter_cluster_up == 0 and on () absent(kafka_group_lag{G})"),
			begin: func(_ *testing.T, s *scene) { s.w.kafka.cut(true) },
			end:   func(_ *testing.T, s *scene) { s.w.kafka.cut(false) }},
		{name: "one broker of three down", proof: says(`kafka_burndown_exporter_broker_up{broker="2"} == 0`),
			begin: func(t *testing.T, s *scene) { must(t, s.w.kafka.Broker(2).Kill()) },
			end:   func(t *testing.T, s *scene) { must(t, s.w.kafka.Broker(2).Start(context.Background())) }},
		{name: "consumers crash-looping", during: func(s *scene) { s.signal(syscall.SIGKILL) }, proof: noneReady, unready: true},
		{name: "consumers not ready", proof: noneReady, unready: true,
			begin: func(t *testing.T, s *scene) { must(t, os.WriteFile(s.outage, nil, 0o644)) },
			end:   func(t *testing.T, s *scene) { must(t, os.Remove(s.outage)) }},
		{name: "rebalance storm", during: oneAfterTheOther, proof: rebalances, unready: true},
		{name: "one member frozen", begin: freezeOne, end: toAll(syscall.SIGCONT), proof: frozenIsOut},
		// Longer than the stall window of 30 s.
		{name: "one partition stuck", lasts: 2 * faultTime, proof: says("kafka_group_partitions_stalled{G} >= 1"),
			begin: func(t *testing.T, s *scene) { must(t, os.WriteFile(s.stuck, nil, 0o644)) },
			end:   func(t *testing.T, s *scene) { must(t, os.Remove(s.stuck)) }},
	}
}

// signal reaches every consumer of every service.
func (s *scene) signal(sig os.Signal) {
	for _, v := range s.victims {
		v.f.signal(sig)
	}
}

// oneAfterTheOther ends one consumer of each service, another one at each call: one that was ended last has not joined
// again yet.
func oneAfterTheOther(s *scene) {
	for _, v := range s.victims {
		if all := v.f.processes(); len(all) > 0 {
			v.turn++
			all[v.turn%len(all)].Signal(syscall.SIGTERM)
		}
	}
}

func freezeOne(t *testing.T, s *scene) {
	for _, v := range s.victims {
		all := v.f.processes()
		if len(all) == 0 {
			t.Fatalf("%s has no consumer", v.s.group)
		}
		v.frozen = all[0].Name
		all[0].Signal(syscall.SIGSTOP)
	}
}

func toAll(sig os.Signal) func(*testing.T, *scene) {
	return func(_ *testing.T, s *scene) { s.signal(sig) }
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// resetGroups stops every member, also those that scaling adds, until the groups are empty and takes their offsets back
// to the beginning.
func resetGroups(t *testing.T, s *scene) {
	admin, err := s.w.kafka.Admin()
	must(t, err)
	defer admin.Close()
	left := map[string]*victim{}
	for _, v := range s.victims {
		left[v.s.group] = v
	}
	eventually(t, 60*time.Second, "the offsets are reset", func() error {
		s.signal(syscall.SIGSTOP)
		for group, v := range left {
			if err := toBeginning(admin, v.s, v.partitions); err != nil {
				return fmt.Errorf("%s: %w", group, err)
			}
			delete(left, group)
		}
		return nil
	})
}

// toBeginning resets a group's offsets. Outside of a generation only an empty group takes them.
func toBeginning(admin sarama.ClusterAdmin, s service, partitions int32) error {
	first := map[int32]sarama.OffsetAndMetadata{}
	for p := range partitions {
		first[p] = sarama.OffsetAndMetadata{LeaderEpoch: -1}
	}
	answer, err := admin.AlterConsumerGroupOffsets(s.group, map[string]map[int32]sarama.OffsetAndMetadata{s.topic: first}, nil)
	if err != nil {
		return err
	}
	for _, partitions := range answer.Errors {
		for p, err := range partitions {
			if err != sarama.ErrNoError {
				return fmt.Errorf("partition %d: %w", p, err)
			}
		}
	}
	return nil
}
