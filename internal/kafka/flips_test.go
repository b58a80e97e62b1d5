package kafka

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"

	"kafka_burndown_exporter/internal/lag"
)

var flipSeeds = flag.Int("flips", 4, "how many seeds TestBitFlipsAreForgotten runs")

// Kafka's answers have no checksum: a bit that changed on the way cannot be told. What such an answer said is forgotten
// when the next ones say otherwise, whatever it was.
func TestBitFlipsAreForgotten(t *testing.T) {
	for seed := range uint64(*flipSeeds) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			flipBits(t, seed)
		})
	}
}

func flipBits(t *testing.T, seed uint64) {
	f := newFixture(t, kfake.NumBrokers(3))
	defer f.close()
	f.topic("orders", 6)
	f.topic("events", 3)
	for p := range int32(6) {
		f.produce("orders", p, 100)
		f.produce("events", p%3, 100)
	}
	for g := range 8 {
		for p := range int32(6) {
			f.commit(fmt.Sprint("group-", g), "orders", p, 40)
			f.commit(fmt.Sprint("group-", g), "events", p%3, 40)
		}
	}
	flips := &bitFlips{dial: f.network.DialContext, rnd: rand.New(rand.NewPCG(seed, 13))}
	f.config.Dial = flips.DialContext
	f.config.Interval, f.config.MetadataRefresh, f.config.StartsRefresh = 200*time.Millisecond, 600*time.Millisecond, time.Second
	s := f.sampler()
	opt := lag.Defaults()
	opt.Interval, opt.MaxAge, opt.RateWindow = f.config.Interval, time.Second, 2*time.Second
	tracker := lag.NewTracker(opt)
	var snap *lag.Snapshot
	observe := func() (bad string) {
		time.Sleep(f.config.Interval)
		w, err := s.Wave(t.Context())
		if err != nil {
			return err.Error()
		}
		snap = tracker.Observe(w)
		s.answer(t.Context(), w.Began, tracker.Queries(100))
		return flipped(snap)
	}
	until := func(when string, waves int) {
		bad := ""
		for range waves {
			if bad = observe(); bad == "" {
				return
			}
		}
		t.Errorf("%s: %s", when, bad)
	}
	until("before", 50)
	flips.on.Store(true)
	for range 40 {
		observe()
	}
	flips.on.Store(false)
	began := time.Now()
	until("after the last flip", 150)
	t.Logf("recovered in %s", time.Since(began))
	if t.Failed() {
		for _, tp := range s.topics.sorted {
			t.Logf("%s %x: %+v", tp.name, tp.id, tp.parts)
		}
		t.Logf("%s", f.logs)
	}
}

// flipped says what of a snapshot is not as it has to be.
func flipped(snap *lag.Snapshot) string {
	seen := map[string]bool{}
	for i := range snap.Groups {
		g := &snap.Groups[i]
		seen[g.ID] = true
		if strings.HasPrefix(g.ID, "group-") && len(g.ID) == 7 && (!g.Complete || g.Lag != 6*60+3*160 || len(g.Topics) != 2) {
			return fmt.Sprintf("%s: lag %v, complete %v, %d topics, unknown %v", g.ID, g.Lag, g.Complete, len(g.Topics), g.PartitionsUnknown)
		}
	}
	for g := range 8 {
		if !seen[fmt.Sprint("group-", g)] {
			return fmt.Sprintf("group-%d is gone", g)
		}
	}
	return ""
}

// bitFlips changes single bits of what brokers answer.
type bitFlips struct {
	dial dialer
	mu   sync.Mutex
	rnd  *rand.Rand
	on   atomic.Bool
}

func (f *bitFlips) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	c, err := f.dial(ctx, network, address)
	return &flippedConn{c, f}, err
}

type flippedConn struct {
	net.Conn
	f *bitFlips
}

func (c *flippedConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	c.f.mu.Lock()
	defer c.f.mu.Unlock()
	if c.f.on.Load() && n > 0 && c.f.rnd.IntN(4) == 0 {
		b[c.f.rnd.IntN(n)] ^= 1 << c.f.rnd.IntN(8)
	}
	return n, err
}
