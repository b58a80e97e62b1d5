package kafka

import (
	"context"
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"kafka_burndown_exporter/internal/lag"
	"kafka_burndown_exporter/test/truth"
)

var (
	modelSeeds = flag.Int("seeds", 0, "how many seeds TestModel runs; 0: as many as ten seconds allow")
	modelSeed  = flag.Uint64("seed", 0, "the only seed that TestModel runs")
)

// TestModel lets random faults happen to a fake cluster at random times, and holds every value of every snapshot to what
// can have been true when it was read. A seed repeats its schedule: `go test ./internal/kafka -run TestModel -seed N`.
func TestModel(t *testing.T) {
	began := time.Now()
	first := uint64(1)
	checked, seeds := 0, 0
	for seed := first; ; seed++ {
		if *modelSeed > 0 {
			seed = *modelSeed
		}
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m := newModel(t, seed)
				defer m.close()
				m.run()
				checked += m.checked
			})
		})
		seeds++
		if t.Failed() || *modelSeed > 0 || *modelSeeds > 0 && seeds >= *modelSeeds ||
			*modelSeeds == 0 && time.Since(began) > 10*time.Second {
			break
		}
	}
	t.Logf("%d seeds, %d values checked, %s", seeds, checked, time.Since(began).Round(time.Second))
}

// model is a fake cluster with a schedule of faults, and what is true of it.
type model struct {
	*fixture
	rnd     *rand.Rand
	sampler *Sampler
	tracker *lag.Tracker
	trouble *troubledNetwork
	lives   map[string]*modelTopic
	commits map[string]map[string][]*truth.History // by group, topic and partition
	bases   map[string]float64
	last    map[string]float64
	apart   []*atomic.Bool // what a broker that is cut off from the others does, and what they do
	asking  atomic.Bool    // the test itself asks
	checked int
	log     []string
}

type modelTopic struct{ parts []*truth.History }

func newModel(t *testing.T, seed uint64) *model {
	m := &model{
		rnd: rand.New(rand.NewPCG(seed, 11)), lives: map[string]*modelTopic{}, commits: map[string]map[string][]*truth.History{},
		bases: map[string]float64{}, last: map[string]float64{},
	}
	m.fixture = newVirtualFixture(t, 3)
	m.trouble = &troubledNetwork{dial: m.network.DialContext, rnd: rand.New(rand.NewPCG(seed, 12))}
	m.config.Dial = m.trouble.DialContext
	m.config.Brokers = m.cluster.ListenAddrs()
	for name, n := range map[string]int{"a": 3, "b": 2} {
		m.topic(name, n)
		m.lives[name] = &modelTopic{parts: histories(n)}
	}
	for _, g := range []string{"g1", "g2", "g3"} {
		m.commits[g] = map[string][]*truth.History{}
		for _, name := range m.uses(g) {
			m.commits[g][name] = histories(len(m.lives[name].parts))
			for p := range m.lives[name].parts {
				m.produceMore(name, p, 100)
				m.commitTo(g, name, p, 50)
			}
		}
	}
	m.sampler = m.fixture.sampler()
	opt := lag.Defaults()
	m.tracker = lag.NewTracker(opt)
	return m
}

func histories(n int) []*truth.History {
	out := make([]*truth.History, n)
	for i := range out {
		out[i] = &truth.History{}
	}
	return out
}

func (m *model) uses(group string) []string {
	return map[string][]string{"g1": {"a"}, "g2": {"a", "b"}, "g3": {"b"}}[group]
}

func (m *model) note(format string, args ...any) {
	m.log = append(m.log, time.Now().Format("15:04:05.000 ")+fmt.Sprintf(format, args...))
}

func (m *model) produceMore(topic string, p, n int) {
	h := m.lives[topic].parts[p]
	done := h.Begin(h.Last() + int64(n))
	m.produce(topic, int32(p), n)
	done(true)
}

func (m *model) commitTo(group, topic string, p int, offset int64) {
	done := m.commits[group][topic][p].Begin(offset)
	m.commit(group, topic, int32(p), offset)
	done(true)
}

// run makes waves while faults come and go, then lets all of them end and wants everything back.
func (m *model) run() {
	defer func() {
		if m.t.Failed() {
			for _, l := range m.log {
				m.t.Log(l)
			}
			m.t.Logf("%s", m.logs)
		}
	}()
	for range 30 {
		m.sample(true)
		if m.t.Failed() {
			return
		}
	}
	m.heal()
	var snap *lag.Snapshot
	for range 12 {
		snap = m.sample(false)
	}
	for i := range snap.Groups {
		g := &snap.Groups[i]
		if !g.Complete || !lag.Known(g.Signals.Lag) {
			m.t.Errorf("two minutes after the last fault %s is not complete: %+v", g.ID, g)
		}
	}
	if len(snap.Groups) != len(m.commits) {
		m.t.Errorf("%d groups", len(snap.Groups))
	}
}

