package integration

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/IBM/sarama"

	"kafka_burndown_exporter/internal/lag"
	broker "kafka_burndown_exporter/test/kafka"
)

// TestBrokerKilled kills one broker of three under load, one that leads partitions nobody else has a replica of, and
// brings it back.
func TestBrokerKilled(t *testing.T) {
	f := newFailure(t)
	f.pipeline.wait(t, "all groups complete", time.Minute, f.allComplete)
	if err := f.cluster.Broker(f.victim).Kill(); err != nil {
		t.Fatal(err)
	}
	f.setDown(true)
	f.pipeline.wait(t, "its partitions are held", 20*time.Second, func(s *lag.Snapshot) string {
		return f.every(s, func(g *lag.Group) bool {
			return g.PartitionsHeld == f.led(f.victim) && lag.Known(g.Lag) && !g.Complete
		}, f.elsewhere)
	})
	f.pipeline.wait(t, "its partitions are unknown", 20*time.Second, func(s *lag.Snapshot) string {
		return f.every(s, func(g *lag.Group) bool {
			return g.PartitionsUnknown[lag.ReasonLeader] == f.led(f.victim) && !lag.Known(g.Lag) && !g.Complete
		}, f.elsewhere)
	})
	f.pipeline.wait(t, "its group has another coordinator", time.Minute, func(s *lag.Snapshot) string {
		return f.every(s, func(g *lag.Group) bool {
			return g.Coordinator != f.victim && g.PartitionsUnknown[lag.ReasonCoordinator] == 0 &&
				g.Partitions == partitionsOfFailure-f.led(f.victim)
		}, f.here)
	})
	f.setDown(false) // from here on the survivors have the returning broker to catch up with
	if err := f.cluster.Broker(f.victim).Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	f.pipeline.wait(t, "everything is back", time.Minute, f.allComplete)
	f.checkTotals(t)
	f.checkSurvivors(t)
}

const partitionsOfFailure = 6

// failure is a cluster of three under load, with a group coordinated by the broker that will be killed and one that
// is not.
type failure struct {
	cluster         *broker.Cluster
	pipeline        *pipeline
	victim          int32
	here, elsewhere string // the groups

	mu     sync.Mutex
	down   bool
	missed []string // ends of surviving partitions that a wave did not read while the victim was down
	waves  int
}

func newFailure(t *testing.T) *failure {
	t.Helper()
	f := &failure{cluster: broker.Start(t, broker.Options{Brokers: 3})}
	a := admin(t, f.cluster)
	assignment := map[int32][]int32{}
	for p := range int32(partitionsOfFailure) {
		assignment[p] = []int32{p%3 + 1}
	}
	if err := a.CreateTopic("single", &sarama.TopicDetail{NumPartitions: -1, ReplicationFactor: -1,
		ReplicaAssignment: assignment}, false); err != nil {
		t.Fatal(err)
	}
	startLoad(t, f.cluster, "single", partitionsOfFailure, 600)
	f.pickGroups(t)
	for _, group := range []string{f.here, f.elsewhere} {
		startReader(t, f.cluster, group, "single")
	}
	cfg := settings(f.cluster.Addrs(broker.Plaintext))
	cfg.WaveTimeout = 5 * cfg.Interval / 2 // survivors of a busy machine may be slow; that they answer is what counts here
	f.pipeline = startPipeline(t, cfg, f.watch)
	return f
}

// pickGroups finds a name for a group of the first broker that coordinates any, and for one of another.
func (f *failure) pickGroups(t *testing.T) {
	t.Helper()
	for i := 0; f.here == "" || f.elsewhere == ""; i++ {
		name := fmt.Sprint("group-", i)
		id := f.coordinator(t, name)
		switch {
		case f.here == "":
			f.here, f.victim = name, id
		case id != f.victim:
			f.elsewhere = name
		}
	}
}

func (f *failure) coordinator(t *testing.T, group string) int32 {
	t.Helper()
	c, err := sarama.NewClient(f.cluster.Addrs(broker.Plaintext), f.cluster.Config())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	var b *sarama.Broker
	err = eventually(t.Context(), 30*time.Second, func() (bool, error) {
		b, err = c.Coordinator(group)
		return err == nil, err
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.ID()
}

// led returns how many partitions a broker leads.
func (f *failure) led(int32) int { return partitionsOfFailure / 3 }

func (f *failure) setDown(down bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.down = down
}

// watch notes whether waves read the ends of the surviving brokers' partitions.
func (f *failure) watch(w *lag.Wave, _ *lag.Snapshot) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.down {
		return
	}
	f.waves++
	for _, topic := range w.Topics {
		if topic.Name != "single" {
			continue
		}
		for p, sample := range topic.Partitions {
			if int32(p)%3+1 != f.victim && sample.End == lag.NoOffset {
				f.missed = append(f.missed, fmt.Sprintf("wave %d, partition %d", f.waves, p))
			}
		}
	}
}

// every checks groups and returns what they are where they do not pass.
func (f *failure) every(s *lag.Snapshot, check func(*lag.Group) bool, ids ...string) string {
	for _, id := range ids {
		if g := findGroup(s, id); g == nil || !check(g) {
			return fmt.Sprintf("%s: %+v", id, g)
		}
	}
	return ""
}

func (f *failure) allComplete(s *lag.Snapshot) string {
	return f.every(s, func(g *lag.Group) bool {
		return g.Complete && g.Partitions == partitionsOfFailure && lag.Known(g.Lag) && g.State == "Stable"
	}, f.here, f.elsewhere)
}

// checkTotals checks every snapshot: a total is made of all partitions or absent.
func (f *failure) checkTotals(t *testing.T) {
	t.Helper()
	began, withTotal, without := false, 0, 0
	for _, s := range f.pipeline.snapshots() {
		began = began || f.allComplete(s) == ""
		if !began {
			continue
		}
		checkSample(t, s, map[mark]int64{})
		for _, id := range []string{f.here, f.elsewhere} {
			g := findGroup(s, id)
			switch {
			case g == nil:
				t.Errorf("%s is not listed", id)
			case !lag.Known(g.Lag):
				without++
			case g.Partitions != partitionsOfFailure:
				t.Errorf("%s has a total of %d partitions", id, g.Partitions)
			default:
				withTotal++
			}
		}
		if s.ClampedNegatives != 0 {
			t.Fatalf("%d lags were clamped", s.ClampedNegatives)
		}
	}
	t.Logf("%d totals published, %d withheld", withTotal, without)
}

func (f *failure) checkSurvivors(t *testing.T) {
	t.Helper()
	f.mu.Lock()
	defer f.mu.Unlock()
	t.Logf("%d waves while the broker was down", f.waves)
	if f.waves < 5 || len(f.missed) > 0 {
		t.Errorf("in %d waves these ends of other brokers were not read: %v", f.waves, f.missed)
	}
}
