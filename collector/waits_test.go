package collector

import (
	"strings"
	"sync"
	"testing"
	"time"

	"kafka_burndown_exporter/internal/lag"
)

// blocked makes the rendering of the handler's next snapshots stop until release is called; entered tells that it did.
func blocked(h *testHandler) (entered <-chan struct{}, release func()) {
	in, out := make(chan struct{}), make(chan struct{})
	var once sync.Once
	f := &h.Encoder.families[0]
	count := f.cluster
	f.cluster = func(s *lag.Snapshot) float64 {
		once.Do(func() { close(in) })
		<-out
		return count(s)
	}
	return in, sync.OnceFunc(func() { close(out) })
}

// TestNoScrapeWaitsForRendering answers scrapes of every kind while a snapshot is being rendered: with the one before it.
func TestNoScrapeWaitsForRendering(t *testing.T) {
	h := newTestHandler(t)
	s := func(groups int) *lag.Snapshot {
		out := largeSnapshot(groups, 5)
		out.Brokers, out.Expires = []lag.Broker{{ID: 1}}, testTime.Add(time.Hour)
		return out
	}
	kinds := [][]string{
		{"/metrics", "Accept-Encoding", "gzip"},
		{"/metrics", "Accept-Encoding", "zstd"},
		{"/metrics", "Accept-Encoding", "gzip", "Accept", accepts["v3"]},
		{"/metrics", "Accept-Encoding", "gzip", "Accept", accepts["v3proto"]},
		{"/metrics?name[]=kafka_consumergroup_lag", "Accept-Encoding", "gzip"},
	}
	groups := func(kind []string) int {
		got := body(t, get(h, kind[0], kind[1:]...))
		return max(strings.Count(got, "\nkafka_consumergroup_lag{"), strings.Count(got, "\n\tpartition\x12")) / 5
	}
	h.Publish(s(2))
	for _, kind := range kinds {
		groups(kind) // from now on it is rendered ahead
	}
	before := make([]int, len(kinds))
	for i, kind := range kinds {
		before[i] = groups(kind)
	}
	entered, release := blocked(h)
	defer release()
	published := make(chan struct{})
	go func() {
		defer close(published)
		h.Publish(s(3))
	}()
	<-entered
	for i, kind := range kinds {
		if got := groups(kind); got != before[i] {
			t.Errorf("%v: %d groups while rendering, want the %d of the snapshot before", kind, got, before[i])
		}
	}
	if got := len(h.Snapshot().Groups); got != 2 {
		t.Errorf("pages show %d groups while rendering, want 2", got)
	}
	select {
	case <-published:
		t.Fatal("rendering ended: nothing was shown")
	default:
	}
	release()
	<-published
	for f := range numFormats {
		for e := range numEncodings {
			asked := h.asked[f][e].Load() != 0
			if rendered := h.current.Load().renditions[f][e].done.Load() != nil; rendered != asked {
				t.Errorf("%s, %s: rendered ahead %v, want %v", f, e, rendered, asked)
			}
		}
	}
	for i, kind := range kinds {
		if got := groups(kind); got <= before[i] {
			t.Errorf("%v: %d groups after rendering, want more than %d", kind, got, before[i])
		}
	}
}

// TestAskedWhileRendering renders also what is asked for first while a snapshot is rendered: its next scrape finds it.
func TestAskedWhileRendering(t *testing.T) {
	h := newTestHandler(t)
	s := scenarios()["normal"]
	h.Publish(s)
	get(h, "/metrics", "Accept-Encoding", "gzip")
	var once sync.Once
	f := &h.Encoder.families[0]
	count := f.cluster
	f.cluster = func(s *lag.Snapshot) float64 {
		once.Do(func() { h.asked[Protobuf][Gzip].Store(testTime.Unix()) })
		return count(s)
	}
	h.Publish(s)
	if h.current.Load().renditions[Protobuf][Gzip].done.Load() == nil {
		t.Error("not rendered before the snapshot was published")
	}
}