// sample makes one wave, during which things go on, and checks what comes of it.
func (m *model) sample(faults bool) *lag.Snapshot {
	var wg sync.WaitGroup
	stop := make(chan struct{})
	wg.Go(func() {
		for {
			m.live()
			if faults && m.rnd.IntN(12) == 0 {
				m.fault()
			}
			select {
			case <-stop:
				return
			case <-time.After(time.Duration(200+m.rnd.IntN(1500)) * time.Millisecond):
			}
		}
	})
	next := time.After(m.config.Interval)
	w, err := m.sampler.Wave(context.Background())
	var snap *lag.Snapshot
	if err == nil {
		snap = m.tracker.Observe(w)
		if queries := m.tracker.Queries(100); len(queries) > 0 {
			m.sampler.answer(context.Background(), w.Began, queries)
		}
	}
	<-next
	close(stop)
	wg.Wait()
	if snap != nil {
		m.check(snap)
	}
	return snap
}

// live produces and consumes.
func (m *model) live() {
	for _, name := range []string{"a", "b"} {
		for p := range m.lives[name].parts {
			if n := m.rnd.IntN(8); n > 0 {
				m.produceMore(name, p, n)
			}
		}
	}
	for _, g := range []string{"g1", "g2", "g3"} {
		for _, name := range m.uses(g) {
			for p, h := range m.commits[g][name] {
				end := m.lives[name].parts[p].Last()
				if at := h.Last(); end > at && m.rnd.IntN(3) > 0 {
					m.commitTo(g, name, p, at+m.rnd.Int64N(end-at+1))
				}
			}
		}
	}
}

// check holds a snapshot to the truth.
func (m *model) check(snap *lag.Snapshot) {
	to := truth.Instant(snap.Published.UnixNano())
	for i := range snap.Groups {
		g := &snap.Groups[i]
		// An answer is noted when it comes, and may take as long as a wave.
		from := truth.Instant(g.SampleAt.UnixNano()).Add(-m.config.Interval)
		total, totals := truth.Span{}, 0.
		for j := range g.Topics {
			gt := &g.Topics[j]
			sum := truth.Span{}
			if m.lives[gt.Topic] == nil {
				m.t.Errorf("%s: there is no topic %q", g.ID, gt.Topic)
				continue
			}
			parts := m.lives[gt.Topic].parts
			shown, committed, lagged := 0, 0., 0.
			for p := range parts {
				ends, seen := parts[p].Between(from, to), m.commits[g.ID][gt.Topic][p].Seen(from, to, -1)
				low, high := math.Inf(1), 0.
				for _, c := range seen {
					if c < 0 {
						low = 0
						continue
					}
					low, high = min(low, max(0, ends.Low-float64(c))), max(high, max(0, ends.High-float64(c)))
				}
				sum = sum.Plus(truth.Span{Low: low, High: high})
				at := slices.Index(gt.Partition, int32(p))
				if at < 0 {
					continue
				}
				shown++
				m.checked += 2
				c, l := gt.Committed[at], float64(gt.Lag[at])
				committed, lagged = committed+float64(c), lagged+l
				if !slices.Contains(seen, c) {
					m.t.Errorf("%s/%s/%d: committed %d, and it was one of %v", g.ID, gt.Topic, p, c, seen)
				}
				if l < ends.Low-float64(c) || l > max(0, ends.High-float64(c)) {
					m.t.Errorf("%s/%s/%d: lag %v of %d, and the end was %v", g.ID, gt.Topic, p, l, c, ends)
				}
			}
			m.total(g.ID+"/"+gt.Topic, &gt.Signals, sum)
			if shown == len(parts) && lag.Known(gt.Signals.Consumed) {
				m.constant(fmt.Sprint(g.ID, "/", gt.Topic, "/", shown, " consumed"), committed-gt.Signals.Consumed)
				m.constant(fmt.Sprint(g.ID, "/", gt.Topic, "/", shown, " produced"), committed+lagged-gt.Signals.Produced)
			}
			total = total.Plus(sum)
			totals += gt.Signals.Lag
		}
		m.total(g.ID, &g.Signals, total)
		m.checked += 3
		if lag.Known(g.Signals.Lag) && g.Signals.Lag != totals {
			m.t.Errorf("%s: lag %v, and that of its topics is %v", g.ID, g.Signals.Lag, totals)
		}
		if lag.Known(g.Signals.Lag) && len(g.Topics) < len(m.uses(g.ID)) {
			m.t.Errorf("%s: a total of %d topics", g.ID, len(g.Topics))
		}
		if g.ResetsBackward+g.ResetsEnd > 0 {
			m.t.Errorf("%s: resets %v and %v, and there were none", g.ID, g.ResetsBackward, g.ResetsEnd)
		}
	}
}

// total holds the sums of one level to the truth, and its counters to never going back.
func (m *model) total(level string, s *lag.Signals, sum truth.Span) {
	if lag.Known(s.Lag) {
		m.checked++
		if !sum.Has(s.Lag) {
			m.t.Errorf("%s: lag %v, and it was %v", level, s.Lag, sum)
		}
	}
	for name, v := range map[string]float64{"produced": s.Produced, "consumed": s.Consumed, "lost": s.Lost} {
		if !lag.Known(v) {
			continue
		}
		m.checked++
		if key := level + " " + name; v < m.last[key] {
			m.t.Errorf("%s went from %v to %v", key, m.last[key], v)
		} else {
			m.last[key] = v
		}
	}
}

// constant holds what an offset is beyond its counter to be the same throughout.
func (m *model) constant(key string, value float64) {
	m.checked++
	if was, ok := m.bases[key]; ok && was != value {
		m.t.Errorf("%s: the counter began at %v, and now at %v", key, was, value)
	}
	m.bases[key] = value
}
