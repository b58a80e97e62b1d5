package lag

import (
	"fmt"
	"math"
	"testing"
	"time"
	"unsafe"
)

func TestSnapshotsStayAsTheyAre(t *testing.T) {
	s := newStory(t)
	topic := s.topic("t", 100, 100, 100)
	g := s.group("g", 10, -1, 30)
	s.observe()
	first := s.snap
	text := fmt.Sprintf("%+v", *first)
	s.run(5, func() {
		topic.parts[0].end += 10
		g.commits["t"][0]++
		g.commits["t"][1] = 5
	})
	if got := fmt.Sprintf("%+v", *first); got != text {
		t.Errorf("modified:\n%s\n%s", text, got)
	}
	if !first.Expires.Equal(t0.Add(30*time.Second)) || !first.Published.Equal(t0.Add(time.Second)) {
		t.Errorf("published %v, expires %v", first.Published, first.Expires)
	}
}

func TestTopicSeries(t *testing.T) {
	s := newStory(t)
	topic := s.topic("t", 100, 200)
	s.topic("u", 5)
	topic.parts[0].start = 40
	s.observe()
	w := s.wave()
	w.Topics[1].Foreign = true
	s.snap = s.tracker.Observe(w)
	if len(s.snap.Topics) != 1 {
		t.Fatalf("%d topics, want the one of this shard", len(s.snap.Topics))
	}
	got := s.snap.Topics[0]
	want := TopicPartition{Leader: 0, Preferred: 0, Replicas: 3, InSync: 3, End: 100, Start: 40}
	if got.Name != "t" || got.Partitions[0] != want || got.Partitions[1].End != 200 || !got.Created.Equal(t0) {
		t.Errorf("%+v", got)
	}
}

// TestClockJumpsBack: neither rates nor stalls nor counters notice.
func TestClockJumpsBack(t *testing.T) {
	s := newStory(t)
	topic := s.topic("t", 0, 1000)
	g := s.group("g", 0, 0)
	flow := func() { topic.parts[0].end += 100; g.commits["t"][0] += 100 }
	s.run(20, flow)
	s.now = s.now.Add(-time.Hour)
	s.run(12, flow)
	s.want("consumed", s.in("g").Consumed, 3100)
	if r := s.in("g").ConsumerRate; math.Abs(r-10) > 0.1 {
		t.Errorf("rate %v", r)
	}
	s.want("stalled", s.in("g").PartitionsStalled, 1)
	if !s.in("g").SampleAt.Equal(s.snap.Began) {
		t.Errorf("sampled at %v, want %v", s.in("g").SampleAt, s.snap.Began)
	}
}

func TestEmptyWaves(t *testing.T) {
	tracker := NewTracker(Options{})
	for range 3 {
		if snap := tracker.Observe(&Wave{}); len(snap.Groups)+len(snap.Topics) != 0 {
			t.Errorf("%+v", snap)
		}
	}
}

func TestShortIntervals(t *testing.T) {
	opt := testOptions()
	opt.Interval = time.Second
	s := newStoryWith(t, opt)
	topic := s.topic("t", 0)
	g := s.group("g", 0)
	s.run(300, func() { topic.parts[0].end += 7; g.commits["t"][0] += 5 })
	s.want("consumer rate", s.in("g").ConsumerRate, 5)
	s.want("producer rate", s.in("g").ProducerRate, 7)
	checkHistory(t, &s.tracker.topics["t"].parts[0].hist)
}

// TestMemoryPerPartition: at a million group-partitions every byte is a megabyte.
func TestMemoryPerPartition(t *testing.T) {
	slots := slotCount(testOptions())
	if n := unsafe.Sizeof(partition{}) + uintptr(slots)*unsafe.Sizeof(uint32(0)) + unsafe.Sizeof(int32(0)); n > 116 {
		t.Errorf("%d bytes", n)
	}
}

func TestProgressIsLaidEvenlyOverTimeAndNotLost(t *testing.T) {
	const second = int64(time.Second)
	for _, c := range []struct {
		slots    []int64 // seconds, newest first
		progress int64
		seconds  int64
		want     []uint32 // newest first
	}{
		{[]int64{1, 1, 1, 1}, 7, 1, []uint32{7, 0, 0, 0}},
		{[]int64{1, 1, 1, 1}, 6, 3, []uint32{2, 2, 2, 0}},
		{[]int64{1, 5, 1, 1}, 60, 6, []uint32{10, 50, 0, 0}},
		{[]int64{1, 1, 1, 1}, 8, 4, []uint32{2, 2, 2, 2}},
		{[]int64{1, 1, 1, 1}, 80, 8, []uint32{10, 10, 10, 10}},
		{[]int64{1, 1, 1, 1}, math.MaxInt64, 1, []uint32{math.MaxUint32, 0, 0, 0}},
	} {
		w, ring := newWindow(4), make([]uint32, 4)
		w.head, w.filled = 1, 4
		for k, n := range c.slots {
			w.dt[w.index(k)] = n * second
		}
		w.lay(ring, c.progress, c.seconds*second)
		for k, want := range c.want {
			if got := ring[w.index(k)]; got != want {
				t.Errorf("%d over %d s: slot %d is %d, want %d", c.progress, c.seconds, k, got, want)
			}
		}
	}
}

func TestWindowHoldsTheRateWindow(t *testing.T) {
	w := newWindow(3)
	for i := range 10 {
		if slot := w.push(int64(i)*int64(10*time.Second), 20*time.Second, 10*time.Second); slot != (i > 0) {
			t.Errorf("push %d closed a slot: %v", i, slot)
		}
	}
	if w.inside != 2 || w.covers[1] != 20 {
		t.Errorf("%d slots cover %v s", w.inside, w.covers[:w.inside])
	}
}
