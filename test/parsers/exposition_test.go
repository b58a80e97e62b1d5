package parsers

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/go-kit/log"
	"github.com/prometheus/client_golang/prometheus"

	"kafka_burndown_exporter/collector"
	"kafka_burndown_exporter/internal/lag"
)

// hostile are names that a text format has to escape, or that look like its syntax.
var hostile = []string{
	"orders", `quote"s`, `back\slash`, "line\nbreak", "tab\tand blank", "# HELP", `}{,="`, "größe-Ω", "…", `ends with \`,
}

// start is long before any sample, so that created lines have a time.
var start = time.Date(2026, 3, 1, 12, 0, 0, 123e6, time.UTC)

// wave is the nth sample: a topic and a group of each name, where commits follow the ends with a growing distance.
func wave(n int) *lag.Wave {
	began := start.Add(time.Duration(n) * 10 * time.Second)
	w := &lag.Wave{Began: began, Ended: began.Add(50 * time.Millisecond), Brokers: []lag.Broker{
		{ID: 1, Address: "kafka-1:9092", Up: true}, {ID: 2, Address: "kafka-2:9092"},
	}}
	names := sortedNames()
	for i, name := range names {
		partitions := make([]lag.PartitionSample, 3)
		for p := range partitions {
			partitions[p] = lag.PartitionSample{
				Leader: 1, Preferred: 1, Replicas: 3, InSync: 2, End: int64(1000*(i+1) + 107*n + p), EndAt: began.Add(20 * time.Millisecond),
				Start: 10, StableEnd: lag.NoOffset,
			}
		}
		w.Topics = append(w.Topics, lag.TopicSample{Name: name, Partitions: partitions})
	}
	for i, name := range names {
		g := lag.GroupSample{
			ID: name, Type: lag.GroupClassic, ProtocolType: "consumer", State: "Stable", Coordinator: 1, ListedAt: began,
			CommitsAt: began.Add(10 * time.Millisecond),
		}
		if i%4 == 3 { // one whose coordinator does not answer
			g.CommitsAt, g.Err = time.Time{}, lag.ReasonCoordinator
		} else {
			g.Commits = []lag.TopicCommits{{
				Topic: names[i], Partitions: []int32{0, 2}, Offsets: []int64{int64(1000*(i+1) + 100*n), int64(900*(i+1) + 33*n)},
			}}
		}
		w.Groups = append(w.Groups, g)
	}
	return w
}

// handler serves a few samples' worth of signals, with the exporter's own series behind them.
func handler(t *testing.T) http.Handler {
	t.Helper()
	encoder, err := collector.NewEncoder(collector.EncoderOptions{
		Labels: []collector.Label{{Name: "cluster", Value: `ä"\` + "\n"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	reg := prometheus.NewRegistry()
	self := collector.NewSelf(reg)
	now := start.Add(40 * time.Second)
	h := collector.NewHandler(collector.HandlerOptions{
		Encoder: encoder, Registry: reg, Self: self, Logger: log.NewNopLogger(), Now: func() time.Time { return now },
	})
	tracker := lag.NewTracker(lag.Defaults())
	for n := range 4 {
		self.Request("OffsetFetch", fmt.Sprint(n%2+1))
		h.Publish(tracker.Observe(wave(n)))
	}
	return h
}
