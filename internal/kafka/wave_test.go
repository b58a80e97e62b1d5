package kafka

import (
	"regexp"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"kafka_burndown_exporter/internal/lag"
)

// A consumer that commits whatever was produced, as fast as it can, never appears ahead of the end.
func TestCommitsNeverPassEnds(t *testing.T) {
	f := newFixture(t, kfake.NumBrokers(3))
	const partitions = 3
	f.topic("orders", partitions)
	for p := range int32(partitions) {
		f.produce("orders", p, 1)
	}
	stop := make(chan struct{})
	var wg sync.WaitGroup
	for p := range int32(partitions) {
		wg.Go(func() {
			group := "busy-" + label(p)
			for end := int64(1); ; end += 10 {
				select {
				case <-stop:
					return
				default:
				}
				f.commit(group, "orders", p, end)
				f.produce("orders", p, 10)
			}
		})
	}
	s := f.sampler()
	moved := map[string]int64{}
	for range 300 {
		w := f.wave(s)
		tp := topicOf(t, w, "orders")
		for _, g := range w.Groups {
			for _, c := range g.Commits {
				for i, p := range c.Partitions {
					if c.Offsets[i] > tp.Partitions[p].End {
						t.Errorf("%s committed %d, the end is %d", g.ID, c.Offsets[i], tp.Partitions[p].End)
					}
					if g.CommitsAt.After(tp.Partitions[p].EndAt) {
						t.Errorf("%s: commits read at %s, ends at %s", g.ID, g.CommitsAt, tp.Partitions[p].EndAt)
					}
					moved[g.ID] = c.Offsets[i]
				}
			}
		}
	}
	close(stop)
	wg.Wait()
	for g, offset := range moved {
		if offset < 100 {
			t.Errorf("%s was not busy: %d", g, offset)
		}
	}
}

// The wave goes on while packets to one broker get lost.
func TestLostPacketsDoNotSlowTheWave(t *testing.T) {
	bubble(t, 3, func(t *testing.T, f *fixture) {
		f.topic("orders", 30)
		f.groups(40, "orders")
		s := f.sampler()
		checkAllRead(t, f.wave(s))
		f.network.mute = true
		f.network.cut(f.address(1))
		for wave := range 6 {
			w := f.next(s)
			for _, g := range w.Groups {
				if g.CommitsAt.IsZero() != (g.Coordinator == 1) {
					t.Errorf("group %+v", g)
				}
			}
			// The first wave waits for the answer that a living broker would give.
			if took := w.Ended.Sub(w.Began); took > 4*time.Second || wave > 0 && took > time.Second {
				t.Errorf("wave %d took %s", wave, took)
			}
		}
		f.network.heal(f.address(1))
		time.Sleep(f.config.Interval)
		checkAllRead(t, f.next(s))
	})
}

func TestReadCommittedGroupsGetTheLastStableOffset(t *testing.T) {
	f := newFixture(t, kfake.NumBrokers(2))
	f.topic("orders", 1)
	f.topic("other", 1)
	f.produce("orders", 0, 4)
	f.commit("careful", "orders", 0, 1)
	f.commit("plain", "other", 0, 1)
	producer, err := kgo.NewClient(kgo.SeedBrokers(f.cluster.ListenAddrs()...), kgo.TransactionalID("t"),
		kgo.DefaultProduceTopic("orders"))
	if err != nil {
		t.Fatal(err)
	}
	defer producer.Close()
	if err := producer.BeginTransaction(); err != nil {
		t.Fatal(err)
	}
	if err := producer.ProduceSync(t.Context(), kgo.StringRecord("pending")).FirstErr(); err != nil {
		t.Fatal(err)
	}
	f.config.ReadCommitted = regexp.MustCompile("^careful$")
	w := f.wave(f.sampler())
	if p := topicOf(t, w, "orders").Partitions[0]; p.End != 5 || p.StableEnd != 4 {
		t.Errorf("%+v", p)
	}
	if p := topicOf(t, w, "other").Partitions[0]; p.StableEnd != lag.NoOffset {
		t.Errorf("no read-committed group needs it: %+v", p)
	}
	if !groupOf(t, w, "careful").ReadCommitted || groupOf(t, w, "plain").ReadCommitted {
		t.Error("wrong group")
	}
}
